"""Answers that two readers could cut apart differently, with a second answer hidden in or behind
them: the first is a 502 or what the standard makes of it, the second is nobody's, and the
connection is never used again. RFC 9112 sections 2.2, 6.1, 6.3, 7.1; RFC 9110 section 15.2."""
import json

import pytest
from chats import chat, openai_answer, openai_chunk, openai_stream
from harness import documents, wire
from harness.gateway import Gateway
from harness.upstream import CLOSE, Upstream

CHAT = "/v1/chat/completions"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
POISON = openai_answer("poison")
GOOD = openai_answer("good")
BODY = GOOD.split(b"\r\n\r\n", 1)[1]
SIZE = len(BODY)
CHUNKED = b"transfer-encoding: chunked\r\n"
LENGTH = b"content-length: %d\r\n" % SIZE
IN_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY)

REFUSED = {
    "te_and_cl": OK + LENGTH + CHUNKED + b"\r\n" + IN_CHUNKS,
    "cl_and_te": OK + CHUNKED + LENGTH + b"\r\n" + IN_CHUNKS,
    "te_and_cl_0": OK + b"content-length: 0\r\n" + CHUNKED + b"\r\n" + IN_CHUNKS,
    "two_lengths": OK + LENGTH + b"content-length: 1\r\n\r\n" + BODY,
    "length_twice": OK + LENGTH + LENGTH + b"\r\n" + BODY,
    "length_list": OK + b"content-length: %d, %d\r\n\r\n" % (SIZE, SIZE) + BODY,
    "length_plus": OK + b"content-length: +%d\r\n\r\n" % SIZE + BODY,
    "length_negative": OK + b"content-length: -1\r\n\r\n" + BODY,
    "length_hexadecimal": OK + b"content-length: 0x%x\r\n\r\n" % SIZE + BODY,
    "length_oversized": OK + b"content-length: 99999999999999999999\r\n\r\n" + BODY,
    "length_empty": OK + b"content-length:\r\n\r\n" + BODY,
    "xchunked": OK + b"transfer-encoding: xchunked\r\n\r\n" + IN_CHUNKS,
    "identity": OK + b"transfer-encoding: identity\r\n\r\n" + BODY,
    "gzip_chunked": OK + b"transfer-encoding: gzip, chunked\r\n\r\n" + IN_CHUNKS,
    "chunked_twice": OK + CHUNKED + CHUNKED + b"\r\n" + IN_CHUNKS,
    "old_chunked": OK.replace(b"/1.1", b"/1.0") + CHUNKED + b"\r\n" + IN_CHUNKS,
    "folded": OK + b"x: y\r\n content-length: 1\r\n" + LENGTH + b"\r\n" + BODY,
    "space_before_colon": OK + b"content-length : %d\r\n\r\n" % SIZE + BODY,
    "bare_lf": OK.replace(b"\r\n", b"\n") + b"content-length: 2\n\n{}",
    "nul": OK + b"x: \x00\r\n" + LENGTH + b"\r\n" + BODY,
    "bare_cr": OK + b"x: y\rz: 1\r\n" + LENGTH + b"\r\n" + BODY,
    "empty_line_before": b"\r\n" + OK + LENGTH + b"\r\n" + BODY,
    "version_2": OK.replace(b"/1.1", b"/2.0") + LENGTH + b"\r\n" + BODY,
    "two_digit_status": OK.replace(b" 200 ", b" 20 ") + LENGTH + b"\r\n" + BODY,
    "switching": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n",
    "chunk_bare_lf": OK + CHUNKED + b"\r\n%x\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
    "chunk_negative": OK + CHUNKED + b"\r\n-1\r\n" + IN_CHUNKS,
    "chunk_prefix": OK + CHUNKED + b"\r\n0x%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
    "chunk_wraps": OK + CHUNKED + b"\r\n1%016x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
    "chunk_shorter": OK + CHUNKED + b"\r\n5\r\n%s\r\n0\r\n\r\n" % BODY,
    "chunk_no_size": OK + CHUNKED + b"\r\n\r\n%s\r\n0\r\n\r\n" % BODY,
    "trailer_length": OK + CHUNKED + b"\r\n%x\r\n%s\r\n0\r\ncontent-length: 1\r\n\r\n" %
                      (SIZE, BODY),
    "trailer_folded": OK + CHUNKED + b"\r\n%x\r\n%s\r\n0\r\nx: y\r\n z\r\n\r\n" % (SIZE, BODY),
    "cut_length": OK + LENGTH + b"\r\n" + BODY[:-1],
    "cut_chunk": OK + CHUNKED + b"\r\n" + IN_CHUNKS[:-7],
    "cut_last_chunk": OK + CHUNKED + b"\r\n" + IN_CHUNKS[:-2],
}
CUT = {name for name in REFUSED if name.startswith("cut_")}

# Read as the standard says; what stands behind is nobody's, so the connection is over.
TAKEN = {
    "behind_a_length": GOOD,
    "behind_the_last_chunk": OK + CHUNKED + b"\r\n" + IN_CHUNKS,
    "behind_early_hints": b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + GOOD,
    "behind_many_interim": b"HTTP/1.1 102 Processing\r\n\r\n" * 5 + GOOD,
    "behind_extensions": OK + CHUNKED + b"\r\n%x;a=b\r\n%s\r\n0;c\r\nx: y\r\n\r\n" % (SIZE, BODY),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Upstream() as upstream:
        with Gateway(tmp_path_factory.mktemp("smuggling"),
                     documents.upstream("u", upstream.url, extra="failures_to_open: 0") +
                     documents.model("m", "u", retry="{attempts: 1}")) as naru:
            naru.upstream, naru.test_key = upstream, naru.key()
            yield naru
        assert upstream.errors == []


def texts(answer: wire.Message) -> str:
    return json.loads(answer.body)["choices"][0]["message"]["content"]


def assert_next_is_unharmed(stage, connection: int) -> None:
    """The next call gets its own answer, on another connection."""
    stage.upstream.then(openai_answer("canary"))
    answer = stage.post(CHAT, chat("m", "canary"), stage.test_key)
    assert answer.status == 200 and texts(answer) == "canary"
    assert stage.upstream.requests[-1].connection != connection


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("case", REFUSED)
def test_is_a_502_and_the_connection_is_not_used_again(stage, case, stream):
    stage.upstream.clear()
    stage.upstream.then(REFUSED[case], *([CLOSE] if case in CUT else [POISON]))
    answer = stage.post(CHAT, chat("m", stream=stream), stage.test_key)
    assert answer.status == 502 and b"poison" not in answer.body
    assert_next_is_unharmed(stage, stage.upstream.requests[0].connection)


@pytest.mark.parametrize("case", TAKEN)
def test_what_stands_behind_an_answer_is_nobodys(stage, case):
    stage.upstream.clear()
    stage.upstream.then(TAKEN[case] + POISON)
    answer = stage.post(CHAT, chat("m"), stage.test_key)
    assert answer.status == 200 and texts(answer) == "good"
    assert_next_is_unharmed(stage, stage.upstream.requests[0].connection)


BROKEN_CHUNKS = {"bare_lf": b"5\nhello\r\n", "negative": b"-5\r\nhello\r\n",
                 "no_size": b"\r\nhello\r\n", "shorter": b"2\r\nhello\r\n"}


@pytest.mark.parametrize("case", BROKEN_CHUNKS)
def test_broken_chunk_within_a_stream_ends_it_with_an_error(stage, case):
    stage.upstream.clear()
    stage.upstream.then(wire.stream_head(), wire.chunk(openai_chunk("half")),
                        BROKEN_CHUNKS[case] + b"".join(openai_stream("poison")))
    client, events = stage.stream(CHAT, chat("m", stream=True), stage.test_key)
    with client:
        text = events.rest()
    assert b"half" in text and text.count(b'data: {"error":') == 1
    assert b"poison" not in text and b"[DONE]" not in text
    assert_next_is_unharmed(stage, stage.upstream.requests[0].connection)


def test_interim_answers_without_end_are_a_502(stage):
    stage.upstream.clear()
    stage.upstream.then(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 10_000, CLOSE)
    assert stage.post(CHAT, chat("m"), stage.test_key).status == 502
    assert_next_is_unharmed(stage, stage.upstream.requests[0].connection)
