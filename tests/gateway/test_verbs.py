"""Listings of naru's own command line, as JSON for scripts: what the admin API says, no more."""
import json

import pytest
from chats import anthropic_answer, chat, message, openai_answer
from harness import documents


@pytest.fixture
def naru(start, upstream):
    """A naru with two calls on record, one of each model."""
    made = start(documents.upstream("u", upstream.url) +
                 documents.upstream("a", upstream.url, provider="anthropic") +
                 documents.model("gpt", "{upstream: u, model: up-gpt, weight: 3}",
                                 "{upstream: a, tier: 1}", extra="aliases: [four]") +
                 documents.model("claude", "a"))
    key = made.key("caller")
    upstream.then(openai_answer(prompt=10, output=2))
    assert made.post("/v1/chat/completions", chat("gpt"), key).status == 200
    upstream.then(anthropic_answer(prompt=5, output=1))
    assert made.post("/v1/messages", message("claude"), key).status == 200
    return made


def listed(naru, *words: str) -> list[dict]:
    """Rows of a listing; its JSON has them under the verb's own name."""
    return json.loads(naru.verb(*words, "--output", "json"))[words[0]]


def test_usage_lists_what_was_used(naru):
    rows = {row["model"]: row for row in listed(naru, "usage", "--by", "key,model")}
    assert set(rows) == {"gpt", "claude"} and rows["gpt"]["key"] == "caller"
    assert rows["claude"]["tokens"]["input"] == 5 and rows["claude"]["tokens"]["output"] == 1
    assert all((row["exchanges"], row["failed"]) == (1, 0) for row in rows.values())


def test_usage_can_be_bounded(naru):
    assert [row["model"] for row in listed(naru, "usage", "--model", "gpt")] == ["gpt"]
    assert listed(naru, "usage", "--key", "nobody") == []
    assert listed(naru, "usage", "--until", "2020-01-01") == []


def test_usage_is_the_same_when_no_naru_runs(naru):
    before = listed(naru, "usage", "--by", "key,model")
    naru.close()
    assert before and listed(naru, "usage", "--by", "key,model") == before


def test_models_lists_targets(naru):
    models = {model["name"]: model for model in listed(naru, "models")}
    assert set(models) == {"gpt", "claude"} and models["gpt"]["aliases"] == ["four"]
    first, second = models["gpt"]["targets"]
    assert (first["upstream"], first["model"], first["weight"]) == ("u", "up-gpt", 3)
    assert second["upstream"] == "a"
