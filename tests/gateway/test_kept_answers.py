"""Answers of the Responses API that are kept: read, built upon, deleted; by their own key alone."""
import contextlib
import json
import sqlite3

import pytest
from chats import anthropic_answer, anthropic_stream, named
from harness import documents, wait, wire
from harness.gateway import LISTENERS, Gateway
from harness.upstream import Upstream

RESPONSES = "/v1/responses"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One naru in front of an upstream that speaks Responses and of one that speaks Messages."""
    with Upstream() as openai, Upstream() as anthropic:
        text = documents.upstream("openai", openai.url) + \
            documents.upstream("anthropic", anthropic.url, provider="anthropic") + \
            documents.model("gpt", "{upstream: openai, model: up-gpt}") + \
            documents.model("claude", "{upstream: anthropic, model: up-claude}")
        with Gateway(tmp_path_factory.mktemp("kept"), text) as naru:
            naru.openai, naru.anthropic = openai, anthropic
            naru.mine, naru.other = naru.key("mine"), naru.key("other")
            yield naru


@pytest.fixture
def naru(stage):
    for upstream in (stage.openai, stage.anthropic):
        upstream.clear()
    return stage


def message_item(text: str, number: int = 1) -> dict:
    return {"type": "message", "id": f"msg_{number}", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}


def response(text: str, number: int = 1, status: str = "completed") -> dict:
    return {"id": f"resp_{number}", "object": "response", "created_at": 1, "status": status,
            "error": None, "incomplete_details": None, "instructions": None, "model": "up-gpt",
            "output": [message_item(text, number)] if status == "completed" else [],
            "parallel_tool_calls": True, "previous_response_id": None, "store": False,
            "tool_choice": "auto", "tools": [], "metadata": {}, "temperature": 1, "top_p": 1,
            "usage": {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 0},
                      "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 0},
                      "total_tokens": 7}}


def plain(text: str, number: int = 1) -> bytes:
    return wire.answer(json.dumps(response(text, number)))


def ask(naru, key: str, status: int = 200, **fields) -> dict:
    answer = naru.post(RESPONSES, {"model": "gpt", "input": "hi", **fields}, key)
    assert answer.status == status, answer.body
    return json.loads(answer.body)


def sent_to(upstream) -> dict:
    return json.loads(upstream.requests[-1].body)


def read(naru, key: str, number: str):
    return naru.call("GET", f"{RESPONSES}/{number}", key=key)


def test_answer_can_be_read_by_its_own_key_alone(naru):
    naru.openai.then(plain("배를 대는 곳", 11))
    told = ask(naru, naru.mine)
    assert json.loads(read(naru, naru.mine, told["id"]).body) == told
    stranger = read(naru, naru.other, told["id"])
    assert stranger.status == 404
    assert json.loads(stranger.body)["error"]["type"] == "invalid_request_error"
    assert naru.call("GET", f"{RESPONSES}/{told['id']}").status == 401


def test_answers_of_one_upstream_id_are_kept_apart(naru):
    naru.openai.then(plain("first", 12))
    naru.openai.then(plain("second", 12))
    first, second = ask(naru, naru.mine, input="one"), ask(naru, naru.mine, input="two")
    assert first["id"] != second["id"]
    for told in (first, second):
        assert json.loads(read(naru, naru.mine, told["id"]).body) == told
    naru.openai.then(plain("third", 13))
    ask(naru, naru.mine, input="three", previous_response_id=first["id"])
    assert sent_to(naru.openai)["input"][0]["content"][0]["text"] == "one"


def test_next_turn_stands_on_what_was_said(naru):
    naru.openai.then(plain("first", 21))
    first = ask(naru, naru.mine, input="one")
    naru.openai.then(plain("second", 22))
    second = ask(naru, naru.mine, input="two", previous_response_id=first["id"])
    sent = sent_to(naru.openai)
    assert sent["previous_response_id"] is None and sent["store"] is False
    said = [(item["role"], item["content"][0]["text"]) for item in sent["input"]]
    assert said == [("user", "one"), ("assistant", "first"), ("user", "two")]
    naru.openai.then(plain("third", 23))
    ask(naru, naru.mine, input=[{"role": "user", "content": "three"}],
        previous_response_id=second["id"])
    assert len(sent_to(naru.openai)["input"]) == 5
    assert second["previous_response_id"] == first["id"]
    assert second["store"] is True


def test_stream_tells_what_its_client_asked(naru):
    """Not what the upstream was asked, which keeps nothing and stands on nothing."""
    naru.openai.then(plain("first", 25))
    first = ask(naru, naru.mine)
    final = response("second", 26)
    begun = {**final, "status": "in_progress", "output": []}
    naru.openai.then(*wire.stream(
        named("response.created", {"sequence_number": 0, "response": begun}),
        named("response.completed", {"sequence_number": 1, "response": final})))
    client, events = naru.stream(RESPONSES, {"model": "gpt", "input": "x", "stream": True,
                                             "previous_response_id": first["id"]}, naru.mine)
    with client:
        text = events.rest()
    for event in text.split(b"data: ")[1:]:
        told = json.loads(event.split(b"\n")[0])["response"]
        assert (told["store"], told["previous_response_id"]) == (True, first["id"])


def test_turns_go_on_at_another_provider(naru):
    """What one upstream answered is told to the next as the conversation itself."""
    naru.openai.then(plain("from openai", 31))
    first = ask(naru, naru.mine, input="one")
    naru.anthropic.then(anthropic_answer("from anthropic"))
    second = ask(naru, naru.mine, model="claude", input="two", previous_response_id=first["id"])
    roles = [message["role"] for message in sent_to(naru.anthropic)["messages"]]
    assert roles == ["user", "assistant", "user"]
    assert second["output"][0]["content"][0]["text"] == "from anthropic"
    assert second["previous_response_id"] == first["id"]
    assert json.loads(read(naru, naru.mine, second["id"]).body) == second


def test_streamed_answer_is_kept_before_its_end_is_told(naru):
    naru.anthropic.then(*anthropic_stream("a", "b"))
    client, events = naru.stream(RESPONSES, {"model": "claude", "input": "x", "stream": True},
                                 naru.mine)
    with client:
        text = events.rest()
    final = json.loads(text.split(b"event: response.completed\ndata: ")[1].split(b"\n")[0])
    number = final["response"]["id"]
    assert json.loads(read(naru, naru.mine, number).body) == final["response"]
    naru.anthropic.then(anthropic_answer("c"))
    ask(naru, naru.mine, model="claude", previous_response_id=number)
    assert [m["role"] for m in sent_to(naru.anthropic)["messages"]] == ["user", "assistant", "user"]


def test_items_can_stand_in_a_request_by_their_id(naru):
    naru.openai.then(plain("said", 41))
    told = ask(naru, naru.mine)
    reference = {"type": "item_reference", "id": told["output"][0]["id"]}
    naru.openai.then(plain("again", 42))
    ask(naru, naru.mine, input=[reference, {"role": "user", "content": "go on"}])
    assert sent_to(naru.openai)["input"][0]["content"][0]["text"] == "said"
    refused = ask(naru, naru.other, 400, input=[reference])
    assert refused["error"]["param"] == "input[0]"


def test_previous_answer_of_another_key_is_not_there(naru):
    naru.openai.then(plain("secret", 51))
    told = ask(naru, naru.mine)
    refused = ask(naru, naru.other, 400, previous_response_id=told["id"])
    assert refused["error"]["code"] == "previous_response_not_found"
    assert refused["error"]["param"] == "previous_response_id"
    assert len(naru.openai.requests) == 1


def test_deleted_answer_is_gone(naru):
    naru.openai.then(plain("gone", 61))
    told = ask(naru, naru.mine)
    assert naru.call("DELETE", f"{RESPONSES}/{told['id']}", key=naru.other).status == 404
    deleted = naru.call("DELETE", f"{RESPONSES}/{told['id']}", key=naru.mine)
    assert json.loads(deleted.body) == {"id": told["id"], "object": "response", "deleted": True}
    assert read(naru, naru.mine, told["id"]).status == 404
    ask(naru, naru.mine, 400, previous_response_id=told["id"])


def test_answer_asked_not_to_be_kept_is_not(naru):
    naru.openai.then(plain("off the record", 71))
    told = ask(naru, naru.mine, store=False)
    assert read(naru, naru.mine, told["id"]).status == 404
    for file in naru.data.rglob("naru.db*"):
        assert b"off the record" not in file.read_bytes()


def test_answers_are_kept_as_long_as_the_setting_says(start):
    with Upstream() as openai:
        text = documents.upstream("openai", openai.url) + documents.model("gpt", "openai")
        naru = start(text, gateway_document=LISTENERS + "keep_answers: 6s\n")
        key = naru.key()
        openai.then(plain("short-lived", 81))
        told = ask(naru, key)
        assert read(naru, key, told["id"]).status == 200
        wait.until(lambda: read(naru, key, told["id"]).status == 404, "it expires", 20)
        off = start(text, "off", gateway_document=LISTENERS + "keep_answers: 0s\n")
        key = off.key()
        openai.then(plain("never kept", 82))
        told = ask(off, key)
        assert read(off, key, told["id"]).status == 404


def test_answer_that_cannot_be_kept_is_booked_as_reported(start):
    with Upstream() as openai:
        naru = start(documents.upstream("openai", openai.url) + documents.model("gpt", "openai"))
        with contextlib.closing(sqlite3.connect(naru.data / "naru.db")) as database:
            database.execute("ALTER TABLE kept_answers RENAME TO away")
            database.commit()
        openai.then(plain("whole", 95))
        answer = naru.post(RESPONSES, {"model": "gpt", "input": "hi"}, naru.key())
        assert answer.status == 503, answer.body
        row = naru.exchange(answer.header("x-request-id"))
        assert (row["tokens_by"], row["tokens"]["input"], row["tokens"]["output"]) == \
            ("reported", 5, 2)


def test_kept_answers_survive_kill(start):
    with Upstream() as openai:
        text = documents.upstream("openai", openai.url) + documents.model("gpt", "openai")
        naru = start(text)
        key = naru.key()
        openai.then(plain("durable", 91))
        told = ask(naru, key)
        naru.kill()
        naru.start()
        assert json.loads(read(naru, key, told["id"]).body) == told
