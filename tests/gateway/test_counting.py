"""Counting tokens and embedding across dialects: where an upstream has a means, and where not."""
import json

import pytest
from harness import documents, wire
from harness.gateway import Gateway
from harness.upstream import Upstream

MESSAGES, RESPONSES = "/v1/messages/count_tokens", "/v1/responses/input_tokens"
SAID = {MESSAGES: {"messages": [{"role": "user", "content": "나루"}], "system": "Be brief."},
        RESPONSES: {"input": [{"type": "message", "role": "user", "content": "나루"}],
                    "instructions": "Be brief."}}
COUNTED = {MESSAGES: {"input_tokens": 9},
           RESPONSES: {"object": "response.input_tokens", "input_tokens": 9}}
SPEAKS = {"claude": "anthropic", "resp": "openai_responses", "gpt": "openai_chat"}


@pytest.fixture(scope="module")
def naru(tmp_path_factory):
    """A model of each dialect, `resp` being one of an account that knows Responses alone."""
    with Upstream() as upstream:
        text = "".join(
            documents.upstream(name, upstream.url, provider="openai_compatible",
                               extra=f"speaks: [{speaks}]") + documents.model(name, name)
            for name, speaks in SPEAKS.items())
        with Gateway(tmp_path_factory.mktemp("counting"), text) as made:
            made.upstream, made.test_key = upstream, made.key()
            yield made


def count(naru, path: str, model: str) -> wire.Message:
    return naru.post(path, {"model": model, **SAID[path]}, naru.test_key)


@pytest.mark.parametrize("path", [MESSAGES, RESPONSES])
@pytest.mark.parametrize("model, theirs", [("claude", MESSAGES), ("resp", RESPONSES)])
def test_count_crosses_to_whoever_has_one(naru, path, model, theirs):
    naru.upstream.clear()
    naru.upstream.then(wire.answer(json.dumps(COUNTED[theirs])))
    answer = count(naru, path, model)
    assert (answer.status, json.loads(answer.body)) == (200, COUNTED[path])
    asked = naru.upstream.requests[-1]
    assert asked.target == theirs and json.loads(asked.body) == {"model": model, **SAID[theirs]}
    row = naru.exchange(answer.header("x-request-id"))
    assert row["operation"] == "count_tokens" and row["tokens"]["input"] == 0


@pytest.mark.parametrize("path", [MESSAGES, RESPONSES])
def test_count_at_an_upstream_without_one_is_refused(naru, path):
    answer = count(naru, path, "gpt")
    assert answer.status == 404
    said = json.loads(answer.body)["error"]["message"]
    assert "its dialect openai_chat has no count_tokens" in said


@pytest.mark.parametrize("model", ["claude", "resp"])
def test_embedding_at_an_upstream_without_one_is_refused(naru, model):
    answer = naru.post("/v1/embeddings", {"model": model, "input": "나루"}, naru.test_key)
    assert answer.status == 404
    assert "has no embed" in json.loads(answer.body)["error"]["message"]
