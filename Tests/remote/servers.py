#!/usr/bin/env python3
"""Real servers on loopback, and proxies before them that break things on purpose, for tests of the remote parts.

usage: servers.py --directory DIR [--port-base N] [--rate BYTES_PER_SECOND] [--latency SECONDS]

All servers listen on 127.0.0.1 only, on free ports (or N, N+1, …), and keep everything below DIR. When all answer,
one line of JSON is printed, and they stay until SIGTERM or SIGINT, until standard input ends (where it is a pipe),
or until the parent process ends. They need what setup.sh installs.

How a test uses it: it starts this program with a pipe as standard input, reads one line, and closes the pipe at its
end. The JSON has:
  directory, files            DIR, and the directory that nginx serves; write a file there and ask for it
  ca                          the certificate (PEM) that the TLS servers' certificates are signed with
  user, password              of the registries that ask for them, as they are for the token server
  identity_token              what the token server takes as a refresh token
  registry                    {"url", "host"}: docker-registry (distribution 2.8), everybody may do everything
  registry_auth               … with Basic authentication for everything
  registry_token              … with tokens (tokens.py); anonymous may pull, except from `private/…`
  tokens                      {"url"} of the token server (its address in challenges is that of its proxy)
  nginx                       "http", and "https" (HTTP/1.1 and HTTP/2, for localhost and 127.0.0.1); "untrusted":
                              TLS by a CA that nobody knows; "wrong_name": TLS with another server's name. In each
                              /NAME is a file with ranges and a strong ETag, /no-ranges/NAME without ranges,
                              /no-etag/NAME with Last-Modified only, /gzip/NAME compressed where the client may
  proxy                       a breaking proxy before each: registry, registry_auth, registry_token, tokens, nginx
                              (plain), nginx_tls (plain before TLS), nginx_https (TLS before plain), registry_tls
                              (TLS before the plain registry); each {"url", "localhost", "host", "port", "target"}.
                              They speak HTTP/1.1
  control                     the address for `POST /.proxies`, which opens one more proxy: tests that run at once
                              each make their own. Targets are the names before
To break something: POST a list of rules to URL/.control, do it, and GET URL/.log (proxy.py says how; rules.py has the
actions):
  [{"method": "GET", "path": "/blobs/", "nth": 2, "count": 1, "action": "short", "bytes": 1000}]
Uploads that go on after a break need a proxy with "resumable" (uploads.py): docker-registry 2.8 alone gives them up.
With --rate and --latency, the proxies shape: each is a link of that rate per direction, which its connections share,
and each connection and each request waits once for the latency.
"""
import argparse
import ctypes
import json
import os
import pathlib
import resource
import secrets
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import tokens
from proxy import House, Proxy

USER, PASSWORD = 'archivist', 'correct horse battery staple'
LIBC = ctypes.CDLL(None)
# HTTP_PROXY is not for loopback.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def die_with_parent() -> None:
    """Makes the kernel end a child together with this process."""
    LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Ports:
    def __init__(self, base: int | None) -> None:
        self.next = base

    def take(self) -> int:
        """Returns a port that is free now."""
        while True:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                number, self.next = self.next or 0, self.next and self.next + 1
                try:
                    probe.bind(('127.0.0.1', number))
                except OSError:
                    continue
                return probe.getsockname()[1]


class Children:
    """The servers that are programs of their own."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory, self.processes = directory, []

    def start(self, name: str, configure) -> None:
        """Starts a server and waits until it answers anything. `configure` takes free ports, writes the
        configuration, and returns the command and an address; it is called again where a port was lost meanwhile.
        """
        log = self.directory / f'{name}.log'
        for _ in range(3):
            command, url = configure()
            with open(log, 'ab') as output:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                           cwd=self.directory, preexec_fn=die_with_parent)
            self.processes.append(process)
            while process.poll() is None:
                try:
                    DIRECT.open(url, timeout=20).close()
                    return
                except urllib.error.HTTPError:
                    return
                except OSError:
                    time.sleep(0.025)
            self.processes.remove(process)
        sys.exit(f'servers.py: {name} does not start:\n{log.read_text()[-4000:]}')

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


# ---------------------------------------------------------------- certificates


def openssl(*arguments) -> None:
    subprocess.run(['openssl', *map(str, arguments)], check=True, capture_output=True)


def make_authority(directory: pathlib.Path, name: str) -> None:
    """Makes a CA: NAME.key and NAME.crt."""
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 30, '-keyout',
            directory / f'{name}.key', '-out', directory / f'{name}.crt', '-subj', f'/CN=CacheStore tests {name}',
            '-addext', 'keyUsage=critical,keyCertSign,cRLSign')


def make_certificate(directory: pathlib.Path, name: str, authority: str, names: str) -> None:
    """Makes a server's certificate: NAME.key and NAME.crt (with the CA's after it)."""
    request, extensions = directory / f'{name}.csr', directory / f'{name}.ext'
    extensions.write_text(f'subjectAltName={names}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n')
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
            directory / f'{name}.key', '-out', request, '-subj', f'/CN={name}')
    openssl('x509', '-req', '-in', request, '-CA', directory / f'{authority}.crt', '-CAkey',
            directory / f'{authority}.key', '-CAcreateserial', '-days', 30, '-out', directory / f'{name}.crt',
            '-extfile', extensions)


# ---------------------------------------------------------------- servers


NGINX = """daemon off; master_process off; {user}
pid {directory}/nginx/pid; error_log {directory}/nginx.log;
events {{ worker_connections 2048; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_timeout 75; default_type application/octet-stream;
    client_body_temp_path {directory}/nginx/body; proxy_temp_path {directory}/nginx/proxy;
    fastcgi_temp_path {directory}/nginx/fastcgi; uwsgi_temp_path {directory}/nginx/uwsgi;
    scgi_temp_path {directory}/nginx/scgi;
{servers}
}}
"""
NGINX_SERVER = """    server {{
        listen 127.0.0.1:{port}{tls}; root {directory}/files; {certificate}
        location /no-ranges/ {{ alias {directory}/files/; max_ranges 0; }}
        location /no-etag/ {{ alias {directory}/files/; etag off; }}
        location /gzip/ {{ alias {directory}/files/; gzip on; gzip_min_length 1; gzip_types *; }}
    }}
"""


def start_nginx(directory: pathlib.Path, ports: Ports, children: Children) -> dict:
    (directory / 'nginx').mkdir(exist_ok=True)
    make_certificate(directory, 'server', 'ca', 'DNS:localhost,IP:127.0.0.1,IP:::1')
    make_certificate(directory, 'untrusted', 'unknown-ca', 'DNS:localhost,IP:127.0.0.1')
    make_certificate(directory, 'wrong-name', 'ca', 'DNS:elsewhere.invalid')
    addresses = {}

    def configure() -> tuple:
        servers = ''
        for name, certificate in (('http', None), ('https', 'server'), ('untrusted', 'untrusted'),
                                  ('wrong_name', 'wrong-name')):
            port = ports.take()
            keys = certificate and f'ssl_certificate {directory}/{certificate}.crt; ' \
                                   f'ssl_certificate_key {directory}/{certificate}.key;'
            servers += NGINX_SERVER.format(port=port, directory=directory, tls=' ssl http2' if keys else '',
                                           certificate=keys or '')
            addresses[name] = f'{"https" if keys else "http"}://127.0.0.1:{port}'
        configuration = directory / 'nginx.conf'
        user = 'user root root;' if os.geteuid() == 0 else ''  # files of the tests may be in a home that is closed
        configuration.write_text(NGINX.format(directory=directory, servers=servers, user=user))
        program = shutil.which('nginx', path=f'{os.environ.get("PATH", os.defpath)}:/usr/sbin')
        return [program, '-c', configuration, '-p', directory / 'nginx'], addresses['http'] + '/'

    children.start('nginx', configure)
    return addresses


def start_registry(name: str, auth: dict, directory: pathlib.Path, ports: Ports, children: Children) -> dict:
    """Starts one docker-registry. Its configuration is YAML, of which JSON is a part."""
    configuration, facts = directory / f'{name}.yml', {}

    def configure() -> tuple:
        host = f'127.0.0.1:{ports.take()}'
        configuration.write_text(json.dumps({
            'version': 0.1, 'log': {'level': 'info', 'accesslog': {'disabled': True}},
            'storage': {'filesystem': {'rootdirectory': str(directory / name), 'maxthreads': 100},
                        'delete': {'enabled': True}, 'maintenance': {'uploadpurging': {'enabled': False}}},
            'http': {'addr': host, 'secret': 'of the tests'}, 'auth': auth}))
        facts.update(url=f'http://{host}', host=host)
        return ['docker-registry', 'serve', configuration], f'http://{host}/v2/'

    children.start(name, configure)
    return facts


def start_all(arguments: argparse.Namespace, children: Children) -> dict:
    directory, ports = children.directory, Ports(arguments.port_base)
    files = directory / 'files'
    files.mkdir(exist_ok=True)
    make_authority(directory, 'ca')
    make_authority(directory, 'unknown-ca')
    nginx = start_nginx(directory, ports, children)
    identity = secrets.token_hex(16)
    authority = tokens.Authority(directory, 'cachestore-tests', USER, PASSWORD, identity)
    token_server = tokens.serve(authority)
    threading.Thread(target=token_server.serve_forever, daemon=True).start()

    client, server = ssl.create_default_context(cafile=directory / 'ca.crt'), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.maximum_version = ssl.TLSVersion.TLSv1_2  # tickets of 1.3 would make an idle connection readable
    server.load_cert_chain(directory / 'server.crt', directory / 'server.key')
    targets = {'tokens': f'http://127.0.0.1:{token_server.server_address[1]}', 'nginx': nginx['http'],
               'nginx_tls': nginx['https']}
    house, proxies = House(targets, client, server), {}

    def add_proxy(name: str, target: str, tls: bool = False) -> None:
        proxies[name] = Proxy(house, target, tls, arguments.rate, arguments.latency,
                              port=ports.take() if arguments.port_base else 0).addresses()

    for name in ('tokens', 'nginx', 'nginx_tls'):
        add_proxy(name, name)
    add_proxy('nginx_https', 'nginx', tls=True)

    passwords = directory / 'htpasswd'
    passwords.write_bytes(subprocess.run(['htpasswd', '-niB', '-C', '4', USER], input=PASSWORD.encode(), check=True,
                                         capture_output=True).stdout)
    ways = {'registry': {},
            'registry_auth': {'htpasswd': {'realm': 'tests', 'path': str(passwords)}},
            'registry_token': {'token': {
                'realm': f'{proxies["tokens"]["url"]}/token', 'service': 'registry of the tests',
                'issuer': 'cachestore-tests', 'rootcertbundle': str(authority.certificate)}}}
    registries = {}
    for name, auth in ways.items():
        registries[name] = start_registry(name, auth, directory, ports, children)
        targets[name] = registries[name]['url']
        add_proxy(name, name)
    add_proxy('registry_tls', 'registry', tls=True)
    return {'directory': str(directory), 'files': str(files), 'ca': str(directory / 'ca.crt'), 'user': USER,
            'password': PASSWORD, 'identity_token': identity, **registries, 'tokens': {'url': targets['tokens']},
            'nginx': nginx, 'proxy': proxies, 'control': proxies['nginx']['url']}


def await_end(children: Children) -> None:
    """Waits for a signal, the end of standard input or of the parent, or for a server that ended by itself."""
    parent, ended = os.getppid(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())

    def read_input() -> None:
        while os.read(0, 4096):
            pass
        ended.set()

    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        threading.Thread(target=read_input, daemon=True).start()
    while not ended.wait(0.2) and os.getppid() == parent:
        for process in children.processes:
            if process.poll() is not None:
                sys.exit(f'servers.py: a server ended: {process.args} with {process.returncode}')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--directory', required=True, type=pathlib.Path)
    parser.add_argument('--port-base', type=int)
    parser.add_argument('--rate', type=float)
    parser.add_argument('--latency', type=float, default=0)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    # Tests open hundreds of proxies, each with two sockets that listen.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    children = Children(arguments.directory.resolve())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # while the servers start
    try:
        print(json.dumps(start_all(arguments, children)), flush=True)
        await_end(children)
    finally:
        children.end()


if __name__ == '__main__':
    main()
