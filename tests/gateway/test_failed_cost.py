"""What an upstream reports of an answer that failed is on the exchange's row."""
import json

import pytest
from chats import chat, event, named, openai_usage
from harness import documents, wire

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"


@pytest.fixture
def naru(start, upstream):
    made = start("".join(documents.upstream(name, upstream.url, provider="openai_compatible",
                                            extra="speaks: [openai_responses]")
                         for name in ("one", "two")) +
                 documents.model("m", "one", "{upstream: two, tier: 1}") +
                 documents.model("once", "one", retry="{attempts: 1}"))
    made.test_key = made.key()
    return made


def response(status: str, number: int, prompt: int = 5, output: int = 2) -> dict:
    item = {"type": "message", "id": f"msg_{number}", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": "ok", "annotations": []}]}
    failed = {"code": "server_error", "message": "no"} if status == "failed" else None
    return {"id": f"resp_{number}", "object": "response", "created_at": 1, "status": status,
            "error": failed, "model": "up", "output": [item] if status == "completed" else [],
            "usage": {"input_tokens": prompt, "output_tokens": output,
                      "total_tokens": prompt + output}}


def plain(*args) -> list[bytes]:
    return [wire.answer(json.dumps(response(*args)))]


def streamed(status: str, *args) -> list[bytes]:
    begun = {**response("completed", 1), "status": "in_progress", "output": [], "usage": None}
    final = "response.failed" if status == "failed" else "response.completed"
    return wire.stream(
        named("response.created", {"sequence_number": 0, "response": begun}),
        named(final, {"sequence_number": 1, "response": response(status, *args)}))


def ask(naru, path: str, model: str, stream: bool):
    body = chat(model) if path == CHAT else {"model": model, "input": "hi"}
    answer = naru.post(path, {**body, "stream": stream}, naru.test_key)
    return answer, naru.exchange(answer.header("x-request-id"))


def tokens(row: dict) -> tuple:
    return row["tokens_by"], row["tokens"]["input"], row["tokens"]["output"]


WAYS = pytest.mark.parametrize("path", [RESPONSES, CHAT])
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@WAYS
@STREAMS
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_failed_answer_is_booked_as_reported(naru, upstream, path, stream, status):
    upstream.then(*(streamed if stream else plain)(status, 1, 50, 20))
    answer, row = ask(naru, path, "once", stream)
    assert answer.status == 502, answer.body
    assert tokens(row) == ("reported", 50, 20)


@WAYS
@STREAMS
def test_row_sums_what_each_attempt_reported(naru, upstream, path, stream):
    say = streamed if stream else plain
    upstream.then(*say("failed", 1, 50, 20))
    upstream.then(*say("completed", 2, 5, 2))
    answer, row = ask(naru, path, "m", stream)
    assert answer.status == 200, answer.body
    assert row["attempts"] == 2
    assert tokens(row) == ("reported", 55, 22)


def test_answer_that_comes_plain_for_a_stream_is_booked_once(naru, upstream):
    upstream.then(*plain("completed", 1, 50, 20))
    answer, row = ask(naru, RESPONSES, "once", True)
    assert answer.status == 502, answer.body
    assert tokens(row) == ("reported", 50, 20)


def broken_chat(stream: bool) -> list[bytes]:
    if stream:
        return wire.stream(openai_usage(50, 20), event({"error": {"message": "no"}}))
    usage = {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70}
    return [wire.answer(json.dumps({"id": "c", "model": "up", "choices": [], "usage": usage}))]


def broken_message(stream: bool) -> list[bytes]:
    usage = {"input_tokens": 50, "output_tokens": 20}
    if not stream:
        return [wire.answer(json.dumps({"id": "msg_1", "type": "message", "role": "assistant",
                                        "model": "up", "content": "no list", "usage": usage}))]
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": "up", "content": [],
             "usage": {**usage, "output_tokens": 1}}
    return wire.stream(
        named("message_start", {"message": start}),
        named("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": usage}),
        named("error", {"error": {"type": "api_error", "message": "no"}}))


BROKEN = {"openai": broken_chat, "anthropic": broken_message}


@STREAMS
@pytest.mark.parametrize("provider", BROKEN)
def test_failed_answer_of_any_dialect_is_booked(start, upstream, provider, stream):
    naru = start(documents.upstream("one", upstream.url, provider) +
                 documents.model("m", "one", retry="{attempts: 1}"))
    naru.test_key = naru.key()
    upstream.then(*BROKEN[provider](stream))
    answer, row = ask(naru, CHAT, "m", stream)
    assert answer.status == 502, answer.body
    assert tokens(row) == ("reported", 50, 20)
