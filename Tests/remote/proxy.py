"""The breaking proxy: a reverse proxy that passes requests on, except where a rule says otherwise.

Each proxy is one port of 127.0.0.1 (and of ::1, where that is to be had) before one target, with its own rules, log
and traffic shaping. Control, on each proxy's own port:
  POST /.control   a list of rules (rules.py) that replaces the rules so far, or {"rules": […], "clear_log": true,
                   "rate": BYTES_PER_SECOND, "latency": SECONDS}; each key may be absent, and null ends a shaping
  GET  /.control   {"rules": […]} with how often each `matched` and `struck`
  GET  /.log       a list with an entry per request: method, path, host, headers (of Authorization: its scheme and
                   a hash), status, received and sent (bytes of bodies), rule (its number) and action, and `end`:
                   null so far, "complete", "broken" on purpose, or "client" or "target" that closed too early
  POST /.proxies   {"target": NAME or URL, "tls": false, "rate": …, "latency": …, "realm": URL, "resumable": false,
                   "rules": […]} opens one more proxy and answers with its addresses; tests that run at once don't
                   share a proxy. `realm` replaces the address of the token server in challenges; `resumable`: see
                   uploads.py
"""
import hashlib
import json
import re
import socket
import ssl
import threading
import time
import urllib.parse

from rules import FLIPPED, Request, Rules, field, replacing, without
from uploads import Uploads
from wire import Broken, Wire, connect

HOP = ('Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Expect', 'TE', 'Upgrade')


class Broke(Exception):
    """A rule ended the exchange; the connections are closed."""


class Shaper:
    """A link of a given rate that all connections of a proxy share, in one direction."""
    SLACK = 0.01  # time that the link was idle and that a late sender may still use, in seconds

    def __init__(self) -> None:
        self.lock, self.free, self.rate = threading.Lock(), 0.0, None

    def pass_bytes(self, count: int) -> None:
        """Returns when the link has carried so many bytes more."""
        if not self.rate:
            return
        with self.lock:
            now = time.monotonic()
            self.free = max(self.free, now - self.SLACK) + count / self.rate
            wait = self.free - now
        if wait > 0:
            time.sleep(wait)


class Proxy:
    def __init__(self, house, target: str, tls=False, rate=None, latency=0, realm=None, resumable=False, rules=(),
                 port=0) -> None:
        self.house = house  # what proxies share: `targets`, `client_context`, `server_context`
        self.target_name = target
        self.target = urllib.parse.urlsplit(house.targets.get(target, target))
        self.tls, self.realm, self.uploads = tls, realm, Uploads() if resumable else None
        self.up, self.down, self.latency = Shaper(), Shaper(), 0
        self.shape(rate, latency)
        self.rules, self.log, self.lock = Rules(list(rules)), [], threading.Lock()
        first = listen(socket.AF_INET, '127.0.0.1', port)
        self.port = first.getsockname()[1]
        listeners = [first]
        try:
            listeners.append(listen(socket.AF_INET6, '::1', self.port))
        except OSError:
            pass  # clients that try ::1 for localhost first are refused there and come by 127.0.0.1
        for listener in listeners:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def addresses(self) -> dict:
        scheme = 'https' if self.tls else 'http'
        return {'url': f'{scheme}://127.0.0.1:{self.port}', 'localhost': f'{scheme}://localhost:{self.port}',
                'host': f'127.0.0.1:{self.port}', 'port': self.port, 'target': self.target_name}

    def shape(self, rate, latency) -> None:
        self.up.rate = self.down.rate = rate
        self.latency = latency or 0

    def accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        wire = Wire(connection)
        upstream = Upstream(self)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                wire.socket = self.house.server_context.wrap_socket(connection, server_side=True)
            time.sleep(self.latency)  # of the handshake
            while (head := wire.head()) and Exchange(self, wire, upstream, *head).run():
                pass
        except (OSError, Broken, Broke, ValueError):
            pass  # the log has it
        finally:
            upstream.close()
            wire.close(linger=1)

    def control(self, method: str, path: str, body: bytes):
        """Carries out a control request, and returns the value of the answer."""
        if path == '/.log':
            with self.lock:
                return [dict(entry) for entry in self.log]
        value = json.loads(body) if body else {}
        if path == '/.proxies':
            return Proxy(self.house, **value).addresses()
        if path != '/.control':
            raise ValueError(f'no such control: {path}')
        if method == 'POST':
            value = {'rules': value} if isinstance(value, list) else value
            if 'rules' in value:
                self.rules = Rules(value['rules'])
            if value.get('clear_log'):
                with self.lock:
                    self.log = []
            self.shape(value.get('rate', self.up.rate), value.get('latency', self.latency))
        return {'rules': self.rules.rules, 'rate': self.up.rate, 'latency': self.latency}


def listen(family: int, host: str, port: int) -> socket.socket:
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(256)
    return listener


class Upstream:
    """The connection to the target that belongs to one of a client; it is made when it is needed."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy, self.wire = proxy, None

    def ready(self) -> Wire:
        if self.wire and self.wire.readable():  # an idle connection says nothing, unless it ended
            self.close()
        if not self.wire:
            target = self.proxy.target
            context = self.proxy.house.client_context if target.scheme == 'https' else None
            self.wire = connect(target.hostname, target.port, context)
        return self.wire

    def close(self, reset: bool = False) -> None:
        if self.wire:
            self.wire.close(reset)
        self.wire = None


class Exchange:
    """One request and its answer."""

    def __init__(self, proxy: Proxy, client: Wire, upstream: Upstream, line: str, headers: list) -> None:
        self.proxy, self.client, self.upstream = proxy, client, upstream
        self.method, self.path, self.version = line.split(' ')
        self.headers = headers
        self.early = False  # the target answered before it had the whole body
        self.keep = self.version == 'HTTP/1.1' and field(headers, 'Connection').lower() != 'close'
        self.body = client.body(headers, until_end=False)
        self.chunked = bool(field(headers, 'Transfer-Encoding'))
        self.origin = f'{"https" if proxy.tls else "http"}://{field(headers, "Host")}'

    def run(self) -> bool:
        """Carries the request out, and tells whether the client's connection goes on."""
        if self.path.startswith('/.'):
            return self.control()
        self.plan = self.proxy.rules.plan(Request(self.method, self.path, self.headers, self.origin))
        self.entry = {
            'method': self.method, 'path': self.path, 'host': field(self.headers, 'Host'),
            'headers': [(name, redacted(name, value)) for name, value in self.headers], 'status': None,
            'received': 0, 'sent': 0, 'rule': self.plan.rule, 'action': self.plan.action, 'time': time.time(),
            'end': None}
        with self.proxy.lock:
            self.entry['number'] = len(self.proxy.log)
            self.proxy.log.append(self.entry)
        try:
            time.sleep(self.proxy.latency)
            self.exchange()
            self.entry['end'] = 'complete'
        except Broke:
            self.entry['end'] = 'broken'
            self.upstream.close(self.plan.reset)
            self.client.close(self.plan.reset)
            raise
        except (OSError, Broken):
            self.entry['end'] = self.entry['end'] or 'client'
            raise
        return self.keep

    def control(self) -> bool:
        body = b''.join(bytes(piece) for piece in self.body)
        try:
            status, value = '200 OK', self.proxy.control(self.method, self.path, body)
        except (ValueError, TypeError, KeyError, OSError, re.error) as error:
            status, value = '400 Bad Request', {'error': str(error)}
        data = json.dumps(value).encode()
        head = f'HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n'
        self.client.send(head.encode() + data)
        return self.keep

    # ------------------------------------------------------------ the request

    def exchange(self) -> None:
        plan = self.plan
        if plan.drop:
            raise Broke
        if self.proxy.uploads:
            plan.path = self.proxy.uploads.newest(plan.path)
            plan.answer = plan.answer or self.proxy.uploads.out_of_order(self.method, plan.path, plan.headers)
            if plan.upload_break:  # the target keeps what it got until then
                plan.upload_keep, plan.lost = plan.upload_break, True
        if plan.answer:
            self.discard_body()
            status, headers, body = plan.answer
            self.entry['status'] = status
            headers = [*headers, ('Content-Length', str(len(body)))]
            self.client.send(head_bytes(f'HTTP/1.1 {status} Broken', headers))
            if self.method != 'HEAD':
                self.client.send(body)
                self.entry['sent'] = len(body)
            return
        try:
            target = self.upstream.ready()
            self.send_request(target)
            answer = target.head()
            while answer and answer[0].split(' ')[1].startswith('1'):
                answer = target.head()
            if not answer:
                raise Broken('the target closed the connection')
        except (OSError, Broken):
            self.entry['end'] = self.entry['end'] or 'target'
            raise
        self.pass_answer(target, *answer)

    def received(self):
        """Yields the request's body, and counts and shapes it."""
        if '100-continue' in field(self.headers, 'Expect').lower():
            self.client.send(b'HTTP/1.1 100 Continue\r\n\r\n')
        try:
            for piece in self.body:
                self.entry['received'] += len(piece)
                self.proxy.up.pass_bytes(len(piece))
                yield piece
        except (OSError, Broken):
            self.entry['end'] = 'client'
            raise

    def discard_body(self) -> None:
        for _ in self.received():
            pass

    def send_request(self, target: Wire) -> None:
        plan = self.plan
        headers = [('X-Forwarded-Proto', 'https')] if self.proxy.tls else []
        headers += without(plan.headers, *HOP)
        length = field(headers, 'Content-Length')
        if plan.upload_keep is not None and length:
            length = str(min(int(length), plan.upload_keep))
            headers = replacing(headers, 'Content-Length', length)
        if self.chunked:
            headers.append(('Transfer-Encoding', 'chunked'))
        target.send(head_bytes(f'{self.method} {plan.path} HTTP/1.1', headers))
        limit = next((most for most in (plan.upload_break, plan.upload_keep) if most is not None), None)
        sent = 0
        if plan.upload_break == 0:
            raise Broke
        for piece in self.received():
            if limit is not None:
                piece = piece[:limit - sent]
            if piece:
                self.pass_up(target, piece)
            sent += len(piece)
            if plan.upload_break is not None and sent >= plan.upload_break:
                if plan.upload_keep is not None:
                    break
                raise Broke
        if self.chunked:
            self.pass_up(target, b'')

    def pass_up(self, target: Wire, piece) -> None:
        """Sends a piece of the body to the target. One that answered before the end gets no more of it."""
        self.early = self.early or target.readable()
        if not self.early:
            try:
                self.send_piece(target, piece, self.chunked)
            except OSError:
                self.early = True

    @staticmethod
    def send_piece(wire: Wire, piece, chunked: bool) -> None:
        if chunked:
            wire.send(b'%x\r\n' % len(piece) + bytes(piece) + b'\r\n')
        else:
            wire.send(piece)

    # ------------------------------------------------------------ the answer

    def pass_answer(self, target: Wire, line: str, headers: list) -> None:
        plan, status = self.plan, int(line.split(' ')[1])
        if self.proxy.uploads:
            self.proxy.uploads.note(status, headers)
        bodiless = self.method == 'HEAD' or status in (204, 304)
        body = iter(()) if bodiless else target.body(headers, until_end=True)
        reusable = field(headers, 'Connection').lower() != 'close' and (
            bodiless or field(headers, 'Content-Length') or field(headers, 'Transfer-Encoding'))
        if plan.lost:
            for _ in body:
                pass
            raise Broke
        chunked = not bodiless and not field(headers, 'Content-Length')
        headers = without(headers, *HOP)
        for edit in plan.edits:
            headers = edit(headers)
        if self.proxy.realm and field(headers, 'WWW-Authenticate'):
            challenge = re.sub('realm="[^"]*"', f'realm="{self.proxy.realm}"', field(headers, 'WWW-Authenticate'))
            headers = replacing(headers, 'WWW-Authenticate', challenge)
        if chunked:
            headers.append(('Transfer-Encoding', 'chunked'))
        if not self.keep:
            headers.append(('Connection', 'close'))
        if plan.stall and plan.stall[0] < 0:
            time.sleep(plan.stall[1])
        self.entry['status'] = status
        self.client.send(head_bytes(line, headers))
        try:
            for piece in body:
                self.pass_piece(piece, chunked)
        except Broken:
            self.entry['end'] = self.entry['end'] or 'target'
            raise
        if plan.cut is not None and not bodiless:
            raise Broke
        if chunked:
            self.client.send(b'0\r\n\r\n')
        if not reusable or self.early:
            self.upstream.close()

    def pass_piece(self, piece, chunked: bool) -> None:
        """Sends a piece of the answer's body, as the plan says: flipped, cut off, late, or little by little."""
        plan = self.plan
        if plan.flip:
            piece = bytes(piece).translate(FLIPPED)
        while piece:
            most, sent = len(piece), self.entry['sent']
            if plan.cut is not None:
                most = min(most, plan.cut - sent)
                if most <= 0:
                    raise Broke
            if plan.stall and 0 <= plan.stall[0] - sent <= most:
                most = plan.stall[0] - sent
                if not most:
                    time.sleep(plan.stall[1])
                    plan.stall = None
                    continue
            if plan.trickle:
                most = min(most, plan.trickle[0])
                time.sleep(plan.trickle[1])
            self.proxy.down.pass_bytes(most)
            self.send_piece(self.client, piece[:most], chunked)
            self.entry['sent'] += most
            piece = piece[most:]


def head_bytes(line: str, headers: list) -> bytes:
    return '\r\n'.join([line, *(f'{name}: {value}' for name, value in headers), '', '']).encode('latin-1')


def redacted(name: str, value: str) -> str:
    if name.lower() not in ('authorization', 'proxy-authorization', 'cookie'):
        return value
    scheme, _, secret = value.partition(' ')
    return f'{scheme} sha256:{hashlib.sha256(secret.encode()).hexdigest()[:16]}'


class House:
    """What the proxies of one process share."""

    def __init__(self, targets: dict, client_context: ssl.SSLContext, server_context: ssl.SSLContext) -> None:
        self.targets = targets  # name: URL
        self.client_context, self.server_context = client_context, server_context
