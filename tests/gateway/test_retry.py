"""What is tried again, where, and what never is."""
import socket
import threading
import time

import pytest
from chats import (BLOCK_START, BLOCK_STOP, DONE, MESSAGE_STOP, anthropic_answer, chat, message,
                   message_delta, message_start, openai_answer, openai_chunk, openai_error,
                   openai_stream, text_delta)
from harness import documents, wait, wire
from harness.client import request
from harness.gateway import LISTENERS
from harness.upstream import CLOSE, READ, RESET, STALL, Upstream

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


@pytest.mark.parametrize("status", [429, 503])
def test_upstream_that_names_no_time_is_given_one(start, upstream, status):
    naru = start(documents.upstream("u", upstream.url) +
                 documents.model("m", "u", retry="{attempts: 1}"))
    upstream.usual = [openai_error(status)]
    answer = naru.post(OPENAI, chat("m"), naru.key())
    assert answer.status == status and answer.header("retry-after") == "1"
    assert len(upstream.requests) == 1


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


def test_each_target_is_left_alone_as_long_as_it_asked(two):
    """The first asked for a second, the second only failed: the first is not called before."""
    two.first.then(openai_error(429, {"retry-after": "1"}))
    two.second.then(openai_error(500))
    two.first.then(openai_answer("first"))
    answer = two.post(OPENAI, chat("m"), two.test_key)
    assert answer.status == 200 and b"first" in answer.body
    assert two.first.requests[1].arrived - two.first.requests[0].arrived >= 0.9


def test_target_that_asked_for_too_long_gives_way_to_the_other(two):
    two.first.then(openai_error(500))
    two.second.then(openai_error(429, {"retry-after": "60"}))
    two.first.then(openai_answer("first"))
    answer = two.post(OPENAI, chat("m"), two.test_key)
    assert answer.status == 200 and b"first" in answer.body


def test_credential_refused_by_all_is_not_sent_again(two):
    two.first.usual = two.second.usual = [openai_error(401)]
    assert two.post(OPENAI, chat("m"), two.test_key).status == 502
    assert len(two.first.requests) == len(two.second.requests) == 1


def test_target_that_can_carry_it_all_is_found(start):
    with Upstream() as anthropic, Upstream() as openai:
        naru = start(documents.upstream("a", anthropic.url, provider="anthropic") +
                     documents.upstream("o", openai.url) +
                     documents.model("m", "a", "{upstream: o, tier: 1}", extra="on_loss: refuse") +
                     documents.model("alone", "a", extra="on_loss: refuse"))
        key, asked = naru.key(), {"seed": 7}
        openai.then(openai_answer("carried"))
        assert b"carried" in naru.post(OPENAI, chat("m", **asked), key).body
        refused = naru.post(OPENAI, chat("alone", **asked), key)
        assert refused.status == 400 and b"seed" in refused.body
        assert anthropic.requests == []


def test_target_that_carries_it_all_is_tried_again(start):
    with Upstream() as anthropic, Upstream() as openai:
        naru = start(documents.upstream("a", anthropic.url, provider="anthropic") +
                     documents.upstream("o", openai.url) +
                     documents.model("m", "a", "{upstream: o, tier: 1}", extra="on_loss: refuse"))
        key = naru.key()
        openai.then(openai_error(500))
        openai.then(openai_answer("carried"))
        assert b"carried" in naru.post(OPENAI, chat("m", seed=7), key).body
        openai.usual = [openai_error(500)]
        assert naru.post(OPENAI, chat("m", seed=7), key).status == 502


def test_waiting_after_a_refusal_costs_nothing(start, upstream):
    naru = start(documents.upstream("u", upstream.url) +
                 documents.model("m", "u", retry="{attempts: 3, base: 1ms, most: 30s}"))
    upstream.then(openai_error(429, {"retry-after": "20"}))
    client = naru.connect()
    client.send(request("POST", OPENAI, chat("m", "word " * 500), {"x-api-key": naru.key()}))
    assert upstream.wait_for(1).done.wait(10)
    wait.until(lambda: '"upstream.retry"' in naru.log(), "naru waits")
    client.reset()
    row = wait.until(lambda: naru.admin("GET", "/admin/v1/exchanges")["exchanges"], "its row")[0]
    assert (row["outcome"], row["tokens_by"], row["tokens"]["input"]) == ("abandoned", "none", 0)


def test_error_under_200_means_the_same_to_stream_and_plain(start, upstream):
    naru = start(documents.upstream("u", upstream.url) +
                 documents.model("m", "u", retry="{attempts: 1}"))
    error = '{"error":{"message":"slow down","type":"x","code":"rate_limit_exceeded"}}'
    upstream.usual = [wire.answer(error)]
    key = naru.key()
    assert [naru.post(OPENAI, chat("m", stream=stream), key).status
            for stream in (False, True)] == [429, 429]


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


@pytest.mark.parametrize("second", ["closed", "full"])
def test_second_target_that_cannot_be_called_takes_no_retry_away(start, second):
    with Upstream([openai_answer("first")]) as a, Upstream([STALL]) as b:
        text = documents.upstream("a", a.url) + \
            documents.upstream("b", b.url, extra="concurrency: {most: 1}") + \
            documents.model("m", "a", "{upstream: b, model: x, tier: 1}",
                            retry="{attempts: 2, base: 1ms, most: 300ms}") + \
            documents.model("b", "{upstream: b, model: x}", retry="{attempts: 1}")
        naru = start(text)
        key = naru.key()
        with naru.connect() as busy:
            if second == "closed":
                b.then(openai_error(429, {"retry-after": "30"}))
                assert naru.post(OPENAI, chat("b"), key).status == 429
            else:
                busy.send(request("POST", OPENAI, chat("b"), {"x-api-key": key}))
                b.wait_for(1)
            a.then(openai_error(503))
            answer = naru.post(OPENAI, chat("m"), key)
            assert answer.status == 200 and b"first" in answer.body
            assert row_of(naru, answer)["attempts"] == 2 and len(b.requests) == 1


def test_reset_of_a_reused_connection_is_no_attempt(naru):
    naru.openai.usual = [openai_answer()]
    naru.post(OPENAI, chat("gpt"), naru.test_key)
    naru.openai.drop_connections()
    answer = naru.post(OPENAI, chat("gpt"), naru.test_key)
    assert answer.status == 200
    assert row_of(naru, answer)["attempts"] == 1


def call_twice(naru, *scripts):
    """Two calls on one connection, so on one loop of naru, which keeps the upstream's connection
    between them; the second gets `scripts`. Its answer, and the upstream's requests for it."""
    headers = {"authorization": f"Bearer {naru.test_key}"}
    naru.openai.then(openai_answer())
    for script in scripts:
        naru.openai.then(*script)
    with naru.connect() as client:
        client.call("POST", OPENAI, chat("gpt"), headers)
        known = naru.openai.connections
        answer = client.call("POST", OPENAI, chat("gpt"), headers)
    requests = naru.openai.requests[1:]
    assert requests[0].connection <= known, "the first connection was not used again"
    assert all(request.connection > known for request in requests[1:])
    return answer, requests


def test_reset_of_a_reused_connection_that_took_the_request_is_no_attempt(naru):
    answer, requests = call_twice(naru, [RESET], [openai_answer("fresh")])
    assert answer.status == 200 and b"fresh" in answer.body
    assert row_of(naru, answer)["attempts"] == 1 and len(requests) == 2


def test_upstream_that_worked_on_a_request_is_not_asked_again_unseen(start, upstream):
    """It closes the connection behind a request that it had for longer than a round trip."""
    naru = start(documents.upstream("u", upstream.url) +
                 documents.model("gpt", "u", retry="{attempts: 1}"))
    naru.openai, naru.test_key = upstream, naru.key()
    answer, requests = call_twice(naru, [lambda: wait.gone_by(0.4), RESET], [openai_answer()])
    assert answer.status == 502 and len(requests) == 1


def test_only_one_reset_is_no_attempt(naru):
    answer, requests = call_twice(naru, [RESET], [RESET], [openai_answer("third")])
    assert answer.status == 200 and b"third" in answer.body
    assert row_of(naru, answer)["attempts"] == 2 and len(requests) == 3


def test_reset_within_an_answer_is_an_attempt(naru):
    half = [openai_answer()[:20], READ, RESET]
    answer, requests = call_twice(naru, half, [openai_answer("again")])
    assert answer.status == 200 and b"again" in answer.body
    assert row_of(naru, answer)["attempts"] == 2 and len(requests) == 2


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


def test_plain_call_has_no_deadline_for_its_first_token(start, upstream):
    naru = start(documents.upstream("u", upstream.url, extra="timeouts: {first_token: 200ms, "
                                    "between_tokens: 200ms}") +
                 documents.model("m", "u", retry="{attempts: 1}"))
    answer = openai_answer("late")
    upstream.then(lambda: wait.gone_by(0.7), answer[:-10], lambda: wait.gone_by(0.4), answer[-10:])
    assert naru.post(OPENAI, chat("m"), naru.key()).status == 200


def test_total_time_ends_a_stream_within_its_content(start, upstream):
    naru = start(documents.upstream("u", upstream.url, extra="timeouts: {total: 800ms}") +
                 documents.model("m", "u"))
    word = [wire.chunk(openai_chunk("word")), lambda: wait.gone_by(0.05)]
    upstream.then(wire.stream_head(), *(word * 200))
    client, events = naru.stream(OPENAI, chat("m", stream=True), naru.key())
    with client:
        text = events.rest()
    assert events.message.status == 200 and 1 <= text.count(b"word") < 200
    assert text.count(b'"error"') == 1 and DONE not in text
    row = naru.exchange(events.message.header("x-request-id"))
    assert (row["outcome"], row["attempts"]) == ("upstream_timeout", 1)
    assert row["total_us"] >= 800_000


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


PINGS = {  # path, request, content, end, first line of a ping
    "openai": (OPENAI, chat, openai_chunk("half"), openai_chunk(finish="stop") + DONE, b": ping"),
    "anthropic": (ANTHROPIC, message, message_start() + BLOCK_START + text_delta("half"),
                  BLOCK_STOP + message_delta() + MESSAGE_STOP, b"event: ping"),
}


@pytest.mark.parametrize("dialect", PINGS)
def test_silence_within_a_stream_is_filled_with_pings(start, upstream, dialect):
    path, ask, content, end, ping = PINGS[dialect]
    naru = start(documents.upstream("u", upstream.url, provider=dialect) +
                 documents.model("m", "u"),
                 gateway_document=LISTENERS + "limits: {hold: 60s, ping: 100ms}\n")
    go = threading.Event()
    upstream.then(wire.stream_head(), wire.chunk(content), go, wire.chunk(end), wire.LAST_CHUNK)
    client, events = naru.stream(path, ask("m", stream=True), naru.key())
    with client:
        while b"half" not in events.next():
            pass
        for _ in range(3):
            while events.line() != ping:
                pass
        go.set()
        assert events.rest().endswith(end.split(b"\n\n")[-2] + b"\n\n")


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
