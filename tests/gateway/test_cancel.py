"""A client that goes away cancels the call that is made for it."""
import threading
import time

import pytest
from chats import BLOCK_START, chat, message, message_start, openai_chunk, text_delta
from harness import wait, wire
from harness.client import request
from harness.upstream import STALL

SOON = 1.0  # seconds; 0.1 is usual, a busy machine under sanitizers needs more

OPENAI_HALF = [wire.stream_head(), wire.chunk(openai_chunk("half")), STALL]
ANTHROPIC_HALF = [wire.stream_head(),
                  wire.chunk(message_start() + BLOCK_START + text_delta("half")), STALL]


def leave_in_order(client):
    client.close()


def leave_by_reset(client):
    client.reset()


def leave_half(client):
    """Sends no more but could still read: counts as gone."""
    client.connection.shutdown(1)


WAYS = [leave_in_order, leave_by_reset, leave_half]


def begin(naru, path, body):
    client = naru.connect()
    client.send(request("POST", path, body, {"authorization": f"Bearer {naru.test_key}"}))
    return client


def last_row(naru) -> dict:
    """Of the ledger; one without anything while it is empty."""
    rows = naru.admin("GET", "/admin/v1/exchanges?limit=1")["exchanges"]
    return rows[0] if rows else {"outcome": None}


def assert_cancelled(upstream, leave, client):
    got = upstream.wait_for(1)
    left_at = time.monotonic()
    leave(client)
    assert got.left.wait(10), f"the upstream was not cancelled: {upstream.errors} {got}"
    assert got.left_at - left_at < SOON
    client.close()


@pytest.mark.parametrize("leave", WAYS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_before_the_first_byte(naru, leave, stream):
    naru.openai.then(STALL)
    client = begin(naru, "/v1/chat/completions", chat("gpt", stream=stream))
    assert_cancelled(naru.openai, leave, client)
    wait.until(lambda: last_row(naru)["outcome"] == "abandoned", "its ledger row", 2.0)


@pytest.mark.parametrize("leave", WAYS)
@pytest.mark.parametrize("path,body,steps", [
    ("/v1/chat/completions", chat("gpt", stream=True), OPENAI_HALF),
    ("/v1/messages", message("claude", stream=True), ANTHROPIC_HALF),
    ("/v1/chat/completions", chat("claude", stream=True), ANTHROPIC_HALF),
    ("/v1/messages", message("gpt", stream=True), OPENAI_HALF),
], ids=["openai", "anthropic", "openai_over_anthropic", "anthropic_over_openai"])
def test_within_a_stream(naru, leave, path, body, steps):
    upstream = naru.openai if body["model"] == "gpt" else naru.anthropic
    upstream.then(*steps)
    client, events = naru.stream(path, body, naru.test_key)
    while b"half" not in events.next():
        pass
    assert_cancelled(upstream, leave, client)
    row = naru.exchange(events.message.header("x-request-id"))
    assert row["outcome"] == "abandoned" and row["tokens"]["output"] > 0


def test_within_the_pause_of_a_retry(naru):
    naru.openai.then(wire.answer("{}", 429, headers={"retry-after": "2"}))
    client = begin(naru, "/v1/chat/completions", chat("gpt"))
    naru.openai.wait_for(1).done.wait(5)
    client.close()
    wait.until(lambda: last_row(naru)["outcome"] == "abandoned", "the call is given up", 1.5)
    assert len(naru.openai.requests) == 1


def test_others_on_the_same_loop_are_not_disturbed(naru):
    go = threading.Event()
    naru.openai.then(STALL)
    gone = begin(naru, "/v1/chat/completions", chat("gpt"))
    naru.openai.wait_for(1)
    naru.openai.then(go, wire.answer('{"choices":[{"message":{"content":"x"},'
                                     '"finish_reason":"stop"}]}'))
    stays = begin(naru, "/v1/chat/completions", chat("gpt"))
    naru.openai.wait_for(2)
    gone.reset()
    naru.openai.requests[0].left.wait(10)
    go.set()
    assert stays.answer().status == 200
    stays.close()
