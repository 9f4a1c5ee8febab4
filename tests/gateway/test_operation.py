"""What operators and service managers do to a running naru: signals, logs, notifications."""
import select
import signal
import socket
import threading

import pytest
from chats import DONE, chat, message, openai_answer, openai_chunk
from harness import documents, wait, wire
from harness.gateway import LISTENERS, START

CHAT = "/v1/chat/completions"


def of(upstream) -> str:
    return documents.upstream("u", upstream.url) + documents.model("m", "u")


def refuses_connections(naru) -> bool:
    try:
        naru.connect().close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True  # a reset, when the listener is closed at that moment
    return False


def test_sigterm_lets_a_running_stream_end_whole(start, upstream):
    naru = start(of(upstream))
    go = threading.Event()
    upstream.then(wire.stream_head(), wire.chunk(openai_chunk("first")), go,
                  wire.chunk(openai_chunk("last") + openai_chunk(finish="stop") + DONE),
                  wire.LAST_CHUNK)
    client, events = naru.stream(CHAT, chat("m", stream=True), naru.key())
    with client:
        assert b"first" in events.next()
        naru.process.send_signal(signal.SIGTERM)
        wait.until(lambda: refuses_connections(naru), "nobody is taken in any more")
        assert naru.process.poll() is None
        go.set()
        text = events.rest()
    assert b"last" in text and text.endswith(DONE) and b"error" not in text
    assert events.message.whole
    assert naru.process.wait(START) == 0


@pytest.mark.parametrize("path,body", [(CHAT, chat("m", stream=True)),
                                       ("/v1/messages", message("m", stream=True))])
def test_sigterm_ends_what_outlasts_the_drain_with_an_error(start, upstream, path, body):
    naru = start(of(upstream), gateway_document=LISTENERS + "drain: 500ms\n")
    upstream.then(wire.stream_head(), wire.chunk(openai_chunk("first")), threading.Event())
    client, events = naru.stream(path, body, naru.key())
    with client:
        while b"first" not in events.next():
            pass
        naru.process.send_signal(signal.SIGTERM)
        text = events.rest()
    assert text.count(b"naru is stopping") == 1
    assert b"[DONE]" not in text and b"message_stop" not in text
    assert naru.process.wait(START) == 0
    assert '"outcome":"unavailable"' in naru.log()


@pytest.fixture
def log(tmp_path):
    return tmp_path / "naru.log"


def mode(file) -> int:
    return file.stat().st_mode & 0o777


def call_logged_in(naru, file, upstream, key: str) -> str:
    """Makes a call; its request id, once its line stands in `file`."""
    upstream.then(openai_answer())
    request_id = naru.post(CHAT, chat("m"), key).header("x-request-id")
    wait.until(lambda: request_id in file.read_text(encoding="utf-8"), f"the line in {file}")
    return request_id


def test_sigusr1_opens_the_log_file_anew(start, upstream, log):
    naru = start(of(upstream),
                 gateway_document=LISTENERS.replace("log: {", f"log: {{file: {log}, "))
    key, rotated = naru.key(), log.with_suffix(".1")
    first = call_logged_in(naru, log, upstream, key)
    assert mode(log) == 0o600
    log.rename(rotated)
    naru.process.send_signal(signal.SIGUSR1)
    wait.until(log.exists, "the new log file")
    second = call_logged_in(naru, log, upstream, key)
    assert mode(log) == 0o600
    assert first in rotated.read_text() and second not in rotated.read_text()


def test_sigusr1_without_a_log_file_harms_nothing(start, upstream):
    naru = start(of(upstream))
    naru.process.send_signal(signal.SIGUSR1)
    call_logged_in(naru, naru.log_path, upstream, naru.key())


class Manager:
    """Stands for systemd: hears what naru says of itself."""

    def __init__(self, path):
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(START)

    def __enter__(self) -> "Manager":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()

    def hears(self) -> str:
        return self._socket.recv(4096).decode().split("\n")[0]

    def heard_nothing(self) -> bool:
        return select.select([self._socket], [], [], 0)[0] == []


def test_service_manager_is_told_of_each_state(tmp_path, start, upstream):
    with Manager(tmp_path / "notify") as manager:
        naru = start(of(upstream), environment={"NOTIFY_SOCKET": manager.path})
        assert manager.hears() == "READY=1"
        assert naru.call("GET", "/health/ready").status == 200
        naru.process.send_signal(signal.SIGHUP)
        assert [manager.hears(), manager.hears()] == ["RELOADING=1", "READY=1"]
        naru.process.send_signal(signal.SIGTERM)
        assert manager.hears() == "STOPPING=1"
        assert naru.process.wait(START) == 0


def test_service_manager_is_not_told_ready_of_bad_documents(tmp_path, start):
    with Manager(tmp_path / "notify") as manager:
        naru = start("kind: Nothing\n", wait_ready=False,
                     environment={"NOTIFY_SOCKET": manager.path})
        assert naru.process.wait(START) == 2
        assert manager.heard_nothing()
