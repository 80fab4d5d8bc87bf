"""Uploads that can go on after a break, on top of docker-registry 2.8, which can't do that.

docker-registry 2.8 writes how many bytes it has into the addresses of an upload (`_state`), and gives the whole
upload up (404) when it is asked by an address from before the break. Distribution 3 and the registries of others
have one address, and tell by it how far they are. A proxy with `"resumable": true` behaves so: it puts the newest
`_state` in place of an older one; of a request that `drop_upload` breaks, the target keeps the first bytes; and a
PATCH whose Content-Range begins elsewhere than where the upload stands gets 416 with the Range, as the
specification of OCI wants (docker-registry 2.8 doesn't look at Content-Range).
"""
import re
import threading

from rules import field

STATE = r'_state=[^&]*'


class Uploads:
    def __init__(self) -> None:
        self.lock, self.known = threading.Lock(), {}  # path of the upload: newest _state, bytes that arrived

    def note(self, status: int, headers: list) -> None:
        """Keeps where an upload stands by an answer of the target."""
        path, _, query = field(headers, 'Location').partition('?')
        state = re.search(STATE, query)
        if status in (202, 204) and state:
            end = int(field(headers, 'Range').rpartition('-')[2] or 0)
            with self.lock:
                self.known[identity(path)] = (state[0], end + 1 if end else 0)

    def newest(self, path: str) -> str:
        with self.lock:
            state, _ = self.known.get(identity(path), (None, 0))
        return re.sub(STATE, lambda _: state, path) if state else path

    def out_of_order(self, method: str, path: str, headers: list) -> tuple | None:
        """Returns the answer to a PATCH that goes on elsewhere than where the upload stands."""
        stated = re.match(r'(?:bytes )?(\d+)-', field(headers, 'Content-Range'))
        with self.lock:
            known = self.known.get(identity(path))
        if method != 'PATCH' or not stated or not known or int(stated[1]) == known[1]:
            return None
        return (416, [('Range', f'0-{max(known[1] - 1, 0)}'), ('Location', path)], b'')


def identity(path: str) -> str:
    """Returns what names an upload in its address: without host and query."""
    return re.sub('^https?://[^/]*', '', path).partition('?')[0]
