"""What is tried again, where, and what never is."""
import socket
import threading
import time

import pytest
from chats import (BLOCK_START, DONE, anthropic_answer, chat, message, message_start, openai_answer,
                   openai_chunk, openai_error, openai_stream, text_delta)
from harness import documents, wire
from harness.gateway import LISTENERS
from harness.upstream import CLOSE, RESET, STALL, Upstream

OPENAI, ANTHROPIC = "/v1/chat/completions", "/v1/messages"


def row_of(gateway, answer):
    return gateway.exchange(answer.header("x-request-id"))


def test_failure_is_tried_again(naru):
    naru.openai.then(openai_error(503))
    naru.openai.then(openai_error(500))
    naru.openai.then(openai_answer("third"))
    answer = naru.post(OPENAI, chat("gpt"), naru.test_key)
    assert answer.status == 200 and b"third" in answer.body
    assert len(naru.openai.requests) == 3
    assert row_of(naru, answer)["attempts"] == 3


def test_attempts_have_an_end(naru):
    naru.openai.usual = [openai_error(503)]
    answer = naru.post(OPENAI, chat("gpt"), naru.test_key)
    assert answer.status == 503
    assert len(naru.openai.requests) == 3
    assert answer.header("x-should-retry") == "false"  # SDKs would multiply naru's own


def test_refusal_is_not_tried_again(naru):
    naru.openai.usual = [openai_error(400)]
    assert naru.post(OPENAI, chat("gpt"), naru.test_key).status == 400
    assert len(naru.openai.requests) == 1


def test_retry_after_is_waited_for(start, upstream):
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"))
    upstream.then(openai_error(429, {"retry-after": "1"}))
    upstream.then(openai_answer())
    assert naru.post(OPENAI, chat("m"), naru.key()).status == 200
    first, second = upstream.requests
    assert 1.0 <= second.arrived - first.arrived < 3.0


def test_long_retry_after_is_told_instead(start, upstream):
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"))
    upstream.usual = [openai_error(429, {"retry-after": "60"})]
    began = time.monotonic()
    answer = naru.post(OPENAI, chat("m"), naru.key())
    assert answer.status == 429 and answer.header("retry-after") == "60"
    assert time.monotonic() - began < 5 and len(upstream.requests) == 1


@pytest.fixture
def two(start):
    """A model over two accounts; the second has its turn when the first fails."""
    with Upstream() as first, Upstream() as second:
        naru = start(documents.upstream("first", first.url) +
                     documents.upstream("second", second.url) +
                     documents.model("m", "{upstream: first, model: a}",
                                     "{upstream: second, model: b, tier: 1}"))
        naru.first, naru.second, naru.test_key = first, second, naru.key()
        yield naru


FAILURES = {
    "500": [openai_error(500)],
    "429": [openai_error(429)],
    "401": [openai_error(401)],
    "reset": [RESET],
    "closed": [CLOSE],
    "no_http": [b"nonsense\r\n\r\n", CLOSE],
    "cut_body": [openai_answer()[:-10], CLOSE],
    "not_json": [wire.answer("<html>")],
}


@pytest.mark.parametrize("failure", FAILURES)
def test_other_target_takes_over(two, failure):
    two.first.usual = FAILURES[failure]
    two.second.then(openai_answer("second"))
    answer = two.post(OPENAI, chat("m"), two.test_key)
    assert answer.status == 200 and b"second" in answer.body
    assert answer.header("x-naru-upstream") == "second"
    row = row_of(two, answer)
    assert (row["upstream"], row["upstream_model"], row["rule"]) == ("second", "b", "fallback")
    two.first.errors.clear()


def test_target_that_is_down_is_passed_over(start):
    with Upstream() as second, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        taken.close()
        naru = start(documents.upstream("first", f"http://127.0.0.1:{port}") +
                     documents.upstream("second", second.url) +
                     documents.model("m", "first", "{upstream: second, tier: 1}"))
        second.then(openai_answer())
        assert naru.post(OPENAI, chat("m"), naru.key()).status == 200


BEFORE_CONTENT = {
    "nothing": [],
    "head": [wire.stream_head()],
    "empty_delta": [wire.stream_head(), wire.chunk(openai_chunk(""))],
    "half_event": [wire.stream_head(), wire.chunk(openai_chunk("x")[:-20])],
    "error_event": [wire.stream_head(), wire.chunk(b'data: {"error":{"message":"x"}}\n\n')],
}


@pytest.mark.parametrize("sent", BEFORE_CONTENT)
def test_stream_that_dies_before_content_is_replaced_unnoticed(two, sent):
    two.first.usual = [*BEFORE_CONTENT[sent], CLOSE]
    two.second.then(*openai_stream("whole"))
    client, events = two.stream(OPENAI, chat("m", stream=True), two.test_key)
    with client:
        text = events.rest()
    assert events.message.status == 200
    assert events.message.header("x-naru-upstream") == "second"
    assert text.count(b"whole") == 1 and text.count(DONE) == 1 and b"error" not in text
    two.first.errors.clear()


@pytest.mark.parametrize("ending", [CLOSE, RESET], ids=repr)
def test_nothing_is_tried_again_behind_content(two, ending):
    two.first.then(wire.stream_head(), wire.chunk(openai_chunk("half")), ending)
    client, events = two.stream(OPENAI, chat("m", stream=True), two.test_key)
    with client:
        text = events.rest()
    assert text.count(b"half") == 1 and text.count(b'"error"') == 1 and DONE not in text
    assert events.message.whole  # the answer's framing ends in order; the event says what happened
    assert two.second.requests == []
    row = two.exchange(events.message.header("x-request-id"))
    assert row["outcome"] == "upstream_failed" and row["tokens"]["output"] > 0
    assert row["tokens_by"] != "reported"


def test_fails_over_to_the_other_dialect(start):
    with Upstream() as first, Upstream() as second:
        naru = start(documents.upstream("first", first.url) +
                     documents.upstream("second", second.url, provider="anthropic") +
                     documents.model("m", "first", "{upstream: second, tier: 1}"))
        first.usual = [openai_error(500)]
        second.then(anthropic_answer("from afar"))
        answer = naru.post(OPENAI, chat("m"), naru.key())
        assert answer.status == 200 and b"from afar" in answer.body
        assert b'"object":"chat.completion"' in answer.body


def test_reset_of_a_reused_connection_is_no_attempt(naru):
    naru.openai.usual = [openai_answer()]
    naru.post(OPENAI, chat("gpt"), naru.test_key)
    naru.openai.drop_connections()
    answer = naru.post(OPENAI, chat("gpt"), naru.test_key)
    assert answer.status == 200
    assert row_of(naru, answer)["attempts"] == 1


def test_first_token_has_a_deadline(start, upstream):
    naru = start(documents.upstream("u", upstream.url, extra="timeouts: {first_token: 300ms}") +
                 documents.model("m", "u", retry="{attempts: 1}"))
    upstream.then(wire.stream_head(), STALL)
    client, events = naru.stream(OPENAI, chat("m", stream=True), naru.key())
    with client:
        assert events.message.status == 504
    assert upstream.wait_for(1).left.wait(5)


def test_silence_between_tokens_ends_a_stream(start, upstream):
    naru = start(documents.upstream("u", upstream.url, provider="anthropic",
                                    extra="timeouts: {between_tokens: 300ms}") +
                 documents.model("m", "u"))
    upstream.then(wire.stream_head(), wire.chunk(message_start() + BLOCK_START + text_delta("a")),
                  STALL)
    client, events = naru.stream(ANTHROPIC, message("m", stream=True), naru.key())
    with client:
        text = events.rest()
    assert text.count(b"event: error") == 1 and b"message_stop" not in text
    assert naru.exchange(events.message.header("request-id"))["outcome"] == "upstream_timeout"


def test_total_time_ends_a_plain_call(start, upstream):
    naru = start(documents.upstream("u", upstream.url, extra="timeouts: {total: 300ms, "
                                    "connect: 200ms, first_token: 300ms, between_tokens: 300ms}") +
                 documents.model("m", "u", retry="{attempts: 1}"))
    upstream.then(STALL)
    assert naru.post(OPENAI, chat("m"), naru.key()).status == 504


def test_silent_upstream_gets_200_and_pings_after_the_hold(start, upstream):
    limits = "limits: {hold: 200ms, ping: 100ms}\n"
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"),
                 gateway_document=LISTENERS + limits)
    upstream.then(STALL)
    client, events = naru.stream(OPENAI, chat("m", stream=True), naru.key())
    with client:
        assert events.message.status == 200
        assert events.line().startswith(b":") and events.line().startswith(b":")


def test_failure_behind_the_hold_is_an_error_event(start, upstream):
    naru = start(documents.upstream("u", upstream.url, provider="anthropic") +
                 documents.model("m", "u", retry="{attempts: 1}"),
                 gateway_document=LISTENERS + "limits: {hold: 100ms, ping: 100ms}\n")
    go = threading.Event()
    upstream.then(go, openai_error(500))
    client, events = naru.stream(ANTHROPIC, message("m", stream=True), naru.key())
    with client:
        assert b"ping" in events.next()
        go.set()
        text = events.rest()
    assert text.count(b"event: error") == 1 and b"message_stop" not in text
