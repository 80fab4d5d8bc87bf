"""One connection that speaks HTTP/1.1, from either side: heads, bodies and their framing, read in large pieces."""
import select
import socket
import ssl
import struct

PIECE = 256 * 1024
MAXIMUM_HEAD = 256 * 1024


class Broken(Exception):
    """The other side closed the connection in the middle."""


class Wire:
    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.rest = b''  # bytes that were read beyond what was asked for
        self.buffer = None

    def send(self, data) -> None:
        self.socket.sendall(data)

    def head(self):
        """Returns the first line and the headers of a message, or None where the connection ended before it."""
        while (end := self.rest.find(b'\r\n\r\n')) < 0:
            if len(self.rest) > MAXIMUM_HEAD:
                raise Broken('a head without an end')
            data = self.socket.recv(65536)
            if not data:
                if self.rest:
                    raise Broken('a head was cut off')
                return None
            self.rest += data
            if self.rest[0] == 0x16:  # a client such as skopeo tries TLS first, and would wait for its deadline
                raise Broken('TLS where plain HTTP is spoken')
        lines = self.rest[:end].decode('latin-1').split('\r\n')
        self.rest = self.rest[end + 4:]
        headers = [tuple(part.strip() for part in line.partition(':')[::2]) for line in lines[1:]]
        return lines[0], headers

    def line(self) -> bytes:
        while (end := self.rest.find(b'\r\n')) < 0:
            data = self.socket.recv(65536)
            if not data:
                raise Broken('a chunked body was cut off')
            self.rest += data
        line, self.rest = self.rest[:end], self.rest[end + 2:]
        return line

    def pieces(self, count: int | None):
        """Yields the next bytes, all of them up to the end of the connection where the count is None."""
        while count is None or count > 0:
            most = PIECE if count is None else min(PIECE, count)
            if self.rest:
                piece, self.rest = self.rest[:most], self.rest[most:]
            else:
                self.buffer = self.buffer or memoryview(bytearray(PIECE))
                read = self.socket.recv_into(self.buffer, most)
                if not read:
                    if count is None:
                        return
                    raise Broken(f'{count} bytes of a body are missing')
                piece = self.buffer[:read]
            count = None if count is None else count - len(piece)
            yield piece

    def chunks(self):
        """Yields the bytes of a chunked body, without its framing."""
        while size := int(self.line().split(b';')[0], 16):
            yield from self.pieces(size)
            self.line()
        while self.line():  # trailers
            pass

    def body(self, headers: list, until_end: bool):
        """Yields the body that the headers announce. An answer without a length reaches `until_end`."""
        names = {key.lower(): value for key, value in headers}
        if 'chunked' in names.get('transfer-encoding', '').lower():
            return self.chunks()
        if 'content-length' in names:
            return self.pieces(int(names['content-length']))
        return self.pieces(None if until_end else 0)

    def readable(self, seconds: float = 0) -> bool:
        """Tells whether bytes or the end of the connection are there to be read."""
        pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()
        return bool(self.rest or pending or select.select([self.socket], [], [], seconds)[0])

    def close(self, reset: bool = False, linger: float = 0) -> None:
        """Closes the connection: with a RST, or with a FIN, and then for a while what still comes is thrown away,
        because the kernel would send a RST for unread bytes, and the client would lose the last answer."""
        try:
            if reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            elif linger:
                self.socket.shutdown(socket.SHUT_WR)
                self.socket.settimeout(linger)
                while socket.socket.recv(self.socket, 65536):
                    pass
            else:
                self.socket.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            pass
        finally:
            self.socket.close()


def connect(host: str, port: int, context: ssl.SSLContext | None) -> Wire:
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Wire(context.wrap_socket(connection, server_hostname=host) if context else connection)
