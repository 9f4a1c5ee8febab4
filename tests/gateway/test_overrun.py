"""Each time of an attempt ends it when it is over, and little later: connect, first token, between
tokens, total. Measured at the client; the exchange's own time is in it."""
import math
import socket
import time

import pytest
from chats import openai_chunk
from dialects import PATHS, body
from harness import documents, wait, wire
from harness.client import request
from harness.gateway import Gateway
from harness.upstream import STALL, Upstream

LIMIT = 0.2     # seconds; each time in turn, the others are long
SOON = 0.8      # over it; 0.01 is usual, a busy machine under sanitizers needs more
FULL = 0.05     # over it, on a quiet machine
TIMES = {"connect": "connect", "handshake": "connect", "first_token": "first_token",
         "first_content": "first_token", "between_tokens": "between_tokens",
         "pings_between": "between_tokens", "total": "total", "total_of_drips": "total"}


def pinged(count: int) -> list:
    """Pings in the place of tokens: they keep a connection, and say nothing."""
    return [wire.chunk(b": ping\n\n"), lambda: wait.gone_by(LIMIT / 4)] * count


# What an upstream does for longer than it may. `connect` and `handshake` never get so far.
SCRIPTS = {
    "first_token": [STALL],
    "first_content": [wire.stream_head(), *pinged(40), STALL],
    "between_tokens": [wire.stream_head(), wire.chunk(openai_chunk("half")), STALL],
    "pings_between": [wire.stream_head(), wire.chunk(openai_chunk("half")), *pinged(40), STALL],
    "total": [STALL],
    "total_of_drips": [wire.stream_head(),
                       *[wire.chunk(openai_chunk("x")), lambda: wait.gone_by(LIMIT / 20)] * 100,
                       STALL],
}


def full_listener() -> tuple[socket.socket, list[socket.socket]]:
    """A port where nobody is let in any more: those that wait fill its queue."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
        waiting.append(one)
    return listener, waiting


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    full, waiting = full_listener()
    silent = socket.create_server(("127.0.0.1", 0), backlog=512)
    with Upstream() as upstream:
        urls = {"connect": f"http://127.0.0.1:{full.getsockname()[1]}",
                "handshake": f"https://127.0.0.1:{silent.getsockname()[1]}"}
        text = ""
        for name, limited in TIMES.items():
            dashed = name.replace("_", "-")
            text += documents.upstream(
                dashed, urls.get(name, upstream.url),
                extra=f"timeouts: {{{limited}: {int(LIMIT * 1000)}ms}}\n"
                      "failures_to_open: 0\nspeaks: [openai_chat]")
            text += documents.model(name, dashed, retry="{attempts: 1}")
        with Gateway(tmp_path_factory.mktemp("overrun"), text) as naru:
            naru.upstream, naru.test_key = upstream, naru.key()
            yield naru
        upstream.errors.clear()
    for one in (full, silent, *waiting):
        one.close()


def read_until(connection, mark: bytes) -> None:
    seen = b""
    while mark not in seen:
        piece = connection.connection.recv(65536)
        assert piece, seen
        seen += piece


def overrun(stage, name: str, client: str, stream: bool) -> float:
    """Seconds over the limit until the client is told."""
    stage.upstream.clear()
    stage.upstream.then(*SCRIPTS.get(name, ()))
    with stage.connect() as connection:
        began = time.monotonic()
        connection.send(request("POST", PATHS[client], body(client, name, stream=stream),
                                {"authorization": f"Bearer {stage.test_key}"}))
        if TIMES[name] == "between_tokens":
            read_until(connection, b"half")
            began = time.monotonic()
            read_until(connection, b"error")
            return time.monotonic() - began - LIMIT
        answer = connection.answer()
        took = time.monotonic() - began
    told = answer.status == 504 or b'"error"' in answer.body or b"event: error" in answer.body
    assert told, (answer.start, answer.body)
    return took - LIMIT


def check(stage, name: str, client: str, stream: bool, count: int, bound: float) -> None:
    times = sorted(overrun(stage, name, client, stream) for _ in range(count))
    p99 = times[math.ceil(count * 0.99) - 1]
    print(f"{name} to {client}: {count} calls, over by {times[count // 2] * 1000:.1f} ms (p50), "
          f"{p99 * 1000:.1f} ms (p99)")
    assert -0.02 < times[0] and p99 < bound


CALLS = [(name, True) for name in TIMES] + [(name, False) for name in
                                           ("connect", "handshake", "total")]


@pytest.mark.parametrize("client", PATHS)
@pytest.mark.parametrize("name,stream", CALLS)
def test_time_is_kept(stage, name, stream, client):
    check(stage, name, client, stream, 2, SOON)


@pytest.mark.soak
@pytest.mark.parametrize("name,stream", CALLS)
def test_overrun_of_many_is_within_50_ms(stage, name, stream):
    check(stage, name, "openai_chat", stream, 100, FULL)
