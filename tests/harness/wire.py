"""HTTP/1.1 on bytes, as far as tests need it; shares nothing with naru's own reader."""
import re
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"


class Broken(AssertionError):
    """Bytes that are no HTTP/1.1, or end too early."""


@dataclass
class Message:
    """One request or answer: its first line, header lines in order, and the body unframed."""
    start: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    raw: bytes = b""                 # as it came, framing included
    whole: bool = True               # the framing said that this was all
    chunks: list[bytes] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None

    @property
    def status(self) -> int:
        return int(self.start.split(" ", 2)[1])

    @property
    def method(self) -> str:
        return self.start.split(" ")[0]

    @property
    def target(self) -> str:
        return self.start.split(" ")[1]


def read_head(head: bytes) -> Message:
    lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines[1:] if line]
    return Message(lines[0], [(name, value.strip()) for name, _, value in pairs], raw=head)


class Reader:
    """Takes messages off a socket, byte-exact; what follows one stays for the next."""

    def __init__(self, connection):
        self.connection = connection
        self.unread = b""

    def _more(self) -> bool:
        piece = self.connection.recv(65536)
        self.unread += piece
        return bool(piece)

    def _take(self, count: int) -> bytes:
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self.unread:
            if not self._more():
                return None
        return self._take(self.unread.index(mark) + len(mark))

    def _exactly(self, count: int) -> bytes:
        while len(self.unread) < count and self._more():
            pass
        return self._take(count)

    def head(self) -> Message | None:
        """The next head; None at the end of the connection."""
        head = self._until(HEAD_END)
        if head is None:
            if self.unread:
                raise Broken(f"the connection ended within a head: {self.unread!r}")
            return None
        return read_head(head)

    def chunks(self, message: Message):
        """Yields a chunked body's chunks as they come."""
        message.whole = False
        while True:
            line = self._until(b"\r\n")
            if line is None or not re.fullmatch(rb"[0-9a-fA-F]+(;.*)?\r\n", line):
                if line is not None:
                    raise Broken(f"no chunk size: {line!r}")
                return
            size = int(line.split(b";")[0], 16)
            data = self._exactly(size)
            message.raw += line + data
            if size == 0:
                rest = self._until(b"\r\n")
                message.raw += rest or b""
                message.whole = rest == b"\r\n"
                return
            message.body += data
            message.chunks.append(data)
            if len(data) < size or self._exactly(2) != b"\r\n":
                return
            message.raw += b"\r\n"
            yield data

    def body(self, message: Message, no_body: bool = False, to_close: bool = False) -> Message:
        length = message.header("content-length")
        if no_body:
            return message
        if (message.header("transfer-encoding") or "").lower() == "chunked":
            for _ in self.chunks(message):
                pass
        elif length is not None:
            message.body = self._exactly(int(length))
            message.whole = len(message.body) == int(length)
            message.raw += message.body
        elif to_close:
            while self._more():
                pass
            message.body = self._take(len(self.unread))
            message.raw += message.body
        return message


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def answer(body: bytes | str, status: int = 200, content_type: str = "application/json",
           headers: dict[str, str] | None = None) -> bytes:
    """A whole answer with a length."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Status", f"content-type: {content_type}",
             f"content-length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


def stream_head(headers: dict[str, str] | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", "content-type: text/event-stream", "transfer-encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def stream(*events: bytes | str) -> list[bytes]:
    """A whole streamed answer, a write an event."""
    datas = [event.encode() if isinstance(event, str) else event for event in events]
    return [stream_head(), *(chunk(data) for data in datas), LAST_CHUNK]
