"""The rules of the breaking proxy: which request a rule strikes, and what its action changes.

A rule is a JSON object:
  method   regular expression for the whole method, such as "PATCH|PUT" (default: all methods)
  path     regular expression that is searched in the path with its query (default: all paths)
  if       {HEADER: regular expression searched in its value}; a header that is absent is the empty text
  nth      strikes from the n-th request that matches on (default 1)
  every    of these requests, strikes the first and then each k-th (default 1)
  count    how often it strikes at most; 0 is no limit (default 1, and 0 for `changed`)
  action   one of the names below, with the action's own keys beside it
All rules count the requests that match them; of the rules that could strike, the first does.

Actions on the request:
  drop          closes the connection without an answer; the target is not asked. `reset`: true sends a RST
  status        answers `status` (default 503) without asking the target, after it has read the request's body.
                `retry_after`: seconds or a date, `body`: text, `headers`: {NAME: VALUE}
  redirect      answers `status` (default 307) with a Location. `to`: an origin ("http://127.0.0.1:PORT"), where
                the path and query are kept (default: this proxy by its other name, localhost or 127.0.0.1), or
                "loop" for the same address again; `query`: parameters to add; `location`: the whole header.
                A redirect to the other name strikes no request that came by `localhost`
  unauthorized  takes Authorization away, so that the target answers with its own 401 and challenge
  expire_token  as unauthorized, and from then on for each request with the same Authorization
  rewrite       replaces `pattern` by `replacement` in the path with its query (mounts refused: "\\?mount=.*", "")
  ignore_range  takes Range and If-Range away: the answer is 200 with all bytes
  drop_upload   sends only the first `bytes` of the body to the target, then closes both connections. A body of
                fewer bytes passes whole. docker-registry 2.8 gives the upload up then: see uploads.py for others
  short_upload  takes the whole body, and lets the target have only its first `bytes`: it answers a shorter Range
Actions on the answer:
  lost_answer   the target carries the request out; its answer is read, and the connection closed instead
  short         closes after `bytes` bytes of the body. `reset` as above
  stall         waits `seconds` before the answer, or with `bytes`, after that many bytes of the body; then goes on
  trickle       sends the body in pieces of `bytes` (default 1), and waits `seconds` (default 1) before each
  corrupt       flips every byte of the body; all headers stay
  wrong_range   for a request with a Range, by `kind`:
                "bytes"   flips every byte of the body (as corrupt)
                "header"  Content-Range names places `shift` (default 1) further on than the bytes are from
                "total"   Content-Range names a total that is `shift` greater
                "none"    Content-Range is left out
                "moved"   the target is asked for a range that begins and ends `shift` further on
                "longer"  … that ends `shift` later;  "shorter"  … that ends `shift` earlier
  changed       the file was replaced: `etag` (default "\\"changed\\"") stands for the target's, the body is flipped
                (`flip`: false: is not), and an If-Range of another ETag gets 200 with all bytes. `etag`: null
                leaves the ETag out
  headers       `set`: {NAME: VALUE} and `remove`: [NAME] in the answer (OCI-Chunk-Min-Length, Docker-Content-Digest)
  location      `kind`: "relative" (a path), "absolute", or "query" (adds `query`, default "extra=a%2Fb%3D&x=")
"""
import dataclasses
import re
import threading
import time
import urllib.parse

FLIPPED = bytes(byte ^ 0xFF for byte in range(256))


def field(headers: list, name: str) -> str:
    """Returns the value of a header, or the empty text."""
    return next((value for key, value in headers if key.lower() == name.lower()), '')


def without(headers: list, *names: str) -> list:
    return [(key, value) for key, value in headers if key.lower() not in {name.lower() for name in names}]


def replacing(headers: list, name: str, value: str) -> list:
    """Returns the headers with one value in its old place, or at the end."""
    if not field(headers, name):
        return [*headers, (name, value)]
    return [(key, value if key.lower() == name.lower() else old) for key, old in headers]


@dataclasses.dataclass
class Request:
    method: str
    path: str  # with the query
    headers: list
    origin: str  # of the proxy, as the client wrote it: scheme, host and port


@dataclasses.dataclass
class Plan:
    """How a request is handled; without a rule, it is passed on as it is."""
    path: str
    headers: list
    answer: tuple | None = None  # status, headers, body: the target is not asked
    drop: bool = False  # no answer, and the target is not asked
    reset: bool = False  # connections that are broken get a RST
    upload_break: int | None = None  # after so many bytes of the request's body, both connections are closed
    upload_keep: int | None = None  # the target gets so many bytes of the request's body
    lost: bool = False  # the answer is thrown away
    stall: tuple | None = None  # after how many bytes of the answer's body (-1: before the answer), seconds
    cut: int | None = None  # after so many bytes of the answer's body, the connection is closed
    trickle: tuple | None = None  # bytes, seconds
    flip: bool = False
    edits: list = dataclasses.field(default_factory=list)  # of the answer's headers
    rule: int | None = None  # which rule struck
    action: str | None = None


class Rules:
    """The rules of one proxy in their order, with how often each matched and struck."""

    def __init__(self, rules: list) -> None:
        self.lock = threading.Lock()
        self.rules = [dict(rule, matched=0, struck=0, since=time.time()) for rule in rules]
        self.expired = set()  # values of Authorization
        for rule in self.rules:
            if rule.get('action') not in ACTIONS:
                raise ValueError(f'no such action: {rule.get("action")}')
            for pattern in (rule.get('method', ''), rule.get('path', ''), *rule.get('if', {}).values()):
                re.compile(pattern)

    def plan(self, request: Request) -> Plan:
        """Counts the request for each rule, and returns what happens to it."""
        plan = Plan(request.path, list(request.headers))
        with self.lock:
            striking = None
            for number, rule in enumerate(self.rules):
                if not matches(rule, request):
                    continue
                rule['matched'] += 1
                late = rule['matched'] - rule.get('nth', 1)
                most = rule.get('count', 0 if rule['action'] == 'changed' else 1)
                due = late >= 0 and late % rule.get('every', 1) == 0 and (not most or rule['struck'] < most)
                if due and striking is None:
                    striking = number
            if striking is not None:
                rule = self.rules[striking]
                rule['struck'] += 1
                plan.rule, plan.action = striking, rule['action']
                if rule['action'] == 'expire_token':
                    self.expired.add(field(request.headers, 'Authorization'))
            if field(request.headers, 'Authorization') in self.expired - {''}:
                plan.headers = without(plan.headers, 'Authorization')
        if plan.rule is not None:
            plan.reset = bool(rule.get('reset'))
            ACTIONS[plan.action](plan, request, rule)
        return plan


def matches(rule: dict, request: Request) -> bool:
    if not re.fullmatch(rule.get('method', '.*'), request.method):
        return False
    if not re.search(rule.get('path', ''), request.path):
        return False
    if rule['action'] == 'redirect' and other_name(rule) and request.origin.split('//')[1].startswith('localhost'):
        return False
    return all(re.search(pattern, field(request.headers, name)) for name, pattern in rule.get('if', {}).items())


def other_name(rule: dict) -> bool:
    return 'to' not in rule and 'location' not in rule


# ---------------------------------------------------------------- actions


def drop(plan: Plan, request: Request, rule: dict) -> None:
    plan.drop = True


def status(plan: Plan, request: Request, rule: dict) -> None:
    headers = list(rule.get('headers', {}).items())
    if 'retry_after' in rule:
        headers.append(('Retry-After', str(rule['retry_after'])))
    plan.answer = (rule.get('status', 503), headers, rule.get('body', 'broken on purpose\n').encode())


def redirect(plan: Plan, request: Request, rule: dict) -> None:
    if other_name(rule):
        origin = request.origin.replace('//127.0.0.1', '//localhost')
    else:
        origin = request.origin if rule.get('to') == 'loop' else rule.get('to', '')
    location = rule.get('location') or with_query(origin.rstrip('/') + request.path, rule.get('query', ''))
    plan.answer = (rule.get('status', 307), [('Location', location)], b'')


def with_query(address: str, query: str) -> str:
    return address + (('&' if '?' in address else '?') + query if query else '')


def unauthorized(plan: Plan, request: Request, rule: dict) -> None:
    plan.headers = without(plan.headers, 'Authorization')


def rewrite(plan: Plan, request: Request, rule: dict) -> None:
    plan.path = re.sub(rule['pattern'], rule['replacement'], request.path)


def ignore_range(plan: Plan, request: Request, rule: dict) -> None:
    plan.headers = without(plan.headers, 'Range', 'If-Range')


def drop_upload(plan: Plan, request: Request, rule: dict) -> None:
    plan.upload_break = rule.get('bytes', 0)


def short_upload(plan: Plan, request: Request, rule: dict) -> None:
    """Asks the target for less; the range that the client stated is shortened with it."""
    plan.upload_keep = rule.get('bytes', 0)
    stated = re.fullmatch(r'(?:bytes )?(\d+)-(\d+)(.*)', field(request.headers, 'Content-Range'))
    if stated:
        end = min(int(stated[2]), int(stated[1]) + plan.upload_keep - 1)
        plan.headers = replacing(plan.headers, 'Content-Range', f'{stated[1]}-{end}')


def lost_answer(plan: Plan, request: Request, rule: dict) -> None:
    plan.lost = True


def short(plan: Plan, request: Request, rule: dict) -> None:
    plan.cut = rule.get('bytes', 0)


def stall(plan: Plan, request: Request, rule: dict) -> None:
    plan.stall = (rule.get('bytes', -1), rule.get('seconds', 1))


def trickle(plan: Plan, request: Request, rule: dict) -> None:
    plan.trickle = (rule.get('bytes', 1), rule.get('seconds', 1))


def corrupt(plan: Plan, request: Request, rule: dict) -> None:
    plan.flip = True


def wrong_range(plan: Plan, request: Request, rule: dict) -> None:
    kind, shift = rule.get('kind', 'bytes'), rule.get('shift', 1)
    asked = re.fullmatch(r'bytes=(\d+)-(\d+)', field(request.headers, 'Range'))
    if not asked:
        return
    begin, end = int(asked[1]), int(asked[2])

    def restate(headers: list) -> list:
        stated = re.fullmatch(r'bytes (\d+)-(\d+)/(\d+)', field(headers, 'Content-Range'))
        if not stated:
            return headers
        first, last, total = map(int, stated.groups())
        if kind == 'header':
            first, last = first + shift, last + shift
        return replacing(headers, 'Content-Range', f'bytes {first}-{last}/{total + shift * (kind == "total")}')

    if kind == 'bytes':
        plan.flip = True
    elif kind in ('header', 'total'):
        plan.edits.append(restate)
    elif kind == 'none':
        plan.edits.append(lambda headers: without(headers, 'Content-Range'))
    elif kind in ('moved', 'longer', 'shorter'):
        begin += shift if kind == 'moved' else 0
        end += -shift if kind == 'shorter' else shift
        plan.headers = replacing(plan.headers, 'Range', f'bytes={begin}-{max(begin, end)}')
    else:
        raise ValueError(f'no such kind of wrong range: {kind}')


def changed(plan: Plan, request: Request, rule: dict) -> None:
    tag = rule.get('etag', '"changed"')
    condition = field(request.headers, 'If-Range')
    plan.headers = without(plan.headers, 'If-Range')
    if condition and condition != tag:
        plan.headers = without(plan.headers, 'Range')
    plan.flip = rule.get('flip', True)
    since = time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(rule['since']))

    def edit(headers: list) -> list:
        headers = replacing(headers, 'Last-Modified', since)
        return replacing(headers, 'ETag', tag) if tag else without(headers, 'ETag')

    plan.edits.append(edit)


def headers(plan: Plan, request: Request, rule: dict) -> None:
    def edit(old: list) -> list:
        old = without(old, *rule.get('remove', []))
        for name, value in rule.get('set', {}).items():
            old = replacing(old, name, value)
        return old

    plan.edits.append(edit)


def location(plan: Plan, request: Request, rule: dict) -> None:
    kind = rule.get('kind', 'relative')

    def edit(old: list) -> list:
        address = field(old, 'Location')
        if not address:
            return old
        parts = urllib.parse.urlsplit(address)
        path = parts.path + (f'?{parts.query}' if parts.query else '')
        if kind == 'query':
            address = with_query(address, rule.get('query', 'extra=a%2Fb%3D&x='))
        else:
            address = path if kind == 'relative' else request.origin + path
        return replacing(old, 'Location', address)

    plan.edits.append(edit)


ACTIONS = {action.__name__: action for action in (
    drop, status, redirect, unauthorized, rewrite, ignore_range, drop_upload, short_upload, lost_answer, short, stall,
    trickle, corrupt, wrong_range, changed, headers, location)}
ACTIONS['expire_token'] = unauthorized
