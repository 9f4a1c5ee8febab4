"""A model that is not loaded yet holds its calls; the engine here never gets ready."""
import json
import selectors

import pytest
from chats import chat, message, openai_answer
from harness import documents, wait
from harness.client import Client, request
from harness.gateway import LISTENERS

OPENAI, ANTHROPIC = "/v1/chat/completions", "/v1/messages"
MOST_HELD = 512  # calls a deployment
ENGINE = "#!/bin/sh\nexec sleep 600\n"  # listens on nothing
LIMITS = "limits: {hold: 200ms, ping: 100ms}\n"
ONCE = "{attempts: 1}"


@pytest.fixture
def cold(tmp_path, start):
    """Starts a naru whose deployment `local` never gets ready, and its model `m`."""
    engine = tmp_path / "engine"
    engine.write_text(ENGINE)
    engine.chmod(0o755)

    def make(more: str = "", limits: str = LIMITS):
        made = start(documents.deployment("local", extra=f"engine_path: {engine}\n"
                                          "start: on_demand") +
                     documents.model("m", "local", retry=ONCE) + more,
                     gateway_document=LISTENERS + limits)
        made.test_key = made.key()
        return made
    return make


def phase(naru) -> str:
    return naru.admin("GET", "/admin/v1/deployments")["deployments"][0]["phase"]


def wait_for_pings(events, first_line: bytes, count: int = 3) -> None:
    while count > 0:
        count -= events.line() == first_line


@pytest.mark.parametrize("path,body,ping", [
    (OPENAI, chat("m", stream=True), b": ping"),
    (ANTHROPIC, message("m", stream=True), b"event: ping"),
], ids=["openai", "anthropic"])
def test_stream_is_held_with_pings(cold, path, body, ping):
    naru = cold()
    client, events = naru.stream(path, body, naru.test_key)
    with client:
        assert events.message.status == 200
        assert events.message.header("content-type").startswith("text/event-stream")
        wait_for_pings(events, ping)
        assert phase(naru) == "starting"  # the call itself woke it


def test_deadline_is_a_503_that_says_when_to_come_again(cold):
    naru = cold(limits="limits: {cold_start: 300ms}\n")
    for stream in (False, True):
        answer = naru.post(OPENAI, chat("m", stream=stream), naru.test_key)
        assert answer.status == 503 and int(answer.header("retry-after")) >= 1
        assert "loading" in json.loads(answer.body)["error"]["message"]


def test_deadline_behind_the_hold_is_an_error_event(cold):
    naru = cold(limits="limits: {hold: 100ms, ping: 100ms, cold_start: 500ms}\n")
    client, events = naru.stream(ANTHROPIC, message("m", stream=True), naru.test_key)
    with client:
        text = events.rest()
    assert events.message.status == 200 and text.startswith(b"event: ping\n")
    assert text.count(b"event: error\n") == 1 and b"message_stop" not in text


def test_other_target_has_its_turn_at_the_deadline(cold, upstream):
    upstream.usual = [openai_answer("from afar")]
    naru = cold(documents.upstream("far", upstream.url) +
                documents.model("both", "local", "{upstream: far, tier: 1}"),
                limits="limits: {cold_start: 300ms}\n")
    answer = naru.post(OPENAI, chat("both"), naru.test_key)
    assert answer.status == 200 and b"from afar" in answer.body


def first_answer(clients: list[Client], seconds: float = 60.0) -> Client:
    chooser = selectors.DefaultSelector()
    for client in clients:
        chooser.register(client.connection, selectors.EVENT_READ, client)
    ready = wait.until(lambda: chooser.select(0), "one of them is answered", seconds)
    return ready[0][0].data


def test_calls_held_are_bounded(cold):
    naru = cold()
    asked = request("POST", OPENAI, chat("m"), {"x-api-key": naru.test_key})
    clients = [naru.connect() for _ in range(MOST_HELD + 1)]
    for client in clients:
        client.send(asked)
    answer = first_answer(clients).answer()
    assert answer.status == 503 and int(answer.header("retry-after")) >= 1
    for client in clients:
        client.close()


def test_waiting_call_is_told_when_the_engine_cannot_start(tmp_path, start):
    weights = tmp_path / "broken.gguf"
    weights.write_bytes(b"GGUF, but no more")
    naru = start(documents.deployment("local", str(weights), extra="start: on_demand") +
                 documents.model("m", "local", retry=ONCE))
    answer = naru.post(OPENAI, chat("m"), naru.key())
    assert answer.status == 503 and int(answer.header("retry-after")) >= 1
    assert "local" in json.loads(answer.body)["error"]["message"]
