"""What one client may take of naru: memory, time, names, places; and what it takes from others."""
import json
import os
import signal
import socket
import threading
import time

import pytest
from chats import DONE, chat, openai_answer, openai_chunk
from harness import documents, processes, wait, wire
from harness.client import request
from harness.gateway import LISTENERS, Gateway
from harness.upstream import STALL, Upstream

CHAT, MIB = "/v1/chat/completions", 1 << 20


def last_row(naru) -> dict:
    return naru.admin("GET", "/admin/v1/exchanges?limit=1")["exchanges"][0]


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    limits = ("limits: {body_bytes: 1MiB, body_memory_bytes: 4MiB, write_timeout: 1s, "
              "body_timeout: 2s}\n")
    with Upstream() as upstream:
        text = documents.upstream("u", upstream.url, extra="timeouts: {between_tokens: 500ms}") + \
            documents.model("m", "u") + documents.model("pat-*", "u")
        with Gateway(tmp_path_factory.mktemp("narrow"), text, LISTENERS + limits) as naru:
            naru.upstream, naru.test_key = upstream, naru.key()
            yield naru


def test_what_a_body_takes_as_a_tree_counts(narrow):
    """A megabyte of small numbers is more than ten in memory, which all together may never take."""
    body = json.dumps(chat("m", x=[1] * 300_000))
    assert len(body) < MIB
    assert narrow.post(CHAT, body, narrow.test_key).status == 413
    narrow.upstream.then(openai_answer())
    assert narrow.post(CHAT, chat("m", "a" * 900_000), narrow.test_key).status == 200


def test_declared_bodies_that_never_come_take_nothing_from_others(narrow):
    idle = [narrow.connect() for _ in range(16)]
    try:
        for client in idle:
            client.send(f"POST {CHAT} HTTP/1.1\r\nhost: a\r\nx-api-key: {narrow.test_key}\r\n"
                        f"content-length: {MIB}\r\n\r\n".encode())
        narrow.upstream.then(openai_answer())
        assert narrow.post(CHAT, chat("m"), narrow.test_key).status == 200
    finally:
        for client in idle:
            client.close()


def test_model_name_has_a_bound(narrow):
    answer = narrow.post(CHAT, chat("pat-" + "é" * 200), narrow.test_key)
    assert answer.status == 400 and "256" in json.loads(answer.body)["error"]["message"]
    narrow.upstream.then(openai_answer())
    long = narrow.post(CHAT, chat("pat-" + "x" * 250), narrow.test_key)
    assert long.status == 200 and len(long.header("x-naru-upstream-model")) == 254


def test_pattern_is_no_model(narrow):
    assert narrow.call("GET", "/v1/models/pat-%2A", key=narrow.test_key).status == 404


def test_slow_reader_is_served_to_the_end(narrow):
    """The write timeout is for no progress, not for the whole answer."""
    narrow.upstream.then(openai_answer("a" * (24 * MIB)))
    with narrow.connect() as client:
        client.send(request("POST", CHAT, chat("m"), {"x-api-key": narrow.test_key}))
        began, got = time.monotonic(), 0
        client.connection.settimeout(10)
        while got < 24 * MIB:
            piece = client.connection.recv(1 << 16)
            assert piece, f"cut after {got} bytes"
            got += len(piece)
            # No faster than 8 MiB a second, so that the whole takes longer than the time to write.
            wait.gone_by(max(0.0, got / (8 * MIB) - (time.monotonic() - began)))
        assert time.monotonic() - began > 2


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_reader_that_takes_nothing_is_abandoned(narrow, stream):
    text = "a" * (16 * MIB)
    if stream:
        pieces = [openai_chunk("a" * MIB) for _ in range(16)]
        narrow.upstream.then(wire.stream_head(), *(wire.chunk(piece) for piece in pieces), STALL)
    else:
        narrow.upstream.then(openai_answer(text))
    with narrow.connect() as client:
        client.send(request("POST", CHAT, chat("m", stream=stream),
                            {"x-api-key": narrow.test_key}))
        wait.until(lambda: last_row(narrow)["outcome"] in ("ok", "abandoned") and
                   narrow.upstream.requests[-1].done.is_set() or None, "the call has ended", 10)
        if stream:
            wait.until(lambda: last_row(narrow)["outcome"] == "abandoned", "its row", 10)
    assert "connection.broken" not in narrow.log()


def test_health_calls_nobody_reads_do_not_hold_a_connection(narrow):
    with narrow.connect() as client:
        client.connection.settimeout(0.2)
        calls = b"GET /health/ready HTTP/1.1\r\nhost: a\r\n\r\n" * 1000
        with pytest.raises(OSError):  # full, then closed
            for _ in range(2000):
                try:
                    client.connection.sendall(calls)
                except TimeoutError:
                    continue


def test_leaving_is_seen_behind_requests_sent_ahead(narrow):
    narrow.upstream.then(wire.stream_head(), wire.chunk(openai_chunk("half")), STALL)
    seen = len(narrow.upstream.requests)
    client, events = narrow.stream(CHAT, chat("m", stream=True), narrow.test_key)
    assert b"half" in events.next()
    client.connection.setblocking(False)
    client.connection.send(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n" * 2000)
    got = narrow.upstream.wait_for(seen + 1)
    client.reset()
    assert got.left.wait(5)
    row = narrow.exchange(events.message.header("x-request-id"))
    assert row["outcome"] == "abandoned"


@pytest.mark.parametrize("ping", [b": ping\n\n", b"event: ping\ndata: {}\n\n"])
def test_pings_are_no_tokens(narrow, ping):
    go = threading.Event()
    narrow.upstream.then(wire.stream_head(), wire.chunk(openai_chunk("half")),
                         *([lambda: go.wait(0.2), wire.chunk(ping)] * 10),
                         wire.chunk(openai_chunk("late") + openai_chunk(finish="stop") + DONE),
                         wire.LAST_CHUNK)
    client, events = narrow.stream(CHAT, chat("m", stream=True), narrow.test_key)
    with client:
        text = events.rest()
    assert b"half" in text and b"late" not in text and text.count(b'"error"') == 1
    narrow.upstream.errors.clear()


def test_total_bounds_all_attempts_together(start, upstream):
    naru = start(documents.upstream("u", upstream.url, extra="timeouts: {total: 1s}") +
                 documents.model("m", "u"))
    upstream.usual = [STALL]
    began = time.monotonic()
    assert naru.post(CHAT, chat("m"), naru.key()).status == 504
    assert time.monotonic() - began < 1.9 and len(upstream.requests) == 1


def test_calls_that_never_left_cost_nothing(start):
    """A connection whose handshake never ends: nobody was asked anything."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        naru = start(documents.upstream("u", f"https://127.0.0.1:{silent.getsockname()[1]}",
                                        extra="timeouts: {connect: 20s}") +
                     documents.model("m", "u"))
        silent.settimeout(10)
        client = naru.connect()
        client.send(request("POST", CHAT, chat("m", "word " * 2000), {"x-api-key": naru.key()}))
        connection, _ = silent.accept()
        client.reset()
        row = wait.until(lambda: naru.admin("GET", "/admin/v1/exchanges")["exchanges"],
                         "its row")[0]
        assert row["outcome"] == "abandoned" and row["tokens_by"] == "none"
        assert row["tokens"]["input"] == 0
        connection.close()


def test_idle_engine_stays_unloaded(start):
    naru = start(documents.deployment("local", extra="start: on_demand\nidle_unload: 500ms") +
                 documents.model("m", "local"))

    def local() -> dict:
        return naru.admin("GET", "/admin/v1/deployments")["deployments"][0]
    assert naru.post(CHAT, chat("m", max_tokens=2), naru.key()).status == 200
    wait.until(lambda: local()["phase"] == "stopped", "the idle engine is unloaded", 20)
    with pytest.raises(wait.Late):
        wait.until(lambda: local()["phase"] != "stopped", "it starts again", 2.5)


def test_engine_that_ends_at_once_has_last_words(start, tmp_path):
    engine = tmp_path / "engine.sh"
    engine.write_text("#!/bin/sh\necho 'error: invalid argument: --no-ui' >&2\nexit 1\n")
    engine.chmod(0o755)
    naru = start(documents.deployment("local", extra=f"engine_path: {engine}") +
                 documents.model("m", "local"))
    state = wait.until(
        lambda: (one := naru.admin("GET", "/admin/v1/deployments")["deployments"][0])["phase"]
        in ("backoff", "failed") and one, "the engine has ended", 20)
    assert "invalid argument: --no-ui" in state["reason"]
    wait.until(lambda: '"engine.output"' in naru.log(), "its words are in the log")


def test_engine_behind_a_script_ends_with_its_holder(start, tmp_path):
    """The death signal reaches the script alone; naru ends what the script began."""
    engine, child = tmp_path / "engine.sh", tmp_path / "child"
    engine.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {child}\nwait\n")
    engine.chmod(0o755)
    naru = start(documents.deployment("local", extra=f"engine_path: {engine}") +
                 documents.model("m", "local"))
    wait.until(lambda: child.is_file() and child.read_text().strip(), "the script runs", 20)
    script = wait.until(
        lambda: naru.admin("GET", "/admin/v1/deployments")["deployments"][0]["pid"],
        "naru knows the script")
    began = int(child.read_text())
    os.kill(processes.parent_of(script), signal.SIGKILL)
    wait.until(lambda: not processes.is_there(began), "what the script began has ended", 10)


def test_engine_that_hangs_in_its_first_token_can_be_replaced(start, tmp_path):
    """A word to stop is heard while the first token is waited for."""
    engine = tmp_path / "engine.py"
    engine.write_text(HANGING_ENGINE)
    engine.chmod(0o755)
    naru = start(documents.deployment("old", extra=f"engine_path: {engine}") +
                 documents.model("m", "old"))
    wait.until(lambda: naru.admin("GET", "/admin/v1/deployments")["deployments"][0]["reason"]
               == "warming up", "the engine warms up", 30)
    began = time.monotonic()
    naru.write(LISTENERS + documents.deployment("new", extra="start: on_demand") +
               documents.model("m", "new"))
    wait.until(lambda: [one["name"] for one in naru.admin("GET", "/admin/v1/deployments")
                        ["deployments"]] == ["new"], "the deployment is replaced", 30)
    assert time.monotonic() - began < 25


HANGING_ENGINE = f"#!{os.environ.get('PYTHON', '/usr/bin/env python3')}\n" + '''
import socket, sys, threading
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[sys.argv.index("--host") + 1])
listener.listen()
kept = []

def serve(connection):
    while data := connection.recv(65536):
        if data.startswith(b"GET"):
            connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}")

while True:
    connection, _ = listener.accept()
    kept.append(connection)
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
'''
