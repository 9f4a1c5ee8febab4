"""The official Python SDK of OpenAI as a client."""
import asyncio
import math

import openai
import pytest
from cases import every_provider, failing
from parts import EXPECTED
from stage import LISTED

MESSAGES = [{"role": "system", "content": EXPECTED["system"]}, *EXPECTED["turns"]]
KOREAN = [{"role": "user", "content": "안녕하세요. 나루가 뭐예요?"}]
LONG = [{"role": "user", "content": "Count from one to one thousand."}]


def client_of(stage, key=None) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{stage.url}/v1", api_key=key or stage.key, max_retries=0)


@pytest.fixture
def client(stage):
    with client_of(stage) as made:
        yield made


def ask(client, model: str, messages=MESSAGES, **more):
    return client.chat.completions.create(model=model, messages=messages, **more)


def ask_engine(client, messages=KOREAN, max_tokens=4, **more):
    """At temperature 0, so that it says the same each time."""
    return ask(client, "smollm2", messages, max_tokens=max_tokens, temperature=0, **more)


def text_in(chunks) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def stop_in(chunks) -> list[str]:
    return [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]


def expect_usage(usage) -> None:
    said = EXPECTED["usage"]
    assert usage.prompt_tokens == said["uncached"] + said["cached"]
    assert usage.prompt_tokens_details.cached_tokens == said["cached"]
    assert usage.completion_tokens == said["output"]
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


# Providers' answers, from both dialects

@every_provider
def test_chat_reaches_a_provider_with_system_and_all_turns(client, provider):
    answer = ask(client, f"{provider}-echo")
    assert answer.choices[0].message.content == EXPECTED["echo"]
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.object, answer.model) == ("chat.completion", f"{provider}-echo")
    assert answer._request_id.startswith("req_")
    expect_usage(answer.usage)


@every_provider
def test_stream_carries_the_same_as_a_plain_answer(client, provider):
    chunks = list(ask(client, f"{provider}-echo", stream=True))
    assert text_in(chunks) == EXPECTED["echo"]
    assert len([c for c in chunks if c.choices and c.choices[0].delta.content]) > 3
    assert stop_in(chunks) == ["stop"]
    assert {(c.object, c.model) for c in chunks} == {("chat.completion.chunk", f"{provider}-echo")}
    assert len({c.id for c in chunks}) == 1


@every_provider
def test_stream_has_usage_only_for_who_asked(client, provider):
    silent = list(ask(client, f"{provider}-echo", stream=True))
    assert all("usage" not in c.model_fields_set and c.choices for c in silent)
    asked = list(ask(client, f"{provider}-echo", stream=True,
                     stream_options={"include_usage": True}))
    assert asked[-1].choices == []
    expect_usage(asked[-1].usage)
    assert [c for c in asked[:-1] if c.usage is not None] == []


@every_provider
def test_async_client_streams_and_chats(stage, provider):
    async def talk():
        async with openai.AsyncOpenAI(base_url=f"{stage.url}/v1", api_key=stage.key,
                                      max_retries=0) as client:
            stream = await ask(client, f"{provider}-echo", stream=True)
            chunks = [chunk async for chunk in stream]
            answers = await asyncio.gather(*(ask(client, f"{provider}-echo") for _ in range(8)))
        return text_in(chunks), [answer.choices[0].message.content for answer in answers]

    assert asyncio.run(talk()) == (EXPECTED["echo"], [EXPECTED["echo"]] * 8)


@every_provider
def test_helper_for_streams_builds_the_whole_answer(client, provider):
    with client.chat.completions.stream(model=f"{provider}-echo", messages=MESSAGES) as stream:
        stream.until_done()
        answer = stream.get_final_completion()
    assert answer.choices[0].message.content == EXPECTED["echo"]
    assert answer.choices[0].finish_reason == "stop"


@every_provider
def test_answer_cut_by_max_tokens_says_length(client, provider):
    assert ask(client, f"{provider}-short", max_tokens=3).choices[0].finish_reason == "length"
    chunks = list(ask(client, f"{provider}-short", max_tokens=3, stream=True))
    assert (text_in(chunks), stop_in(chunks)) == (EXPECTED["half"], ["length"])


@failing
def test_failure_within_a_stream_is_raised_after_its_text(client, provider, how):
    chunks = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in ask(client, f"{provider}-{how}", stream=True):
            chunks.append(chunk)
    assert caught.value.type == "server_error"
    assert text_in(chunks) == EXPECTED["half"]
    assert stop_in(chunks) == []


@every_provider
def test_refusal_of_a_provider_keeps_its_class_and_words(client, provider):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, f"{provider}-refused")
    assert EXPECTED["refusal"] in caught.value.message
    with pytest.raises(openai.BadRequestError):
        ask(client, f"{provider}-refused", stream=True)


@every_provider
def test_limit_of_a_provider_says_when_to_come_again_and_not_whose_it_is(client, provider):
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client, f"{provider}-busy")
    assert caught.value.response.headers["retry-after"] == "7"
    assert "acct_canary" not in caught.value.response.text


@every_provider
def test_cancelled_stream_leaves_the_provider_and_the_next_call_is_fine(stage, client, provider):
    with ask(client, f"{provider}-held", stream=True) as stream:
        first = next(chunk for chunk in stream if text_in([chunk]))
    assert EXPECTED["half"].startswith(text_in([first]))
    assert ask(client, f"{provider}-freed").choices[0].message.content == EXPECTED["echo"]
    assert stage.outcome(stream.response.headers["x-request-id"]) == "abandoned"


@every_provider
def test_call_that_times_out_leaves_the_provider(client, provider):
    with pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=0.3), f"{provider}-held")
    assert ask(client, f"{provider}-freed").choices[0].message.content == EXPECTED["echo"]


@pytest.mark.parametrize("given, count", [
    ("나루", 1), (["나루", "b"], 2), ([15496, 995], 1), ([[15496, 995], [1]], 2)])
def test_embeddings_of_a_provider(client, given, count):
    for form in ({}, {"encoding_format": "float"}):  # without a form the SDK asks for base64
        answer = client.embeddings.create(model="gpt-embed", input=given, **form)
        assert [entry.embedding for entry in answer.data] == EXPECTED["vectors"][:count]
        assert (answer.model, answer.usage.prompt_tokens) == ("gpt-embed", count)


def test_embeddings_do_not_cross_to_a_dialect_without_them(client):
    with pytest.raises(openai.APIStatusError) as caught:
        client.embeddings.create(model="claude-embed", input="나루")
    assert "embed" in caught.value.message


# The engine with the real model

def test_engine_answers_a_korean_prompt(client):
    answer = ask_engine(client)
    assert answer.choices[0].message.content.strip()
    assert (answer.choices[0].finish_reason, answer.model) == ("length", "smollm2")
    assert answer.usage.prompt_tokens > 40  # this model has more than one for a Korean character
    assert answer.usage.completion_tokens == 4


def test_engine_streams_what_it_answers(client):
    chunks = list(ask_engine(client, stream=True, stream_options={"include_usage": True}))
    assert text_in(chunks) == ask_engine(client).choices[0].message.content
    assert len([chunk for chunk in chunks if text_in([chunk])]) > 1
    assert stop_in(chunks) == ["length"]
    assert chunks[-1].usage.completion_tokens == 4
    assert {chunk.model for chunk in chunks} == {"smollm2"}


def test_engine_streams_to_many_async_clients_at_once(stage):
    async def one(client):
        stream = await ask_engine(client, stream=True)
        return [chunk async for chunk in stream]

    async def all_of_them():
        async with openai.AsyncOpenAI(base_url=f"{stage.url}/v1", api_key=stage.key,
                                      max_retries=0) as client:
            return await asyncio.gather(*(one(client) for _ in range(4)))

    for chunks in asyncio.run(all_of_them()):
        assert text_in(chunks).strip()
        assert stop_in(chunks) == ["length"]
        assert all("usage" not in chunk.model_fields_set for chunk in chunks)


def test_engine_completes_a_prompt(client):
    asked = {"model": "smollm2", "prompt": "One, two,", "max_tokens": 4, "temperature": 0}
    plain = client.completions.create(**asked)
    streamed = client.completions.create(**asked, stream=True)
    assert (plain.object, plain.model) == ("text_completion", "smollm2")
    assert plain.choices[0].text.strip()
    assert "".join(chunk.choices[0].text for chunk in streamed) == plain.choices[0].text


def test_engine_embeds_strings_tokens_and_in_both_forms(client):
    def embed(given, **form):
        answer = client.embeddings.create(model="smollm2", input=given, **form)
        assert [entry.index for entry in answer.data] == list(range(len(answer.data)))
        return [entry.embedding for entry in answer.data]

    as_text = embed(["나루", "ferry"])  # base64 on the way, since the SDK asks for it
    as_floats = embed(["나루", "ferry"], encoding_format="float")
    for one, other in zip(as_text, as_floats, strict=True):
        assert len(one) == len(other) == 576
        assert math.dist(one, other) < 1e-3
        assert math.isclose(math.hypot(*one), 1.0, rel_tol=1e-3)
    assert math.dist(as_floats[0], as_floats[1]) > 0.05
    assert len(embed([1, 2, 3])) == 1
    assert len(embed([[1, 2, 3], [4]])) == 2


def test_engine_is_free_again_after_a_cancelled_stream(stage, client):
    with ask_engine(client, LONG, max_tokens=1000, stream=True,
                    extra_body={"ignore_eos": True}) as stream:
        next(chunk for chunk in stream if text_in([chunk]))
    assert stage.outcome(stream.response.headers["x-request-id"]) == "abandoned"
    assert ask_engine(client).choices[0].message.content.strip()


# Errors and the list of models

def test_wrong_key_is_an_authentication_error(stage):
    with client_of(stage, key="naru_wrong") as client:
        for call in (lambda: ask(client, "gpt-echo"), client.models.list,
                     lambda: client.embeddings.create(model="smollm2", input="a")):
            with pytest.raises(openai.AuthenticationError) as caught:
                call()
            assert caught.value.code == "invalid_api_key"
            assert caught.value.request_id.startswith("req_")


def test_unknown_model_is_not_found_and_near_names_are_told(client):
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, "smolm2")
    assert caught.value.code == "model_not_found"
    assert "smollm2" in caught.value.message
    with pytest.raises(openai.NotFoundError):
        ask(client, "nothing-alike", stream=True)


@pytest.mark.parametrize("wrong, named", [
    ({"max_tokens": -1}, "max_tokens"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "user", "content": 5}]}, "content"),
    ({"stop": [1]}, "stop")])
@pytest.mark.parametrize("model", ["gpt-echo", "claude-echo", "smollm2"])
def test_bad_parameter_is_a_bad_request_that_names_it(client, model, wrong, named):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": model, "messages": KOREAN, **wrong})
    assert caught.value.type == "invalid_request_error"
    assert named in caught.value.message


def test_prompt_longer_than_the_context_is_a_bad_request(client):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, "smollm2", [{"role": "user", "content": "ferry " * 4000}], max_tokens=4)
    assert "context" in caught.value.message


def test_path_not_served_yet_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.images.generate(model="gpt-echo", prompt="a ferry")
    assert caught.value.code == "unsupported_endpoint"


def test_list_shows_what_the_key_may_use(stage, client):
    entries = client.models.list().data
    assert [entry.id for entry in entries] == LISTED
    assert {entry.object for entry in entries} == {"model"}
    with client_of(stage, key=stage.limited_key) as limited:
        assert limited.models.list().data == []
        assert ask(limited, "gpt-echo").choices[0].message.content == EXPECTED["echo"]
        with pytest.raises(openai.NotFoundError):
            limited.models.retrieve("smollm2")
        with pytest.raises(openai.APIStatusError) as caught:
            ask(limited, "smollm2")
        assert caught.value.status_code in (403, 404)


def test_one_model_is_found_by_name_pattern_and_with_a_slash(client):
    for name in ("smollm2", "team/gpt-echo", "claude-echo"):
        model = client.models.retrieve(name)
        assert (model.id, model.object, model.owned_by) == (name, "model", "naru")
    assert ask(client, "team/gpt-echo").model == "team/gpt-echo"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing-alike")
