"""A client for the self test: it starts servers.py, opens proxies, and sends single requests."""
import hashlib
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
CONTENT = os.urandom(300_000)  # of the file `f` that nginx serves


def digest(data: bytes) -> str:
    return 'sha256:' + hashlib.sha256(data).hexdigest()


class Answer:
    """What came back; `broken` tells that the body is shorter than announced."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.broken = response.status, response.headers, False
        try:
            self.body = response.read()
        except (http.client.IncompleteRead, OSError) as error:
            self.body, self.broken = getattr(error, 'partial', b''), True


def ask(address: str, method: str = 'GET', body=None, ca=None, timeout: float = 20, **headers) -> Answer:
    """Sends one request on a connection of its own. Underscores of header names stand for hyphens."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme == 'https':
        context = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=timeout)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        target = parts.path + (f'?{parts.query}' if parts.query else '')
        connection.request(method, target, body, {name.replace('_', '-'): value for name, value in headers.items()},
                           encode_chunked=not isinstance(body, (bytes, str, type(None))))
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Servers:
    """servers.py, started with a directory of its own; `facts` is what it printed."""

    def __init__(self, *arguments: str) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([sys.executable, HERE / 'servers.py', '--directory', self.directory.name,
                                         *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.facts = json.loads(self.process.stdout.readline())
        pathlib.Path(self.facts['files'], 'f').write_bytes(CONTENT)

    def proxy(self, target: str, *rules: dict, **options) -> str:
        """Opens a proxy with these rules, and returns its address."""
        value = {'target': target, 'rules': rules, **options}
        answer = ask(self.facts['control'] + '/.proxies', 'POST', json.dumps(value))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)['url']

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.directory.cleanup()


def log(proxy: str) -> list:
    return json.loads(ask(proxy + '/.log').body)
