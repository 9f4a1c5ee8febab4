"""One row an exchange: what it says, and that it is there before the answer ends."""
import threading

import pytest
from chats import (BLOCK_START, BLOCK_STOP, DONE, MESSAGE_STOP, anthropic_answer, chat, message,
                   message_delta, message_start, openai_answer, openai_chunk, openai_error,
                   openai_stream, openai_usage, text_delta)
from harness import documents, wait, wire

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
ROUNDS = 5


def test_row_of_a_plain_call(naru):
    naru.openai.then(openai_answer(prompt=11, output=5))
    answer = naru.post(CHAT, chat("gpt"), naru.test_key, {"x-request-id": "client-7"})
    row = naru.exchange(answer.header("x-request-id"))
    assert (row["model"], row["upstream"], row["upstream_model"]) == ("gpt", "openai", "up-gpt")
    assert (row["dialect"], row["operation"], row["stream"]) == ("openai_chat", "chat", False)
    assert (row["outcome"], row["status"], row["attempts"]) == ("ok", 200, 1)
    assert (row["tokens"]["input"], row["tokens"]["output"]) == (11, 5)
    assert row["tokens_by"] == "reported" and row["client_request_id"] == "client-7"
    assert row["first_token_us"] is None and 0 < row["total_us"] < 20_000_000


@pytest.mark.parametrize("sent", ["evil\tid", "x" * 200, 'quote"d', "snow☃"])
def test_insane_client_id_is_not_kept(naru, sent):
    naru.openai.then(openai_answer())
    answer = naru.post(CHAT, chat("gpt"), naru.test_key,
                       {"x-request-id": sent.encode().decode("latin-1")})
    if answer.status == 200:  # else the head itself was refused, which is as good
        assert naru.exchange(answer.header("x-request-id"))["client_request_id"] == ""


def test_row_of_a_stream_has_the_time_to_its_first_token(naru):
    naru.anthropic.then(*wire.stream(
        message_start(9), BLOCK_START, text_delta("a"), BLOCK_STOP, message_delta(4),
        MESSAGE_STOP))
    client, events = naru.stream(MESSAGES, message("claude", stream=True), naru.test_key)
    with client:
        events.rest()
    row = naru.exchange(events.message.header("request-id"))
    assert (row["tokens"]["input"], row["tokens"]["output"]) == (9, 4)
    assert row["stream"] and 0 < row["first_token_us"] <= row["total_us"]


def test_cached_tokens_are_counted_once(naru):
    naru.anthropic.then(wire.answer(
        '{"type":"message","id":"m","role":"assistant","model":"u","content":[],'
        '"stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":1,'
        '"cache_read_input_tokens":100,"cache_creation_input_tokens":30,"cache_creation":'
        '{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}}'))
    answer = naru.post(MESSAGES, message("claude"), naru.test_key)
    tokens = naru.exchange(answer.header("request-id"))["tokens"]
    assert tokens == {"input": 5, "cache_read": 100, "cache_write_5m": 10, "cache_write_1h": 20,
                      "output": 1, "reasoning": 0}


def test_missing_usage_is_estimated_and_says_so(naru):
    naru.openai.then(*wire.stream(openai_chunk("나루터에서 " * 20), openai_chunk(finish="stop"),
                                  DONE))
    client, events = naru.stream(CHAT, chat("gpt", "긴 물음 " * 30, stream=True), naru.test_key)
    with client:
        events.rest()
    row = naru.exchange(events.message.header("x-request-id"))
    assert row["tokens_by"] != "reported" and row["outcome"] == "ok"
    assert row["tokens"]["input"] > 20 and row["tokens"]["output"] > 20


def test_refused_call_has_a_row_too(naru):
    answer = naru.post(CHAT, chat("nobody"), naru.test_key)
    row = naru.exchange(answer.header("x-request-id"))
    assert (row["outcome"], row["status"], row["attempts"]) == ("model_not_found", 404, 0)


def test_failed_call_names_its_fault(naru):
    naru.openai.usual = [openai_error(500)]
    answer = naru.post(CHAT, chat("gpt"), naru.test_key)
    row = naru.exchange(answer.header("x-request-id"))
    assert (row["outcome"], row["status"], row["attempts"]) == ("upstream_failed", 502, 3)


def test_stranger_is_in_a_metric_and_in_no_row(naru):
    before = naru.admin("GET", "/admin/v1/exchanges?limit=1")
    assert naru.post(CHAT, chat("gpt"), "naru-stranger").status == 401
    assert naru.admin("GET", "/admin/v1/exchanges?limit=1") == before
    assert 'naru_refused_total{reason="unknown"}' in naru.admin("GET", "/metrics")


def test_usage_sums_by_key_model_and_day(naru):
    key = naru.key("summed")
    for _ in range(3):
        naru.openai.then(openai_answer(prompt=10, output=2))
        naru.post(CHAT, chat("gpt"), key)
    naru.anthropic.then(anthropic_answer(prompt=5, output=1))
    naru.post(MESSAGES, message("claude"), key)
    rows = naru.admin("GET", "/admin/v1/usage?by=key,model,day&key=summed")["usage"]
    by_model = {row["model"]: row for row in rows}
    assert by_model["gpt"]["exchanges"] == 3 and by_model["gpt"]["tokens"]["input"] == 30
    assert by_model["claude"]["tokens"]["output"] == 1
    assert all(row["key"] == "summed" for row in rows)


def test_ids_rise_with_time(naru):
    ids = []
    for _ in range(5):
        naru.openai.then(openai_answer())
        ids.append(naru.post(CHAT, chat("gpt"), naru.test_key).header("x-request-id"))
    assert ids == sorted(ids) and len(set(ids)) == 5


def test_terminal_frame_waits_for_the_row(start, upstream):
    """kill -9 the moment the terminal frame was seen: the row is there after a restart."""
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"))
    key = naru.key()
    seen = []
    for turn in range(ROUNDS):
        streams = turn % 2 == 0
        upstream.then(*(openai_stream("a", output=turn + 1) if streams
                        else [openai_answer(output=turn + 1)]))
        client, events = naru.stream(CHAT, chat("m", stream=streams), key)
        if streams:
            while b"[DONE]" not in events.next():
                pass
        else:
            client.reader.body(events.message)
        naru.kill()
        client.close()
        seen.append((events.message.header("x-request-id"), turn + 1))
        naru.start()
    for request_id, output in seen:
        assert naru.exchange(request_id)["tokens"]["output"] == output


def test_terminal_frame_follows_content_only_after_the_upstream_said_so(naru):
    go = threading.Event()
    naru.openai.then(wire.stream_head(), wire.chunk(openai_chunk("a")), go,
                     wire.chunk(openai_chunk(finish="stop") + openai_usage(1, 1) + DONE),
                     wire.LAST_CHUNK)
    client, events = naru.stream(CHAT, chat("gpt", stream=True), naru.test_key)
    with client:
        assert b'"a"' in events.next()  # no delay: it is here before the upstream goes on
        go.set()
        assert events.rest().endswith(DONE)
    row = naru.exchange(events.message.header("x-request-id"))
    assert row["outcome"] == "ok"


def test_rows_outlive_kill_under_load(start, upstream):
    """Every answer whose end a client saw has exactly one row."""
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"))
    key = naru.key()
    upstream.usual = [openai_answer()]
    seen: list[str] = []
    enough = threading.Event()

    def call_on() -> None:
        try:
            with naru.connect() as client:
                while True:
                    answer = client.call("POST", CHAT, chat("m"), {"x-api-key": key})
                    if not answer.whole or answer.status != 200:
                        return
                    seen.append(answer.header("x-request-id"))
                    if len(seen) >= 60:
                        enough.set()
        except (OSError, AssertionError):
            return  # naru was killed meanwhile

    callers = [threading.Thread(target=call_on) for _ in range(4)]
    for caller in callers:
        caller.start()
    assert enough.wait(20)
    naru.kill()
    for caller in callers:
        caller.join()
    naru.start()
    rows = wait.until(lambda: naru.admin("GET", "/admin/v1/exchanges?limit=1000")["exchanges"],
                      "rows")
    kept = [row["request_id"] for row in rows]
    assert set(seen) <= set(kept) and len(kept) == len(set(kept))
    upstream.errors.clear()


def test_prompt_with_text_has_tokens_whatever_is_reported(naru):
    naru.openai.then(openai_answer(prompt=-1, output=5))
    answer = naru.post(CHAT, chat("gpt", "word " * 40), naru.test_key)
    row = naru.exchange(answer.header("x-request-id"))
    assert row["tokens_by"] == "bytes"
    assert row["tokens"]["input"] > 20 and row["tokens"]["output"] == 5
