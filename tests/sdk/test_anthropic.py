"""The official Python SDK of Anthropic as a client."""
import asyncio

import anthropic
import pytest
from cases import every_provider, failing
from parts import EXPECTED
from stage import LISTED

KOREAN = [{"role": "user", "content": "안녕하세요. 나루가 뭐예요?"}]
LONG = [{"role": "user", "content": "Count from one to one thousand."}]


def client_of(stage, key=None) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=stage.url, api_key=key or stage.key, max_retries=0)


@pytest.fixture
def client(stage):
    with client_of(stage) as made:
        yield made


def asked(model: str, **more) -> dict:
    return {"model": model, "max_tokens": 16, "system": EXPECTED["system"],
            "messages": EXPECTED["turns"], **more}


def ask(client, model: str, **more):
    return client.messages.create(**asked(model, **more))


def asked_engine(**more) -> dict:
    """At temperature 0, so that it says the same each time; this SDK has no argument for it."""
    return {"model": "smollm2", "messages": KOREAN, "max_tokens": 4,
            "extra_body": {"temperature": 0}, **more}


def ask_engine(client, **more):
    return client.messages.create(**asked_engine(**more))


def text_of(message) -> str:
    return "".join(block.text for block in message.content)


def text_in(events) -> str:
    return "".join(e.delta.text for e in events if e.type == "content_block_delta")


def stop_in(events) -> list[str]:
    return [e.delta.stop_reason for e in events if e.type == "message_delta"]


def prompt_tokens(usage) -> int:
    return usage.input_tokens + usage.cache_read_input_tokens


def expect_usage(usage) -> None:
    said = EXPECTED["usage"]
    assert usage.input_tokens == said["uncached"]
    assert usage.cache_read_input_tokens == said["cached"]
    assert usage.output_tokens == said["output"]


# Providers' answers, from both dialects

@every_provider
def test_message_reaches_a_provider_with_system_and_all_turns(client, provider):
    message = ask(client, f"{provider}-echo")
    assert text_of(message) == EXPECTED["echo"]
    assert (message.type, message.role) == ("message", "assistant")
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert message.model == f"{provider}-echo"
    assert message._request_id.startswith("req_")
    expect_usage(message.usage)


@every_provider
def test_blocks_of_text_reach_a_provider(client, provider):
    message = ask(client, f"{provider}-echo", system=[{"type": "text", "text": "Be brief."}],
                  messages=[{"role": "user", "content": [{"type": "text", "text": "나루"},
                                                         {"type": "text", "text": "?"}]}])
    assert text_of(message) == "system=Be brief. user=나루?"


@every_provider
def test_stream_has_the_events_of_the_dialect_in_order(client, provider):
    events = list(ask(client, f"{provider}-echo", stream=True))
    kinds = [event.type for event in events if event.type != "ping"]
    deltas = kinds.count("content_block_delta")
    assert deltas > 3
    assert kinds == ["message_start", "content_block_start", *["content_block_delta"] * deltas,
                     "content_block_stop", "message_delta", "message_stop"]
    assert text_in(events) == EXPECTED["echo"]
    assert stop_in(events) == ["end_turn"]
    assert events[0].message.model == f"{provider}-echo"


@every_provider
def test_helper_for_streams_builds_the_whole_message(client, provider):
    with client.messages.stream(**asked(f"{provider}-echo")) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert "".join(pieces) == text_of(message) == EXPECTED["echo"]
    assert message.stop_reason == "end_turn"
    expect_usage(message.usage)


@every_provider
def test_async_client_streams_and_chats(stage, provider):
    async def talk():
        async with anthropic.AsyncAnthropic(base_url=stage.url, api_key=stage.key,
                                            max_retries=0) as client:
            stream = await ask(client, f"{provider}-echo", stream=True)
            events = [event async for event in stream]
            messages = await asyncio.gather(*(ask(client, f"{provider}-echo") for _ in range(8)))
        return text_in(events), [text_of(message) for message in messages]

    assert asyncio.run(talk()) == (EXPECTED["echo"], [EXPECTED["echo"]] * 8)


@every_provider
def test_answer_cut_by_max_tokens_says_so(client, provider):
    assert ask(client, f"{provider}-short").stop_reason == "max_tokens"
    events = list(ask(client, f"{provider}-short", stream=True))
    assert (text_in(events), stop_in(events)) == (EXPECTED["half"], ["max_tokens"])


@failing
def test_failure_within_a_stream_is_raised_after_its_text(client, provider, how):
    events = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        for event in ask(client, f"{provider}-{how}", stream=True):
            events.append(event)
    assert caught.value.body["error"]["type"] in ("overloaded_error", "api_error")
    assert caught.value.body["request_id"].startswith("req_")
    assert text_in(events) == EXPECTED["half"]
    assert stop_in(events) == []


@every_provider
def test_refusal_of_a_provider_keeps_its_class_and_words(client, provider):
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, f"{provider}-refused")
    assert caught.value.body["error"] == {"type": "invalid_request_error",
                                          "message": EXPECTED["refusal"]}
    with pytest.raises(anthropic.BadRequestError):
        ask(client, f"{provider}-refused", stream=True)


@every_provider
def test_limit_of_a_provider_says_when_to_come_again_and_not_whose_it_is(client, provider):
    with pytest.raises(anthropic.RateLimitError) as caught:
        ask(client, f"{provider}-busy")
    assert caught.value.response.headers["retry-after"] == "7"
    assert "acct_canary" not in caught.value.response.text


@every_provider
def test_cancelled_stream_leaves_the_provider_and_the_next_call_is_fine(stage, client, provider):
    with client.messages.stream(**asked(f"{provider}-held")) as stream:
        assert EXPECTED["half"].startswith(next(stream.text_stream))
    assert text_of(ask(client, f"{provider}-freed")) == EXPECTED["echo"]
    assert stage.outcome(stream.response.headers["request-id"]) == "abandoned"


@every_provider
def test_call_that_times_out_leaves_the_provider(client, provider):
    with pytest.raises(anthropic.APITimeoutError):
        ask(client.with_options(timeout=0.3), f"{provider}-held")
    assert text_of(ask(client, f"{provider}-freed")) == EXPECTED["echo"]


@pytest.mark.parametrize("provider", ["resp", "claude"])
def test_count_of_tokens_comes_from_the_provider(client, provider):
    counted = client.messages.count_tokens(model=f"{provider}-echo", system=EXPECTED["system"],
                                           messages=EXPECTED["turns"])
    assert counted.input_tokens == len(EXPECTED["echo"])


def test_beta_resource_is_served_with_its_query(client):
    message = client.beta.messages.create(**asked("claude-echo"))
    assert text_of(message) == EXPECTED["echo"]
    assert client.beta.messages.count_tokens(
        model="claude-echo", system=EXPECTED["system"],
        messages=EXPECTED["turns"]).input_tokens == len(EXPECTED["echo"])


def test_key_as_bearer_token_is_taken_too(stage):
    with anthropic.Anthropic(base_url=stage.url, auth_token=stage.key, max_retries=0) as client:
        assert text_of(ask(client, "claude-echo")) == EXPECTED["echo"]


# The engine with the real model

def test_engine_answers_a_korean_prompt(client):
    message = ask_engine(client, system="Answer briefly.")
    assert text_of(message).strip()
    assert (message.stop_reason, message.model) == ("max_tokens", "smollm2")
    assert prompt_tokens(message.usage) > 40  # this model has more than one for a Korean character
    assert message.usage.output_tokens == 4


def test_engine_streams_what_it_answers(client):
    with client.messages.stream(**asked_engine()) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == text_of(message) == text_of(ask_engine(client))
    assert (message.stop_reason, message.model) == ("max_tokens", "smollm2")
    assert message.usage.output_tokens == 4
    assert prompt_tokens(message.usage) > 40


def test_engine_streams_to_many_async_clients_at_once(stage):
    async def one(client):
        stream = await ask_engine(client, stream=True)
        return [event async for event in stream]

    async def all_of_them():
        async with anthropic.AsyncAnthropic(base_url=stage.url, api_key=stage.key,
                                            max_retries=0) as client:
            return await asyncio.gather(*(one(client) for _ in range(4)))

    for events in asyncio.run(all_of_them()):
        assert text_in(events).strip()
        assert stop_in(events) == ["max_tokens"]
        assert events[-1].type == "message_stop"


def test_engine_counts_tokens_as_it_computes_them(client):
    def count(messages):
        return client.messages.count_tokens(model="smollm2", messages=messages).input_tokens

    usage = ask_engine(client, max_tokens=1).usage
    assert count(KOREAN) == prompt_tokens(usage)
    assert count([*KOREAN, {"role": "assistant", "content": "네"}, *KOREAN]) > count(KOREAN)


def test_engine_is_free_again_after_a_cancelled_stream(stage, client):
    with client.messages.stream(**asked_engine(messages=LONG, max_tokens=1000)) as stream:
        next(stream.text_stream)
    assert stage.outcome(stream.response.headers["request-id"]) == "abandoned"
    assert text_of(ask_engine(client)).strip()


# Errors and the list of models

def test_wrong_key_is_an_authentication_error(stage):
    with client_of(stage, key="naru_wrong") as client:
        for call in (lambda: ask(client, "claude-echo"), client.models.list,
                     lambda: ask(client, "claude-echo", stream=True),
                     lambda: client.messages.count_tokens(model="smollm2", messages=KOREAN)):
            with pytest.raises(anthropic.AuthenticationError) as caught:
                call()
            assert caught.value.body["type"] == "error"
            assert caught.value.body["error"]["type"] == "authentication_error"
            assert caught.value.request_id == caught.value.body["request_id"]


def test_unknown_model_is_not_found_and_near_names_are_told(client):
    with pytest.raises(anthropic.NotFoundError) as caught:
        ask(client, "smolm2")
    assert caught.value.body["error"]["type"] == "not_found_error"
    assert "smollm2" in caught.value.body["error"]["message"]
    with pytest.raises(anthropic.NotFoundError):
        ask(client, "nothing-alike", stream=True)


@pytest.mark.parametrize("wrong, named", [
    ({"max_tokens": -1}, "max_tokens"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    ({"system": 5}, "system")])
@pytest.mark.parametrize("model", ["gpt-echo", "claude-echo", "smollm2"])
def test_bad_parameter_is_a_bad_request_that_names_it(client, model, wrong, named):
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, model, **wrong)
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    assert named in caught.value.body["error"]["message"]


def test_path_not_served_yet_is_not_found(client):
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.batches.list()
    assert caught.value.body["error"]["type"] == "not_found_error"


def test_list_and_single_models_have_the_shape_of_the_dialect(client):
    page = client.models.list()
    assert [(model.id, model.type) for model in page.data] == [(name, "model") for name in LISTED]
    assert page.has_more is False
    assert [model.id for model in client.models.list(limit=1)] == LISTED
    for name in ("smollm2", "team/gpt-echo", "claude-echo"):
        model = client.models.retrieve(name)
        assert (model.id, model.type) == (name, "model")
        assert model.display_name
        assert model.created_at.year >= 2026
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("nothing-alike")
