"""Bodies nobody sends by mistake, to every dialect: refused with a 4xx that says why, in bounded
time and memory; no upstream ever sees one, and the next call is served."""
import functools
import gzip
import json
import os
import threading
import time

import pytest
from chats import chat, openai_answer
from harness import documents, wire
from harness.client import request
from harness.gateway import Gateway
from harness.upstream import Upstream

PATHS = ["/v1/chat/completions", "/v1/responses", "/v1/messages"]
CHAT = PATHS[0]
MIB = 1 << 20
BODY_LIMIT = 32 * MIB
SOON = 5.0  # seconds for a body that has come whole; under sanitizers, whose parsing is slow
DEEP = 10_000


def ask(path: str, text: str = '"hi"', more: str = "") -> bytes:
    """A request in JSON by hand: what no library would write must stand in it."""
    said = f'"input":{text}' if path.endswith("responses") else \
        f'"messages":[{{"role":"user","content":{text}}}]'
    return f'{{"model":"m","max_tokens":9,{said}{more}}}'.encode()


@functools.cache
def bomb() -> bytes:
    """A thousand times as long once decoded."""
    packed = gzip.compress(b'{"model":"m","x":"' + b"a" * (2 * BODY_LIMIT) + b'"}')
    assert len(packed) * 1000 < 2 * BODY_LIMIT
    return packed


BODIES = {
    "deep_lists": lambda path: ask(path, more=',"x":' + "[" * DEEP + "]" * DEEP),
    "deep_objects": lambda path: ask(path, more=',"x":' + '{"a":' * DEEP + "1" + "}" * DEEP),
    "deep_without_end": lambda path: b"[" * DEEP,
    "deep_content": lambda path: ask(path, "[" * DEEP + "]" * DEEP),
    "number_beyond_doubles": lambda path: ask(path, more=',"temperature":1e999'),
    "number_below_doubles": lambda path: ask(path, more=',"temperature":-1e999'),
    "number_beyond_doubles_deep": lambda path: ask(path, more=',"x":{"y":[1e999]}'),
    "number_of_many_digits": lambda path: ask(path, more=',"x":' + "9" * 100_000),
    "not_a_number": lambda path: ask(path, more=',"temperature":NaN'),
    "infinity": lambda path: ask(path, more=',"temperature":Infinity'),
    "leading_zero": lambda path: ask(path, more=',"temperature":01'),
    "lone_high_surrogate": lambda path: ask(path, r'"\ud83d"'),
    "lone_low_surrogate": lambda path: ask(path, r'"\udc00"'),
    "surrogates_swapped": lambda path: ask(path, r'"\udc00\ud83d"'),
    "surrogate_in_key": lambda path: ask(path, more=r',"\ud83d":1'),
    "surrogate_in_utf8": lambda path: ask(path).replace(b"hi", b"\xed\xa0\xbd"),
    "overlong_utf8": lambda path: ask(path).replace(b"hi", b"\xc0\xaf"),
    "cut_utf8": lambda path: ask(path).replace(b"hi", b"\xea\xb0"),
    "beyond_unicode": lambda path: ask(path).replace(b"hi", b"\xf4\x90\x80\x80"),
    "raw_nul": lambda path: ask(path).replace(b"hi", b"h\0i"),
    "raw_control": lambda path: ask(path).replace(b"hi", b"h\x1bi"),
    "nul_behind": lambda path: ask(path) + b"\0",
    "byte_order_mark": lambda path: b"\xef\xbb\xbf" + ask(path),
    "utf16": lambda path: ask(path).decode().encode("utf-16"),
    "key_twice": lambda path: ask(path, more=',"model":"m"'),
    "key_twice_escaped": lambda path: ask(path, more=r',"\u006dodel":"other"'),
    "key_twice_deep": lambda path: ask(path, more=',"x":[{"a":1,"b":2,"a":1}]'),
    "second_value": lambda path: ask(path) * 2,
    "comment": lambda path: ask(path, more="/*x*/"),
    "single_quotes": lambda path: ask(path, more=",'x':1"),
    "trailing_comma": lambda path: ask(path, more=","),
    "only_blanks": lambda path: b" " * 100_000,
    "no_object": lambda path: b'"model"',
    "null": lambda path: b"null",
    "unknown_coding": lambda path: ask(path),
    "gzip_bomb": lambda path: bomb(),
    "gzip_of_gzip": lambda path: gzip.compress(bomb()),
    "gzip_cut": lambda path: gzip.compress(ask(path))[:-9],
    "gzip_with_more": lambda path: gzip.compress(ask(path)) + b"x" * 1000,
    "no_gzip": lambda path: ask(path),
}
CODINGS = {"unknown_coding": "snappy", "no_gzip": "gzip"}


def coding_of(case: str) -> dict[str, str]:
    coding = CODINGS.get(case) or ("gzip" if case.startswith("gzip") else None)
    return {"content-encoding": coding} if coding else {}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    # What is freed is given back, as without sanitizers.
    calm = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"
    with Upstream() as upstream:
        with Gateway(tmp_path_factory.mktemp("hostile"), documents.upstream("u", upstream.url) +
                     documents.model("m", "u"), environment={"ASAN_OPTIONS": calm}) as naru:
            naru.upstream, naru.test_key = upstream, naru.key()
            yield naru


def assert_refused(stage, path: str, body: bytes, headers: dict[str, str]) -> None:
    before, began = stage.rss_kib(), time.monotonic()
    answer = stage.post(path, body, stage.test_key, headers)
    took = time.monotonic() - began
    assert 400 <= answer.status < 500, f"{answer.start} {answer.body[:300]!r}"
    assert json.loads(answer.body)["error"]["message"]
    assert took < SOON
    assert stage.rss_kib() - before < 2 * BODY_LIMIT >> 10
    assert stage.upstream.requests == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", BODIES)
def test_is_refused(stage, case, path):
    assert_refused(stage, path, BODIES[case](path), coding_of(case))


@pytest.mark.parametrize("path", PATHS)
def test_a_million_messages_are_refused(stage, path):
    name = "input" if path.endswith("responses") else "messages"
    one = '{"role":"user","content":""}'
    body = f'{{"model":"m","max_tokens":9,"{name}":[{",".join([one] * 1_000_000)}]}}'.encode()
    assert len(body) < BODY_LIMIT
    assert_refused(stage, path, body, {})


@pytest.mark.parametrize("path,more", [
    (CHAT, ',"n":1000000000'), (CHAT, ',"n":1e9'), (CHAT, ',"n":-1'), (CHAT, ',"n":1.5'),
    (CHAT, ',"n":99999999999999999999'), (PATHS[2], ',"top_k":1e999')])
def test_counts_nobody_can_mean_are_refused(stage, path, more):
    assert_refused(stage, path, ask(path, more=more), {})


def test_best_of_a_billion_is_refused(stage):
    body = b'{"model":"m","prompt":"hi","best_of":1000000000}'
    assert_refused(stage, "/v1/completions", body, {})


@pytest.mark.parametrize("framing", ["length", "chunked", "gzip"])
def test_twice_the_bound_is_413_and_read_no_further(stage, framing):
    """The answer comes while the client still sends, which a library may not wait for."""
    body = ask(CHAT, f'"{"a" * 2 * BODY_LIMIT}"')
    headers = {"x-api-key": stage.test_key}
    if framing == "chunked":
        headers["transfer-encoding"] = "chunked"
        body = wire.chunk(body) + wire.LAST_CHUNK
    elif framing == "gzip":
        headers["content-encoding"] = "gzip"
        body = gzip.compress(body, 0)
    before = stage.rss_kib()
    with stage.connect() as client:
        head = request("POST", CHAT, None, headers) if framing == "chunked" else \
            request("POST", CHAT, b"", {**headers, "content-length": str(len(body))})
        client.send(head)
        sender = threading.Thread(target=send_until_closed, args=(client, body))
        sender.start()
        assert client.answer().status == 413 and client.at_end()
        sender.join()
    assert stage.rss_kib() - before < 2 * BODY_LIMIT >> 10


def send_until_closed(client, body: bytes) -> None:
    try:
        client.send(body)
    except OSError:
        pass  # refused while it was still being sent


def test_the_next_call_is_served(stage):
    stage.upstream.then(openai_answer())
    assert stage.post(CHAT, chat("m"), stage.test_key).status == 200
