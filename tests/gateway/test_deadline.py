"""The time a client gives a call: kept in every phase, told to the upstream, nobody's fault."""
import json
import time

import pytest
from chats import chat, message, openai_answer, openai_chunk, openai_stream
from harness import documents, wire
from harness.client import request, slow_client
from harness.upstream import STALL

OPENAI = "/v1/chat/completions"
TIME = 0.4
LATE = 1.0  # seconds; 0.05 is usual, a busy machine under sanitizers needs more

PHASES = {
    "before_the_head": [STALL],
    "behind_the_head": [wire.stream_head(), STALL],
    "within_content": [wire.stream_head(), wire.chunk(openai_chunk("half")), STALL],
}


def timed(naru, body, path=OPENAI, seconds=TIME):
    began = time.monotonic()
    answer = naru.post(path, body, naru.test_key, {"x-request-timeout": str(seconds)})
    return answer, time.monotonic() - began


@pytest.mark.parametrize("path, body", [(OPENAI, chat("gpt")), ("/v1/messages", message("gpt"))])
def test_plain_call_ends_with_it(naru, path, body):
    naru.openai.usual = [STALL]
    answer, took = timed(naru, body, path)
    assert answer.status == 504 and TIME <= took < TIME + LATE
    assert b"the 0.400 s that x-request-timeout gave the call have passed" in answer.body
    row = naru.exchange(answer.header("x-request-id"))
    assert (row["outcome"], row["attempts"]) == ("deadline_exceeded", 1)


@pytest.mark.parametrize("phase", PHASES)
def test_stream_ends_with_it(naru, phase):
    naru.openai.usual = PHASES[phase]
    answer, took = timed(naru, chat("gpt", stream=True))
    assert TIME <= took < TIME + LATE
    assert answer.status == (200 if phase == "within_content" else 504)
    assert answer.body.count(b"deadline_exceeded") == 1 and b"[DONE]" not in answer.body
    assert naru.exchange(answer.header("x-request-id"))["outcome"] == "deadline_exceeded"


def test_prompt_that_was_read_is_accounted_for(naru):
    naru.openai.usual = [STALL]
    answer, _ = timed(naru, chat("gpt", "a prompt of some words"))
    row = naru.exchange(answer.header("x-request-id"))
    assert row["outcome"] == "deadline_exceeded"
    assert row["tokens"]["input"] > 0 and row["tokens_by"] == "bytes"


@pytest.mark.parametrize("own", [True, False], ids=["of_the_client", "of_the_upstream"])
def test_it_ends_the_upstreams_work_while_the_client_does_not_read(start, upstream, own):
    naru = start(documents.upstream("u", upstream.url,
                                    extra="" if own else "timeouts: {total: 400ms}") +
                 documents.model("m", "u"))
    upstream.usual = openai_stream(*["x" * 65536] * 400)
    headers = {"x-api-key": naru.key(), **({"x-request-timeout": str(TIME)} if own else {})}
    with slow_client(naru) as client:
        client.send(request("POST", OPENAI, chat("m", stream=True), headers))
        got = upstream.wait_for(1)
        assert got.done.wait(TIME + LATE), "the upstream works on"
        assert time.monotonic() - got.arrived >= TIME - 0.1
        assert naru.admin("GET", "/admin/v1/upstreams")["upstreams"][0]["in_flight"] == 0
        answer = client.answer()
    assert answer.whole and answer.body.count(b'"error"') == 1 and b"[DONE]" not in answer.body
    row = naru.admin("GET", "/admin/v1/exchanges?limit=1")["exchanges"][0]
    assert row["outcome"] == ("deadline_exceeded" if own else "upstream_timeout")


@pytest.mark.parametrize("name, value", [("x-request-timeout", "soon"), ("x-naru-priority", "vip")])
def test_wrong_header_is_on_record(naru, name, value):
    answer = naru.post(OPENAI, chat("gpt"), naru.test_key, {name: value})
    assert answer.status == 400 and value.encode() in answer.body
    row = naru.exchange(answer.header("x-request-id"))
    assert (row["outcome"], row["status"], row["attempts"]) == ("invalid_request", 400, 0)


def test_it_covers_waiting_in_line(start, upstream):
    naru = start(documents.upstream("u", upstream.url, extra="concurrency: {most: 1}") +
                 documents.model("m", "u"))
    naru.test_key = naru.key()
    upstream.usual = [STALL]
    with naru.connect() as running:
        running.send(request("POST", OPENAI, chat("m"), {"x-api-key": naru.test_key}))
        upstream.wait_for(1)
        answer, took = timed(naru, chat("m"))
    assert answer.status == 504 and b"deadline_exceeded" in answer.body
    assert TIME <= took < TIME + LATE
    assert len(upstream.requests) == 1


def test_it_covers_pauses_between_attempts(start, upstream):
    naru = start(documents.upstream("u", upstream.url) +
                 documents.model("m", "u", retry="{attempts: 5, base: 30s, most: 60s}"))
    naru.test_key = naru.key()
    upstream.usual = [wire.answer("{}", 500)]
    answer, took = timed(naru, chat("m"))
    assert answer.status in (502, 504) and took < TIME + LATE


def test_upstream_is_told_what_is_left(naru):
    naru.openai.usual = [openai_answer()]
    answer, _ = timed(naru, chat("gpt"), seconds=30)
    assert answer.status == 200
    told = naru.openai.requests[0].header("x-request-timeout")
    assert 20 < float(told) <= 30
    naru.post(OPENAI, chat("gpt"), naru.test_key)
    assert naru.openai.requests[1].header("x-request-timeout") is None


def test_answer_in_time_is_whole(naru):
    naru.openai.usual = openai_stream("a", "b")
    answer, _ = timed(naru, chat("gpt", stream=True), seconds=30)
    assert answer.status == 200 and answer.body.endswith(b"data: [DONE]\n\n")


def test_impatient_clients_shut_no_upstream(start, upstream):
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"))
    naru.test_key = naru.key()
    upstream.usual = [STALL]
    for _ in range(6):
        assert timed(naru, chat("m"), seconds=0.05)[0].status == 504
    shown = naru.admin("GET", "/admin/v1/upstreams")["upstreams"][0]
    assert (shown["breaker"], shown["cooling"], shown["in_flight"]) == ("closed", False, 0)
    upstream.usual = [openai_answer()]
    assert naru.post(OPENAI, chat("m"), naru.test_key).status == 200


@pytest.mark.parametrize("value", ["0", "soon", "-3", "1e9"])
def test_bad_time_is_a_400(naru, value):
    answer = naru.post(OPENAI, chat("gpt"), naru.test_key, {"x-request-timeout": value})
    assert answer.status == 400
    said = json.loads(answer.body)["error"]["message"]
    assert "x-request-timeout" in said and f"'{value}'" in said
