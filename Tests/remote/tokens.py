"""A token server for docker-registry (distribution's token authentication), with a key and a certificate by openssl.

GET PATH?service=…&scope=repository:NAME:ACTIONS (several scopes may be given), with Basic or without:
  the user's password grants what is asked; a wrong one gets 401; without one, `pull` is granted, except of
  repositories below `private/`.
POST PATH with a form (OAuth2): grant_type=refresh_token with the identity token, or password.
PATH is /token, or /token/LIFETIME or /token/LIFETIME/STATED: tokens last LIFETIME seconds (fractions may be given),
and the answer states STATED seconds (default: the truth), so a token can end before the client expects it.
"""
import base64
import http.server
import json
import pathlib
import subprocess
import time
import urllib.parse
import uuid

LEEWAY = 60  # seconds that distribution 2.8 adds to the end of a token
LIFETIME = 300


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


class Authority:
    """The signing key, and whom it trusts."""

    def __init__(self, directory: pathlib.Path, issuer: str, user: str, password: str, identity: str) -> None:
        self.key, self.certificate = directory / 'token.key', directory / 'token.crt'
        self.issuer, self.user, self.password, self.identity = issuer, user, password, identity
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', self.key, '-out',
                        self.certificate, '-days', '30', '-subj', '/CN=token server'], check=True,
                       capture_output=True)
        lines = self.certificate.read_text().split('-----')[2]
        self.chain = [''.join(lines.split())]

    def token(self, service: str, subject: str, access: list, lifetime: float) -> str:
        now = time.time()
        head = {'typ': 'JWT', 'alg': 'RS256', 'x5c': self.chain}
        claims = {'iss': self.issuer, 'sub': subject, 'aud': service, 'iat': int(now), 'nbf': int(now) - LEEWAY,
                  'exp': int(now + lifetime - LEEWAY), 'jti': str(uuid.uuid4()), 'access': access}
        message = '.'.join(encoded(json.dumps(part).encode()) for part in (head, claims))
        signature = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', self.key], input=message.encode(),
                                   check=True, capture_output=True).stdout
        return f'{message}.{encoded(signature)}'


class Handler(http.server.BaseHTTPRequestHandler):
    authority: Authority
    protocol_version = 'HTTP/1.1'

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        authorization, subject = self.headers.get('Authorization', ''), ''
        if authorization:
            expected = base64.b64encode(f'{self.authority.user}:{self.authority.password}'.encode()).decode()
            if authorization != f'Basic {expected}':
                return self.answer(401, {'details': 'incorrect username or password'})
            subject = self.authority.user
        self.grant(query, subject, 'token')

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get('Content-Length', 0))).decode())
        value = {key: values[0] for key, values in form.items()}
        authority = self.authority
        trusted = (value.get('grant_type') == 'refresh_token' and value.get('refresh_token') == authority.identity
                   or value.get('grant_type') == 'password' and value.get('username') == authority.user
                   and value.get('password') == authority.password)
        if not trusted:
            return self.answer(401, {'error': 'invalid_grant'})
        form['scope'] = [one for many in form.get('scope', []) for one in many.split(' ')]
        self.grant(form, authority.user, 'access_token')

    def grant(self, query: dict, subject: str, name: str) -> None:
        access = []
        for scope in query.get('scope', []):
            kind, _, rest = scope.partition(':')
            repository, _, actions = rest.rpartition(':')
            granted = actions.split(',')
            if not subject:
                granted = ['pull'] if 'pull' in granted and not repository.startswith('private/') else []
            if granted:
                access.append({'type': kind, 'name': repository, 'actions': granted})
        parts = urllib.parse.urlsplit(self.path).path.split('/')[2:]
        lifetime = float(parts[0]) if parts else LIFETIME
        stated = int(parts[1]) if len(parts) > 1 else int(lifetime)
        token = self.authority.token(query.get('service', [''])[0], subject, access, lifetime)
        answer = {name: token, 'expires_in': stated,
                  'issued_at': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}
        if name == 'access_token':
            answer |= {'refresh_token': self.authority.identity, 'scope': ' '.join(query.get('scope', []))}
        self.answer(200, answer)

    def answer(self, status: int, value: dict) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_) -> None:
        """Logs nothing, as the proxy before this server has a log."""


def serve(authority: Authority) -> http.server.ThreadingHTTPServer:
    handler = type('TokenHandler', (Handler,), {'authority': authority})
    return http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
