#!/usr/bin/env python3
"""make-programs.py DIR PROVIDER...

Writes a monorepo such as a CI matrix builds it: one Go module with a few programs per
provider, DIR/providers/<provider>/<component>. A program imports real packages of its
provider's SDK and a base that all programs share, so the caches of two providers overlap
in the standard library and the base and differ in the rest.

Afterwards: cd DIR && go mod tidy -e
"""
import os
import sys

MODULE = 'example.com/monorepo'

BASE = '''
    github.com/spf13/cobra github.com/spf13/viper github.com/sirupsen/logrus
    google.golang.org/grpc google.golang.org/grpc/credentials google.golang.org/grpc/health/grpc_health_v1
    google.golang.org/protobuf/proto google.golang.org/protobuf/types/known/structpb
    google.golang.org/protobuf/encoding/protojson github.com/golang/protobuf/ptypes
    gopkg.in/yaml.v3 gopkg.in/yaml.v2 github.com/pkg/errors github.com/google/uuid
    github.com/hashicorp/go-retryablehttp golang.org/x/oauth2 golang.org/x/crypto/ssh golang.org/x/sync/errgroup
    archive/tar archive/zip compress/gzip crypto/tls database/sql debug/elf embed encoding/json encoding/xml
    expvar go/ast go/parser go/printer html/template image/png log/slog net/http net/http/httputil net/rpc
    os/exec os/user testing/fstest text/template
'''

# Per provider: a prefix list, what every program imports, and the programs. `x:name` stands for
# the prefix called x followed by name.
PROVIDERS = {
    'aws': ({'v2': 'github.com/aws/aws-sdk-go-v2/', 's': 'github.com/aws/aws-sdk-go-v2/service/',
             'old': 'github.com/aws/aws-sdk-go/service/'}, 'v2:config v2:credentials', {
        'ec2instance': 's:ec2 s:ec2instanceconnect',
        'eks': 's:eks s:ec2 s:iam s:autoscaling',
        'lambda': 's:lambda s:s3 s:cloudwatchlogs s:iam',
        's3bucket': 's:s3 s:s3control v2:feature/s3/manager',
        'rds': 's:rds s:secretsmanager s:kms s:docdb s:neptune',
        'ecs': 's:ecs s:ecr s:elasticloadbalancingv2 s:servicediscovery',
        'route53': 's:route53 s:route53resolver s:acm s:cloudfront',
        'dynamodb': 's:dynamodb s:dynamodbstreams s:applicationautoscaling',
        'sqs': 's:sqs s:sns s:eventbridge s:kinesis s:firehose',
        'observability': 's:cloudwatch s:cloudwatchlogs s:cloudtrail s:configservice s:xray',
        'ml': 's:sagemaker s:glue s:athena s:emr',
        'security': 's:wafv2 s:guardduty s:securityhub s:kms s:ssm s:organizations',
        'legacyvpc': 'github.com/aws/aws-sdk-go/aws/session old:ec2 old:autoscaling old:elb',
        'legacys3': 'github.com/aws/aws-sdk-go/aws/session old:s3 old:s3/s3manager old:cloudformation',
    }),
    'azure': ({'m': 'github.com/Azure/azure-sdk-for-go/services/', 'a': 'github.com/Azure/go-autorest/'},
              'a:autorest a:autorest/azure/auth', {
        'akscluster': 'm:containerservice/mgmt/2022-07-01/containerservice m:network/mgmt/2022-07-01/network '
                      'm:authorization/mgmt/2015-07-01/authorization',
        'vm': 'm:compute/mgmt/2022-08-01/compute m:network/mgmt/2022-07-01/network',
        'storageaccount': 'm:storage/mgmt/2022-05-01/storage m:keyvault/mgmt/2022-07-01/keyvault '
                          'm:msi/mgmt/2018-11-30/msi',
        'webapp': 'm:web/mgmt/2021-03-01/web m:cdn/mgmt/2021-06-01/cdn m:frontdoor/mgmt/2020-11-01/frontdoor',
        'dnszone': 'm:dns/mgmt/2018-05-01/dns m:privatedns/mgmt/2020-06-01/privatedns',
        'database': 'm:postgresql/mgmt/2020-01-01/postgresql m:mysql/mgmt/2020-01-01/mysql '
                    'm:cosmos-db/mgmt/2022-08-15/documentdb m:redis/mgmt/2021-06-01/redis',
        'acr': 'm:containerregistry/mgmt/2019-05-01/containerregistry m:resources/mgmt/2021-04-01/resources',
        'apim': 'm:apimanagement/mgmt/2021-08-01/apimanagement m:logic/mgmt/2019-05-01/logic '
                'm:servicebus/mgmt/2021-11-01/servicebus m:eventhub/mgmt/2017-04-01/eventhub',
        'data': 'm:datafactory/mgmt/2018-06-01/datafactory m:batch/mgmt/2022-01-01/batch '
                'm:operationalinsights/mgmt/2021-06-01/operationalinsights',
        'backup': 'm:recoveryservices/mgmt/2022-03-01/backup m:monitor/mgmt/2020-10-01/activitylogs',
    }),
    'gcp': ({'api': 'google.golang.org/api/', 'go': 'cloud.google.com/go/'},
            'api:option golang.org/x/oauth2/google', {
        'gkecluster': 'api:container/v1 api:compute/v1 api:iam/v1',
        'gcsbucket': 'api:storage/v1 go:storage',
        'cloudsql': 'api:sqladmin/v1beta4 api:servicenetworking/v1 api:secretmanager/v1',
        'vpc': 'api:compute/v1 api:dns/v1 api:networkmanagement/v1',
        'cloudrun': 'api:run/v1 api:cloudbuild/v1 api:artifactregistry/v1',
        'cloudfunction': 'api:cloudfunctions/v1 api:pubsub/v1 go:pubsub',
        'project': 'api:cloudresourcemanager/v3 api:cloudbilling/v1 api:serviceusage/v1 api:orgpolicy/v2',
        'bigquery': 'api:bigquery/v2 go:bigquery api:dataproc/v1 api:dataflow/v1b3',
        'spanner': 'go:spanner go:bigtable api:spanner/v1',
        'monitoring': 'api:monitoring/v3 api:logging/v2 go:logging',
        'kms': 'api:cloudkms/v1 api:privateca/v1 api:redis/v1',
    }),
    'kubernetes': ({'k8s': 'k8s.io/', 'c': 'k8s.io/client-go/'}, 'c:kubernetes c:tools/clientcmd c:rest', {
        'deployment': 'k8s:api/apps/v1 c:informers c:dynamic',
        'cronjob': 'k8s:api/batch/v1 c:tools/leaderelection',
        'crd': 'k8s:apiextensions-apiserver/pkg/client/clientset/clientset '
               'sigs.k8s.io/structured-merge-diff/v4/typed',
        'ingress': 'k8s:api/networking/v1 c:discovery/cached/memory sigs.k8s.io/yaml',
        'metrics': 'k8s:metrics/pkg/client/clientset/versioned '
                   'k8s:kube-aggregator/pkg/client/clientset_generated/clientset',
        'redis': 'c:restmapper c:tools/record',
    }),
    'digitalocean': ({}, 'github.com/digitalocean/godo', {
        'droplet': '',
        'dokscluster': 'golang.org/x/oauth2',
        'spaces': 'github.com/aws/aws-sdk-go/service/s3 github.com/aws/aws-sdk-go/aws/session',
    }),
    'hetzner': ({'scw': 'github.com/scaleway/scaleway-sdk-go/'}, '', {
        'server': 'github.com/hetznercloud/hcloud-go/hcloud',
        'scaleway': 'scw:scw scw:api/instance/v1 scw:api/k8s/v1 scw:api/rdb/v1',
        'vultr': 'github.com/vultr/govultr/v2',
    }),
}


def imports(names, prefixes):
    words = (name.partition(':') for name in names.split())
    paths = {prefixes[first] + rest if colon else first for first, colon, rest in words}
    return 'import (\n' + ''.join(f'\t_ "{path}"\n' for path in sorted(paths)) + ')\n'


def write(directory, name, text):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), 'w', encoding='utf-8') as f:
        f.write(text)


def main():
    if len(sys.argv) < 3 or not set(sys.argv[2:]) <= set(PROVIDERS):
        sys.exit(f'usage: {sys.argv[0]} DIR PROVIDER...\nproviders: {" ".join(PROVIDERS)}')
    out = sys.argv[1]
    write(out, 'go.mod', f'module {MODULE}\n\ngo 1.25\n')
    write(f'{out}/base', 'base.go', 'package base\n\n' + imports(BASE, {}) +
          '\n// Run is what every program does.\nfunc Run(name string, f func() error) error { return f() }\n')
    for provider in sys.argv[2:]:
        prefixes, common, programs = PROVIDERS[provider]
        for component, own in programs.items():
            path = f'providers/{provider}/{component}'
            write(f'{out}/{path}/resources', 'resources.go', 'package resources\n\n' +
                  imports(f'{common} {own}', prefixes) + '\nfunc Create() error { return nil }\n')
            write(f'{out}/{path}', 'main.go', f'''package main

import (
	"os"

	"{MODULE}/base"
	"{MODULE}/{path}/resources"
)

func main() {{
	if err := base.Run("{component}", resources.Create); err != nil {{
		os.Exit(1)
	}}
}}
''')


if __name__ == '__main__':
    main()
