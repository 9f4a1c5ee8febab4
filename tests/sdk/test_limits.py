"""SDKs that are told of a key's limits: what they read, and that they come again when told."""
import time

import anthropic
import openai
import pytest

ASK = [{"role": "user", "content": "hi"}]


def spend(stage, key: str) -> None:
    """Uses up the requests of a minute."""
    with stage.gateway.connect() as client:
        while client.call("GET", "/v1/models", headers={"x-api-key": key}).status == 200:
            pass


def test_openai_reads_what_is_left(stage):
    key = stage.gateway.key("openai reads", requests_per_minute=60, tokens_per_minute=6000)
    with openai.OpenAI(base_url=f"{stage.url}/v1", api_key=key, max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(model="gpt-echo", messages=ASK)
    assert raw.headers["x-ratelimit-remaining-requests"] == "59"
    assert int(raw.headers["x-ratelimit-remaining-tokens"]) < 6000


def test_anthropic_reads_what_is_left(stage):
    key = stage.gateway.key("anthropic reads", requests_per_minute=60)
    with anthropic.Anthropic(base_url=stage.url, api_key=key, max_retries=0) as client:
        raw = client.messages.with_raw_response.create(model="claude-echo", max_tokens=9,
                                                       messages=ASK)
    assert raw.headers["anthropic-ratelimit-requests-remaining"] == "59"
    assert raw.headers["anthropic-ratelimit-requests-reset"].endswith("Z")


@pytest.mark.parametrize("make, refused", [
    (lambda stage, **fields: openai.OpenAI(base_url=f"{stage.url}/v1", **fields),
     openai.RateLimitError),
    (lambda stage, **fields: anthropic.Anthropic(base_url=stage.url, **fields),
     anthropic.RateLimitError)], ids=["openai", "anthropic"])
def test_sdk_comes_again_when_told(stage, make, refused):
    key = stage.gateway.key("spent", replace=True, requests_per_minute=20)  # one each 3 s
    with make(stage, api_key=key, max_retries=0) as once, \
            make(stage, api_key=key, max_retries=1) as twice:
        spend(stage, key)
        with pytest.raises(refused) as told:
            once.models.list()
        assert "the key 'spent' has made its 20 requests a minute" in str(told.value)
        began = time.monotonic()
        assert twice.models.list().data
    assert time.monotonic() - began < 5
