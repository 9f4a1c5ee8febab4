"""A client on a raw socket, and short calls for tests that need no bytes."""
import json
import socket
import ssl
import struct
from typing import Iterator

from . import wire

PATIENCE = 30.0


def place(address: str) -> tuple[str, int]:
    """Host and port of `http://host:port`, with or without a scheme."""
    host, port = address.split("//")[-1].rsplit(":", 1)
    return host, int(port)


class Client:
    """One connection to a listener. Reads give up after a while, and the test fails then."""

    def __init__(self, address: str, tls: ssl.SSLContext | None = None, host: str = "localhost"):
        self.connection = socket.create_connection(place(address), timeout=PATIENCE)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.connection = tls.wrap_socket(self.connection, server_hostname=host)
        self.reader = wire.Reader(self.connection)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def head(self) -> wire.Message:
        message = self.reader.head()
        if message is None:
            raise wire.Broken("the connection ended without an answer")
        return message

    def answer(self, method: str = "POST") -> wire.Message:
        """The next answer, whole; 1xx before it are left out."""
        message = self.head()
        while message.status < 200:
            message = self.head()
        no_body = method == "HEAD" or message.status in (204, 304)
        return self.reader.body(message, no_body=no_body, to_close=True)

    def call(self, method: str, path: str, body=None,
             headers: dict[str, str] | None = None) -> wire.Message:
        self.send(request(method, path, body, headers))
        return self.answer(method)

    def at_end(self) -> bool:
        """Whether the peer has closed; waits for its next word."""
        try:
            return self.connection.recv(1) == b""
        except ConnectionResetError:
            return True

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def close(self) -> None:
        self.connection.close()


def slow_client(naru) -> Client:
    """A connection on which the kernels keep little, so that what is not read waits at naru."""
    client = Client.__new__(Client)
    client.connection = socket.socket()
    client.connection.settimeout(PATIENCE)
    client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1000)
    client.connection.connect(place(naru.address))
    client.reader = wire.Reader(client.connection)
    return client


def body_bytes(body) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, ensure_ascii=False).encode()


def request(method: str, path: str, body=None, headers: dict[str, str] | None = None) -> bytes:
    """A request as bytes; a body gets its length unless `headers` frame it."""
    data = body_bytes(body)
    names = {name.lower() for name in headers or {}}
    lines = [f"{method} {path} HTTP/1.1"]
    if "host" not in names:
        lines.append("host: naru")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"content-length: {len(data)}")
    if body is not None and "content-type" not in names:
        lines.append("content-type: application/json")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


class EventStream:
    """Server-sent events of a streamed answer, one by one."""

    def __init__(self, client: Client):
        self.client = client
        self.message = client.head()
        self._unread = b""
        chunked = (self.message.header("transfer-encoding") or "") == "chunked"
        self._pieces = client.reader.chunks(self.message) if chunked else iter(())

    def frames(self) -> Iterator[bytes]:
        """Each event's bytes with the blank line that ends it."""
        while True:
            while b"\n\n" in self._unread:
                end = self._unread.index(b"\n\n") + 2
                frame, self._unread = self._unread[:end], self._unread[end:]
                yield frame
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._unread += piece

    def next(self) -> bytes:
        return next(self.frames())

    def line(self) -> bytes:
        """One line of the body: a comment between events has no blank line behind it."""
        while b"\n" not in self._unread:
            self._unread += next(self._pieces)
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def rest(self) -> bytes:
        return b"".join(self.frames()) + self._unread
