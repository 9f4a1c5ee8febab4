"""A scripted upstream on a blocking socket: sends exactly the bytes a test says, when it says so,
and keeps the bytes it got."""
import collections
import errno
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Callable, Iterable

from . import wait, wire


class Word:
    """A step of a script that sends nothing."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return self.name


CLOSE = Word("CLOSE")    # closes in order
RESET = Word("RESET")    # closes with a reset
STALL = Word("STALL")    # sends nothing more, waits until the peer leaves
READ = Word("READ")      # goes on once the peer has read all that was sent

Step = bytes | Word | threading.Event | Callable[[], None]
Script = Iterable[Step]


@dataclass
class Request:
    """One request an upstream got."""
    message: wire.Message
    connection: int                  # which connection, from 1
    arrived: float                   # monotonic seconds
    left: threading.Event = field(default_factory=threading.Event)  # the peer closed meanwhile
    left_at: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)  # the script has ended

    @property
    def body(self) -> bytes:
        return self.message.body

    @property
    def target(self) -> str:
        return self.message.target

    def header(self, name: str) -> str | None:
        return self.message.header(name)


class Upstream:
    """Answers each request with the next script of the queue, else with the usual one."""

    def __init__(self, usual: Script | Callable[[Request], Script] | None = None,
                 tls: ssl.SSLContext | None = None, listener: socket.socket | None = None):
        self.usual = usual
        self.tls = tls
        self.queue: collections.deque = collections.deque()
        self.requests: list[Request] = []
        self.connections = 0
        self.errors: list[str] = []
        self._listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1] if listener is None else 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Upstream":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def then(self, *steps: Step) -> None:
        """The script for the next request that has none yet."""
        self.queue.append(steps)

    def clear(self) -> None:
        self.queue.clear()
        self.requests.clear()

    def wait_for(self, count: int) -> Request:
        """The request of that number (from 1), once it has come whole."""
        wait.until(lambda: len(self.requests) >= count, f"request {count} at the upstream")
        return self.requests[count - 1]

    def drop_connections(self) -> None:
        """Resets every open connection."""
        with self._lock:
            open_now = list(self._open)
        for connection in open_now:
            wake_to_reset(connection)

    def close(self) -> None:
        self._closed = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.drop_connections()

    def own_answer(self, message: wire.Message) -> bytes | None:
        """What is answered out of turn, and kept nowhere."""
        return None

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections),
                             daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if connection.family == socket.AF_INET:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with self._lock:
                self._open.add(connection)
            self._serve_requests(connection, number)
        except (OSError, ValueError) as e:
            if not peer_left(e):
                self.errors.append(f"{type(e).__name__}: {e}")
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _serve_requests(self, connection: socket.socket, number: int) -> None:
        reader = wire.Reader(connection)
        while True:
            message = reader.head()
            if message is None:
                return
            reader.body(message)
            if (own := self.own_answer(message)) is not None:
                connection.sendall(own)
                continue
            request = Request(message, number, time.monotonic())
            with self._lock:
                self.requests.append(request)
                script = self.queue.popleft() if self.queue else self.usual
            if callable(script):
                script = script(request)
            try:
                if not self._play(connection, request, script):
                    return
            finally:
                request.done.set()

    def _play(self, connection: socket.socket, request: Request, script) -> bool:
        """Whether the connection can take another request."""
        if script is None:
            raise ValueError("a request came, and no script was left for it")
        for step in script:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, threading.Event):
                if not watch(connection, request, step):
                    return False
            elif step is READ:
                wait_until_read(connection)
            elif step is STALL:
                watch(connection, request, None)
                return False
            elif step is CLOSE:
                close_in_order(connection)
                return False
            elif step is RESET:
                reset(connection)
                return False
            else:
                step()
        return True


def peer_left(e: Exception) -> bool:
    """Whether naru closed its end, as it may behind an answer and must when a call is cancelled:
    what was being sent, read or watched then has nobody to go to."""
    return isinstance(e, ConnectionError) or getattr(e, "errno", None) == errno.ENOTCONN


def watch(connection: socket.socket, request: Request, event: threading.Event | None) -> bool:
    """Waits for `event`, or for the peer to leave; whether the peer is still there."""
    connection.settimeout(0.005)
    while event is None or not event.is_set():
        try:
            if connection.recv(65536) == b"":
                break
        except (TimeoutError, ssl.SSLWantReadError):
            continue
        except OSError:
            break
    else:
        connection.settimeout(None)
        return True
    request.left_at = time.monotonic()
    request.left.set()
    return False


def close_in_order(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def reset(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    except OSError:
        pass


def wake_to_reset(connection: socket.socket) -> None:
    """Ends the wait of the thread that serves it, whose closing then is a reset. Closing it from
    here would leave that thread waiting on a number that soon is another connection's."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        pass


def wait_until_read(connection: socket.socket) -> None:
    """Waits until the peer, on this machine, has taken every byte off its socket."""
    mine = _address(connection.getsockname())
    peer = _address(connection.getpeername())
    wait.until(lambda: _waiting_bytes(peer, mine) == 0, "the peer reads what was sent")


def _address(name) -> str:
    packed = struct.unpack("<I", socket.inet_aton(name[0]))[0]
    return f"{packed:08X}:{name[1]:04X}"


def _waiting_bytes(local: str, remote: str) -> int:
    """Bytes in the receive queue of the socket at `local`; 0 when it is closed."""
    needle = f" {local} {remote} "
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table:
            if needle in line:
                return int(line.split()[4].split(":")[1], 16)
    return 0
