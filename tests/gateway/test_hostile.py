"""Bytes nobody should send: refused or closed, never a 5xx, never a second reading."""
import gzip
import json
import socket

import pytest
from chats import chat, openai_answer, openai_error
from harness import documents, wire
from harness.client import Client, request
from harness.gateway import LISTENERS, Gateway
from harness.upstream import CLOSE, Upstream

CHAT = "/v1/chat/completions"
CANARY = b"GET /health/live HTTP/1.1\r\nhost: canary\r\n\r\n"


def head(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (f"POST {CHAT} HTTP/1.1", *lines)).encode() + b"\r\n"


SMUGGLED = {
    "length_and_chunked": head("host: a", "content-length: 5", "transfer-encoding: chunked"),
    "two_lengths": head("host: a", "content-length: 5", "content-length: 6"),
    "length_list": head("host: a", "content-length: 5, 5"),
    "length_plus": head("host: a", "content-length: +5"),
    "length_negative": head("host: a", "content-length: -1"),
    "length_huge": head("host: a", "content-length: 99999999999999999999"),
    "xchunked": head("host: a", "transfer-encoding: xchunked"),
    "chunked_twice": head("host: a", "transfer-encoding: chunked", "transfer-encoding: chunked"),
    "gzip_chunked": head("host: a", "transfer-encoding: gzip, chunked"),
    "space_before_colon": head("host: a", "content-length : 5"),
    "folded": head("host: a", "x: 1", " content-length: 5"),
    "no_host": head(),
    "two_hosts": head("host: a", "host: b"),
    "old_chunked": head("host: a", "transfer-encoding: chunked").replace(b"/1.1", b"/1.0"),
    "bare_lf": f"POST {CHAT} HTTP/1.1\nhost: a\ncontent-length: 5\n\n".encode(),
    "nul": head("host: a", "x: a\0b"),
    "control_in_name": head("host: a", "x\x01: b"),
    "no_version": f"POST {CHAT}\r\nhost: a\r\n\r\n".encode(),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_malformed_head_is_refused_and_the_connection_closed(naru, case):
    with naru.connect() as client:
        client.send(SMUGGLED[case] + CANARY)
        answer = client.answer()
        assert 400 <= answer.status < 500 or answer.status == 505  # another version of HTTP
        assert answer.header("x-request-id") == answer.header("request-id") is not None
        assert client.at_end(), "the connection went on behind a head nobody can be sure of"
    assert naru.openai.requests == []


@pytest.mark.parametrize("body", [b"5\r\nhello", b"x\r\n", b"-1\r\n", b"5 \r\nhello\r\n0\r\n\r\n",
                                  b"FFFFFFFFFFFFFFFFF\r\n", b"5\nhello\n0\n\n",
                                  b"2\r\nhello\r\n0\r\n\r\n"])
def test_broken_chunks_are_refused_and_the_connection_closed(naru, body):
    with naru.connect() as client:
        client.send(head("host: a", f"x-api-key: {naru.test_key}", "transfer-encoding: chunked") +
                    body + CANARY)
        client.connection.shutdown(socket.SHUT_WR)
        rest = b""
        while piece := client.connection.recv(65536):
            rest += piece
        assert b"HTTP/1.1 200" not in rest and b"HTTP/1.1 5" not in rest
    assert naru.openai.requests == []


def test_pipelined_canaries_behind_a_good_request_are_answered_once(naru):
    naru.openai.then(openai_answer())
    with naru.connect() as client:
        client.send(request("POST", CHAT, chat("gpt"), {"x-api-key": naru.test_key}) + CANARY * 3)
        assert [client.answer().status for _ in range(4)] == [200] * 4


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A naru with narrow bounds."""
    limits = ("limits: {head_bytes: 4KiB, body_bytes: 64KiB, body_memory_bytes: 1MiB, "
              "head_timeout: 300ms, body_timeout: 500ms, answer_bytes: 64KiB, event_bytes: 4KiB}\n")
    with Upstream() as upstream:
        text = documents.upstream("u", upstream.url, extra="failures_to_open: 0") + \
            documents.model("m", "u", retry="{attempts: 1}")
        with Gateway(tmp_path_factory.mktemp("small"), text, LISTENERS + limits) as naru:
            naru.upstream, naru.test_key = upstream, naru.key()
            yield naru


def test_head_too_large_is_431(small):
    with small.connect() as client:
        client.send(head("host: a", "x: " + "a" * 5000))
        assert client.answer().status == 431


def test_head_without_end_is_431(small):
    with small.connect() as client:
        client.send(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 2000)
        assert client.answer().status == 431


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_body_too_large_is_413(small, framing):
    body = json.dumps(chat("m", "a" * 70_000)).encode()
    with small.connect() as client:
        if framing == "length":
            client.send(request("POST", CHAT, body, {"x-api-key": small.test_key}))
        else:
            client.send(request("POST", CHAT, None, {"x-api-key": small.test_key,
                                                     "transfer-encoding": "chunked"}) +
                        wire.chunk(body) + wire.LAST_CHUNK)
        assert client.answer().status == 413


def test_declared_length_too_large_is_refused_before_the_body(small):
    with small.connect() as client:
        client.send(head("host: a", f"x-api-key: {small.test_key}", "content-length: 99999999"))
        assert client.answer().status == 413


def test_bomb_is_stopped_at_the_bound(small):
    bomb = gzip.compress(b'{"model":"m","x":"' + b"a" * 20_000_000 + b'"}')
    assert len(bomb) < 64 << 10
    answer = small.post(CHAT, bomb, small.test_key, {"content-encoding": "gzip"})
    assert answer.status == 413


def test_slow_head_is_closed(small):
    with small.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nhost:")
        assert client.answer().status == 408 and client.at_end()


def test_slow_body_is_408(small):
    with small.connect() as client:
        client.send(head("host: a", f"x-api-key: {small.test_key}", "content-length: 50") + b"{")
        assert client.answer().status in (400, 408)
        assert client.at_end()


def test_body_of_a_stranger_is_not_read(small):
    with small.connect() as client:
        client.send(head("host: a", "x-api-key: wrong", "content-length: 60000"))
        assert client.answer().status == 401


def test_answer_too_large_is_the_upstreams_fault(small):
    small.upstream.then(openai_answer("a" * 70_000))
    assert small.post(CHAT, chat("m"), small.test_key).status == 502


def test_event_too_large_ends_the_stream(small):
    small.upstream.then(wire.stream_head(), wire.chunk(b"data: " + b"a" * 10_000))
    client, events = small.stream(CHAT, chat("m", stream=True), small.test_key)
    with client:
        assert events.message.status == 502


UPSTREAM_NONSENSE = {
    "no_http": b"SSH-2.0-OpenSSH\r\n\r\n",
    "bad_length": b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
    "two_lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "length_and_chunked": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
                          b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "endless_head": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000,
    "status": b"HTTP/1.1 999 ?\r\ncontent-length: 0\r\n\r\n",
    "redirect": wire.answer("", 302, headers={"location": "http://127.0.0.1:1/"}),
    "no_content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "switching": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n",
}


@pytest.mark.parametrize("case", UPSTREAM_NONSENSE)
def test_upstream_that_speaks_nonsense_is_a_502(small, case):
    small.upstream.then(UPSTREAM_NONSENSE[case], CLOSE)
    answer = small.post(CHAT, chat("m"), small.test_key)
    assert answer.status == 502
    small.upstream.errors.clear()


def test_informational_answers_are_skipped(small):
    small.upstream.then(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                        b"HTTP/1.1 100 Continue\r\n\r\n" + openai_answer("final"))
    answer = small.post(CHAT, chat("m"), small.test_key)
    assert answer.status == 200 and b"final" in answer.body


def test_all_bodies_together_are_bounded(small):
    """Bodies that are held wait for nobody: beyond the cap a call is refused with 503."""
    held = [small.connect() for _ in range(20)]
    try:
        for client in held:
            client.send(head("host: a", f"x-api-key: {small.test_key}", "content-length: 65000") +
                        b'{"a":"' + b"a" * 60_000)
        statuses = [client.answer().status for client in held]
    finally:
        for client in held:
            client.close()
    assert set(statuses) <= {400, 408, 503} and 503 in statuses


def test_connections_beyond_the_bound_do_not_hurt_the_others(naru):
    crowd = [naru.connect() for _ in range(300)]
    try:
        naru.openai.then(openai_answer())
        assert naru.post(CHAT, chat("gpt"), naru.test_key).status == 200
    finally:
        for client in crowd:
            client.close()


def test_still_well_behind_all_of_it(small):
    small.upstream.then(openai_error(400))
    assert small.post(CHAT, chat("m"), small.test_key).status == 400
    assert Client(small.address).call("GET", "/health/ready").status == 200
