"""Crowds at the door: connections in a burst, heads and bodies that drip. Others are served
meanwhile, or again within seconds; what is slow is closed."""
import os
import socket
import ssl
import time

import pytest
from chats import chat, openai_answer
from harness import certificates, documents, wait
from harness.client import request
from harness.gateway import LISTENERS
from harness.storm import LIVE, RECOVERS, burst, close_all, seconds_to_serve
from harness.upstream import Upstream

CHAT = "/v1/chat/completions"
CALM = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"}


def check_storm(naru, count: int, tls: ssl.SSLContext | None, first_word: bytes) -> None:
    files, size, began = naru.open_files(), naru.rss_kib(), time.monotonic()
    crowd = burst(naru.address, count, first_word)
    within = time.monotonic() - began
    during = seconds_to_serve(naru.address, tls)
    close_all(crowd)
    behind = seconds_to_serve(naru.address, tls)
    wait.until(lambda: naru.open_files() <= files + 8, "what the crowd held is free")
    print(f"{count} in {within:.2f} s; served {during:.2f} s behind the last, {behind:.2f} s "
          f"behind their leaving; {naru.rss_kib() - size} KiB more")
    assert during < RECOVERS and behind < RECOVERS


def serving(start, upstream, **options):
    return start(documents.upstream("u", upstream.url) + documents.model("m", "u"),
                 environment=CALM, **options)


WORDS = {"nothing": b"", "half_a_head": LIVE[:20], "whole": LIVE, "garbage": b"\x16\x03\x01" * 99}


@pytest.mark.parametrize("word", WORDS)
def test_storm_of_connections(start, upstream, word):
    check_storm(serving(start, upstream), 1000, None, WORDS[word])


@pytest.fixture(scope="module")
def identities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    ca = certificates.authority(folder)
    own = certificates.issue(folder, ca, "naru", "DNS:localhost,IP:127.0.0.1")
    return ca, own, client_hello()


def client_hello() -> bytes:
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    session = context.wrap_bio(inward, outward)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outward.read()


def check_storm_of_handshakes(start, upstream, identities, count: int) -> None:
    ca, own, hello = identities
    listener = LISTENERS.replace(
        'data: {listen: "127.0.0.1:0"}',
        f'data: {{listen: "127.0.0.1:0", tls: {{certificate: {own.certificate}, key: {own.key}}}}}')
    naru = serving(start, upstream, gateway_document=listener)
    check_storm(naru, count, ssl.create_default_context(cafile=str(ca.certificate)), hello)


def test_storm_of_handshakes(start, upstream, identities):
    check_storm_of_handshakes(start, upstream, identities, 300)


@pytest.mark.soak
def test_storm_of_five_thousand_handshakes(start, upstream, identities):
    check_storm_of_handshakes(start, upstream, identities, 5000)


# Slow on purpose: a byte now and then, so that the connection is never idle.

SLOW_LIMITS = "limits: {head_timeout: 500ms, body_timeout: 500ms}\n"
SLOW = {
    "head": lambda key: b"GET / HTTP/1.1\r\nhost: a\r\nx: ",
    "body": lambda key: request("POST", CHAT, b"", {"x-api-key": key, "content-length": "5000"}),
    "chunks": lambda key: request("POST", CHAT, None, {"x-api-key": key,
                                                       "transfer-encoding": "chunked"}) +
        b"1388\r\n",
}


def drip(crowd: list[socket.socket], naru, upstream: Upstream, key: str,
         seconds: float) -> tuple[list[float], int]:
    """A byte to each that is open, and a call of somebody else, in turn. The times of the calls,
    and how many of the crowd are open in the end."""
    times: list[float] = []
    give_up = time.monotonic() + seconds
    left = list(crowd)
    while left and time.monotonic() < give_up:
        began = time.monotonic()
        upstream.then(openai_answer())
        assert naru.post(CHAT, chat("m"), key).status == 200
        times.append(time.monotonic() - began)
        left = [connection for connection in left if drips(connection)]
    return times, len(left)


def drips(connection: socket.socket) -> bool:
    """One more byte; whether naru still listens."""
    try:
        connection.send(b"a")
        return connection.recv(65536) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def check_slow(start, upstream, what: str, count: int, seconds: float, limits: str) -> None:
    naru = serving(start, upstream, gateway_document=LISTENERS + limits)
    key = naru.key()
    for _ in range(20):
        upstream.then(openai_answer())
        assert naru.post(CHAT, chat("m"), key).status == 200
    size = naru.rss_kib()
    crowd = burst(naru.address, count, SLOW[what](key))
    try:
        times, left = drip(crowd, naru, upstream, key, seconds)
    finally:
        close_all(crowd)
    grown = naru.rss_kib() - size
    print(f"{count} slow: {len(times)} calls of others, slowest {max(times):.3f} s; {grown} KiB")
    assert left == 0, f"{left} of {count} are still open"
    assert max(times) < 1.0 and grown < 64 << 10


@pytest.mark.parametrize("what", SLOW)
def test_slow_requests_are_closed_and_others_served(start, upstream, what):
    check_slow(start, upstream, what, 200, 10.0, SLOW_LIMITS)


@pytest.mark.soak
@pytest.mark.parametrize("what", SLOW)
def test_a_thousand_slow_requests_against_the_usual_limits(start, upstream, what):
    check_slow(start, upstream, what, 1000, 80.0, "")
