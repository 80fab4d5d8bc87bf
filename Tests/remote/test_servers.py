#!/usr/bin/env python3
"""Checks that each server of servers.py answers as it should, and that each action of the proxy does what it says.

usage: test_servers.py [unittest's arguments]
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from client import CONTENT, Answer, Servers, ask, digest, log


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.servers = Servers()
        cls.facts = cls.servers.facts

    @classmethod
    def tearDownClass(cls) -> None:
        cls.servers.end()

    def proxy(self, action: str, target: str = 'nginx', **rule) -> str:
        return self.servers.proxy(target, {'action': action, **rule})

    def assert_whole(self, address: str, **headers) -> None:
        answer = ask(address, **headers)
        self.assertEqual((answer.status, answer.body == CONTENT), (200, True))


class Files(Case):
    """nginx, and the actions on requests for files."""

    def test_nginx(self) -> None:
        nginx, ca = self.facts['nginx'], self.facts['ca']
        part = ask(nginx['https'] + '/f', ca=ca, Range='bytes=5-9')
        self.assertEqual((part.status, part.body), (206, CONTENT[5:10]))
        self.assertEqual(part.headers['Content-Range'], 'bytes 5-9/300000')
        self.assertRegex(part.headers['ETag'], '^"')
        self.assertEqual(ask(nginx['http'] + '/no-ranges/f', Range='bytes=5-9').status, 200)
        self.assertIsNone(ask(nginx['http'] + '/no-etag/f').headers['ETag'])
        self.assertEqual(ask(nginx['http'] + '/gzip/f', Accept_Encoding='gzip').headers['Content-Encoding'], 'gzip')
        for name in ('untrusted', 'wrong_name'):
            with self.assertRaises(ssl.SSLCertVerificationError):
                ask(nginx[name] + '/f', ca=ca)
        for version, protocol in (('--http1.1', '1.1'), ('--http2', '2')):
            command = ['curl', '-sS', '--noproxy', '*', '--cacert', ca, version, '-o', '/dev/null', '-w',
                       '%{http_version}', nginx['https'].replace('127.0.0.1', 'localhost') + '/f']
            self.assertEqual(subprocess.check_output(command, text=True), protocol)

    def test_without_rules_nothing_changes(self) -> None:
        for name in ('nginx', 'nginx_tls', 'nginx_https'):
            url = self.facts['proxy'][name]['url']
            answer = ask(url + '/f', ca=self.facts['ca'], Range='bytes=0-0')
            self.assertEqual((answer.status, answer.body), (206, CONTENT[:1]))

    def test_which_requests_are_struck(self) -> None:
        proxy = self.servers.proxy(
            'nginx', {'action': 'status', 'method': 'HEAD', 'count': 0, 'status': 500},
            {'action': 'status', 'path': '^/f', 'nth': 2, 'every': 2, 'count': 2, 'status': 502},
            {'action': 'status', 'if': {'Range': '^$'}, 'path': '/g', 'status': 503})
        self.assertEqual(ask(proxy + '/f', 'HEAD').status, 500)
        self.assertEqual([ask(proxy + '/f').status for _ in range(7)], [502, 200, 502, 200, 200, 200, 200])
        self.assertEqual(ask(proxy + '/g', Range='bytes=0-0').status, 404)
        self.assertEqual(ask(proxy + '/g').status, 503)
        rules = json.loads(ask(proxy + '/.control').body)['rules']
        self.assertEqual([(rule['matched'], rule['struck']) for rule in rules], [(1, 1), (8, 2), (1, 1)])
        self.assertEqual(ask(proxy + '/.control', 'POST', '[{"action": "nonsense"}]').status, 400)
        self.assertEqual(ask(proxy + '/.control', 'POST', '{"rules": [], "clear_log": true}').status, 200)
        self.assertEqual((ask(proxy + '/f', 'HEAD').status, len(log(proxy))), (200, 1))

    def test_drop(self) -> None:
        with self.assertRaises(http.client.RemoteDisconnected):
            ask((proxy := self.proxy('drop')) + '/f')
        self.assert_whole(proxy + '/f')
        self.assertEqual([(entry['action'], entry['end']) for entry in log(proxy)],
                         [('drop', 'broken'), (None, 'complete')])
        with self.assertRaises(ConnectionResetError):
            try:
                ask(self.proxy('drop', reset=True) + '/f')
            except http.client.RemoteDisconnected as error:
                raise AssertionError from error

    def test_status(self) -> None:
        answer = ask(self.proxy('status', status=429, retry_after=7, headers={'X-A': 'b'}, body='late') + '/f')
        self.assertEqual((answer.status, answer.headers['Retry-After'], answer.headers['X-A'], answer.body),
                         (429, '7', 'b', b'late'))

    def test_short(self) -> None:
        answer = ask((proxy := self.proxy('short', bytes=100_000)) + '/f')
        self.assertEqual((answer.broken, answer.body == CONTENT[:100_000]), (True, True))
        self.assertEqual((log(proxy)[0]['sent'], answer.headers['Content-Length']), (100_000, '300000'))
        self.assertTrue(ask(self.proxy('short') + '/f').broken)

    def test_stall_and_trickle(self) -> None:
        for rule in ({}, {'bytes': 0}, {'bytes': 100_000}, {'bytes': 299_999}):
            begin = time.monotonic()
            self.assert_whole(self.proxy('stall', seconds=0.3, **rule) + '/f')
            self.assertGreater(time.monotonic() - begin, 0.28, rule)
        with self.assertRaises(TimeoutError):
            ask(self.proxy('stall', seconds=1) + '/f', timeout=0.2)
        begin = time.monotonic()
        self.assert_whole(self.proxy('trickle', bytes=100_000, seconds=0.1) + '/f')
        self.assertGreater(time.monotonic() - begin, 0.28)

    def test_wrong_bytes(self) -> None:
        flipped = bytes(byte ^ 255 for byte in CONTENT)
        self.assertEqual(ask(self.proxy('corrupt') + '/f').body, flipped)
        self.assertEqual(ask(self.proxy('ignore_range') + '/f', Range='bytes=1-2').status, 200)
        expected = {'bytes': (flipped[10:20], 'bytes 10-19/300000'), 'header': (CONTENT[10:20], 'bytes 12-21/300000'),
                    'total': (CONTENT[10:20], 'bytes 10-19/300002'), 'none': (CONTENT[10:20], None),
                    'moved': (CONTENT[12:22], 'bytes 12-21/300000'), 'longer': (CONTENT[10:22], 'bytes 10-21/300000'),
                    'shorter': (CONTENT[10:18], 'bytes 10-17/300000')}
        for kind, (body, stated) in expected.items():
            answer = ask(self.proxy('wrong_range', kind=kind, shift=2) + '/f', Range='bytes=10-19')
            self.assertEqual((answer.status, answer.body, answer.headers['Content-Range']), (206, body, stated), kind)

    def test_changed(self) -> None:
        proxy = self.proxy('changed', nth=2)
        first = ask(proxy + '/f', Range='bytes=0-0')
        tag = first.headers['ETag']
        later = ask(proxy + '/f', Range='bytes=0-9', If_Range=tag)
        self.assertEqual((later.status, len(later.body), later.headers['ETag']), (200, 300_000, '"changed"'))
        self.assertNotEqual(later.body, CONTENT)
        again = ask(proxy + '/f', Range='bytes=0-9', If_Range='"changed"')
        self.assertEqual((again.status, again.body), (206, later.body[:10]))
        only = ask(self.proxy('changed', etag=None, flip=False) + '/f', Range='bytes=0-9')
        self.assertEqual((only.headers['ETag'], only.body), (None, CONTENT[:10]))

    def test_redirect(self) -> None:
        proxy = self.proxy('redirect', query='signature=s', count=0)
        answer = ask(proxy + '/f?a=b')
        self.assertEqual((answer.status, answer.headers['Location']),
                         (307, proxy.replace('127.0.0.1', 'localhost') + '/f?a=b&signature=s'))
        self.assert_whole(answer.headers['Location'], Authorization='Bearer x')
        entry = log(proxy)[1]
        self.assertTrue(entry['host'].startswith('localhost:'))
        self.assertIn(['Authorization', f'Bearer sha256:{hashlib.sha256(b"x").hexdigest()[:16]}'], entry['headers'])
        loop = self.proxy('redirect', to='loop', status=302)
        self.assertEqual(ask(loop + '/f').headers['Location'], loop + '/f')
        self.assertEqual(ask(self.proxy('redirect', to='http://127.0.0.1:9') + '/f').headers['Location'],
                         'http://127.0.0.1:9/f')

    def test_headers_and_rewrite(self) -> None:
        answer = ask(self.proxy('headers', set={'X-A': 'b', 'Server': 's'}, remove=['ETag']) + '/f')
        self.assertEqual([answer.headers[name] for name in ('X-A', 'Server', 'ETag')], ['b', 's', None])
        self.assert_whole(self.proxy('rewrite', pattern='x$', replacement='') + '/fx')

    def test_shaping(self) -> None:
        pathlib.Path(self.facts['files'], 'big').write_bytes(bytes(20_000_000))
        proxy = self.servers.proxy('nginx', rate=50e6, latency=0.02)
        begin = time.monotonic()
        threads = [threading.Thread(target=ask, args=(proxy + '/big',)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = time.monotonic() - begin
        self.assertTrue(0.8 < taken < 5, taken)  # 0.4 s, if each connection had the rate for itself


class Registries(Case):
    def start_upload(self, proxy: str, repository: str = 'a/b') -> str:
        answer = ask(f'{proxy}/v2/{repository}/blobs/uploads/', 'POST', b'')
        self.assertEqual(answer.status, 202)
        return answer.headers['Location']

    def finish(self, location: str, data: bytes, body: bytes = b'') -> Answer:
        return ask(f'{location}{"&" if "?" in location else "?"}digest={digest(data)}', 'PUT', body)

    def layout(self, directory: str) -> bytes:
        """Writes an OCI layout with one image of one layer, and returns the layer."""
        root, layer = pathlib.Path(directory), os.urandom(1000)
        blobs = root / 'blobs/sha256'
        blobs.mkdir(parents=True)

        def add(data: bytes, kind: str) -> dict:
            (blobs / digest(data)[7:]).write_bytes(data)
            return {'mediaType': f'application/vnd.oci.image.{kind}', 'digest': digest(data), 'size': len(data)}

        config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {},
                             'rootfs': {'type': 'layers', 'diff_ids': [digest(layer)]}}).encode()
        manifest = {'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json',
                    'config': add(config, 'config.v1+json'), 'layers': [add(layer, 'layer.v1.tar')]}
        index = {'schemaVersion': 2, 'manifests': [add(json.dumps(manifest).encode(), 'manifest.v1+json')]}
        (root / 'index.json').write_text(json.dumps(index))
        (root / 'oci-layout').write_text('{"imageLayoutVersion": "1.0.0"}')
        return layer

    def skopeo(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith('_proxy')}
        return subprocess.run(['skopeo', '--insecure-policy', *arguments], capture_output=True, text=True,
                              env=environment)

    def test_skopeo_copies_to_each_registry(self) -> None:
        user = ['--dest-creds', f'{self.facts["user"]}:{self.facts["password"]}']
        with tempfile.TemporaryDirectory() as directory:
            self.layout(directory)
            for name, credentials in (('registry', []), ('registry_auth', user), ('registry_token', user)):
                for facts in (self.facts[name], self.facts['proxy'][name]):
                    to = f'docker://{facts["host"]}/private/image:1'
                    copy = ['copy', '--dest-tls-verify=false', f'oci:{directory}', to]
                    result = self.skopeo(*copy, *credentials)
                    self.assertEqual(result.returncode, 0, f'{name}: {result.stderr}')
                    if credentials:
                        wrong = self.skopeo(*copy, '--dest-creds', 'archivist:wrong')
                        self.assertNotEqual(wrong.returncode, 0, name)
                        self.assertNotEqual(self.skopeo('inspect', '--tls-verify=false', to).returncode, 0, name)

    def test_deleting(self) -> None:
        data = os.urandom(10)
        url = self.facts['registry']['url']
        self.assertEqual(self.finish(self.start_upload(url), data, data).status, 201)
        self.assertEqual(ask(f'{url}/v2/a/b/blobs/{digest(data)}', 'DELETE').status, 202)

    def token(self, scope: str, path: str = '/token', password: str | None = None) -> str:
        headers = {}
        if password is not None:
            pair = base64.b64encode(f'{self.facts["user"]}:{password}'.encode()).decode()
            headers = {'Authorization': f'Basic {pair}'}
        query = urllib.parse.urlencode({'service': 'registry of the tests', 'scope': scope})
        answer = ask(f'{self.facts["proxy"]["tokens"]["url"]}{path}?{query}', **headers)
        return json.loads(answer.body)['token'] if answer.status == 200 else ''

    def test_tokens(self) -> None:
        url, scope = self.facts['registry_token']['url'], 'repository:private/x:pull,push'
        challenge = ask(f'{url}/v2/private/x/tags/list').headers['WWW-Authenticate']
        self.assertIn(f'realm="{self.facts["proxy"]["tokens"]["url"]}/token"', challenge)
        realm = self.servers.proxy('registry_token', realm='http://127.0.0.1:9/t')
        self.assertIn('realm="http://127.0.0.1:9/t"', ask(realm + '/v2/').headers['WWW-Authenticate'])

        def status(token: str, repository: str = 'private/x') -> int:
            return ask(f'{url}/v2/{repository}/tags/list', Authorization=f'Bearer {token}').status

        self.assertEqual(status(self.token(scope, password=self.facts['password'])), 404)  # no such repository
        self.assertEqual(self.token(scope, password='wrong'), '')
        self.assertEqual(status(self.token(scope)), 401)
        self.assertEqual(status(self.token('repository:open/x:pull'), 'open/x'), 404)
        form = urllib.parse.urlencode({'grant_type': 'refresh_token', 'service': 'registry of the tests',
                                       'refresh_token': self.facts['identity_token'], 'scope': scope})
        answer = json.loads(ask(self.facts['tokens']['url'] + '/token', 'POST', form).body)
        self.assertEqual(status(answer['access_token']), 404)
        ending = self.token(scope, '/token/1.5/300', self.facts['password'])
        self.assertEqual(status(ending), 404)
        time.sleep(2.6)
        self.assertEqual(status(ending), 401)

    def test_expired_token(self) -> None:
        rules = ({'action': 'expire_token', 'nth': 2}, {'action': 'unauthorized', 'path': '/once/'})
        proxy = self.servers.proxy('registry_token', *rules)
        path, scope = proxy + '/v2/private/x/tags/list', 'repository:private/x:pull'
        tokens = [self.token(scope, password=self.facts['password']) for _ in range(2)]
        ask_with = [ask(path, Authorization=f'Bearer {tokens[number]}').status for number in (0, 0, 0, 1)]
        self.assertEqual(ask_with, [404, 401, 401, 404])

    def test_location(self) -> None:
        for kind, pattern in (('relative', '^/v2/'), ('absolute', '^http://127.0.0.1:'),
                              ('query', 'extra=a%2Fb%3D&x=$')):
            proxy = self.servers.proxy('registry', {'action': 'location', 'kind': kind, 'count': 0})
            location = self.start_upload(proxy)
            self.assertRegex(location, pattern)
            data = b'some data'
            self.assertEqual(self.finish(urllib.parse.urljoin(proxy, location), data, data).status, 201)

    def test_short_upload(self) -> None:
        for chunked in (False, True):
            proxy = self.servers.proxy('registry', {'action': 'short_upload', 'method': 'PATCH', 'bytes': 1000})
            headers = {} if chunked else {'Content_Range': '0-299999'}
            body = iter([CONTENT[:150_000], CONTENT[150_000:]]) if chunked else CONTENT
            first = ask(self.start_upload(proxy), 'PATCH', body, **headers)
            self.assertEqual((first.status, first.headers['Range']), (202, '0-999'))
            rest = ask(first.headers['Location'], 'PATCH', CONTENT[1000:], Content_Range='1000-299999')
            self.assertEqual((rest.status, rest.headers['Range']), (202, '0-299999'))
            self.assertEqual(self.finish(rest.headers['Location'], CONTENT).status, 201)
            self.assertEqual(log(proxy)[1]['received'], 300_000)

    def test_dropped_upload(self) -> None:
        proxy = self.servers.proxy('registry', {'action': 'drop_upload', 'method': 'PATCH', 'bytes': 70_000})
        location = self.start_upload(proxy)
        with self.assertRaises((OSError, http.client.HTTPException)):
            ask(location, 'PATCH', CONTENT)
        entry = log(proxy)[1]
        self.assertEqual((entry['end'], entry['status'], entry['action']), ('broken', None, 'drop_upload'))
        self.assertGreaterEqual(entry['received'], 70_000)

    def test_docker_registry_cannot_resume(self) -> None:
        """If this fails, Debian's registry can by now what uploads.py adds to it."""
        proxy = self.servers.proxy('registry', {'action': 'drop_upload', 'method': 'PATCH', 'bytes': 70_000})
        location = self.start_upload(proxy)
        with self.assertRaises((OSError, http.client.HTTPException)):
            ask(location, 'PATCH', CONTENT)
        self.assertEqual(ask(location).status, 404)

    def test_resumable_upload(self) -> None:
        for chunked in (False, True):
            rules = ({'action': 'drop_upload', 'method': 'PATCH', 'bytes': 70_000},
                     {'action': 'lost_answer', 'method': 'PATCH', 'nth': 2})
            proxy = self.servers.proxy('registry', *rules, resumable=True)
            location = self.start_upload(proxy)
            for begin, end, kept in ((0, 200_000, 70_000), (70_000, 170_000, 170_000)):
                body = iter([CONTENT[begin:end]]) if chunked else CONTENT[begin:end]
                with self.assertRaises((OSError, http.client.HTTPException)):
                    ask(location, 'PATCH', body, Content_Range=f'{begin}-{end - 1}')
                state = ask(location)
                self.assertEqual((state.status, state.headers['Range']), (204, f'0-{kept - 1}'))
            gap = ask(location, 'PATCH', CONTENT[170_001:], Content_Range='170001-299999')
            self.assertEqual((gap.status, gap.headers['Range']), (416, '0-169999'))
            there = urllib.parse.urljoin(proxy, gap.headers['Location'])
            rest = ask(there, 'PATCH', CONTENT[170_000:], Content_Range='170000-299999')
            self.assertEqual(rest.status, 202)
            self.assertEqual(self.finish(location, CONTENT).status, 201)

    def test_early_refusal_of_an_upload(self) -> None:
        proxy = self.servers.proxy('registry_auth')
        answer = ask(f'{proxy}/v2/a/b/blobs/uploads/x', 'PATCH', os.urandom(20_000_000))
        self.assertEqual(answer.status, 401)
        self.assertEqual(log(proxy)[0]['end'], 'complete')

    def test_lost_answer(self) -> None:
        proxy = self.servers.proxy('registry', {'action': 'lost_answer', 'method': 'PUT'})
        with self.assertRaises(http.client.RemoteDisconnected):
            self.finish(self.start_upload(proxy), CONTENT, CONTENT)
        self.assertEqual(ask(f'{proxy}/v2/a/b/blobs/{digest(CONTENT)}', 'HEAD').headers['Content-Length'], '300000')


class Ends(unittest.TestCase):
    """The servers end with whatever started them."""

    def assert_gone(self, servers: Servers) -> None:
        for address in (servers.facts['registry']['url'], servers.facts['nginx']['http'], servers.facts['control']):
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(re.findall(r'//(.*):(\d+)', address)[0], timeout=5)

    def test_each_way(self) -> None:
        for how in ('input', signal.SIGTERM, signal.SIGKILL):
            servers = Servers()
            if how != 'input':
                servers.process.send_signal(how)
                servers.process.wait(10)
                time.sleep(0.5)
            servers.end()
            self.assert_gone(servers)


if __name__ == '__main__':
    unittest.main()
