"""The official Python SDK of OpenAI as a client of Responses."""
import asyncio
import contextlib

import openai
import pytest
from cases import both_ways, every_provider, responses_turn
from parts import EXPECTED


def ask(client, model: str, **more):
    asked = {"instructions": EXPECTED["system"], "input": EXPECTED["turns"], **more}
    return client.responses.create(model=model, **asked)


def text_in(events) -> str:
    return "".join(e.delta for e in events if e.type == "response.output_text.delta")


def expect_usage(usage) -> None:
    told = EXPECTED["usage"]
    assert usage.input_tokens == told["uncached"] + told["cached"]
    assert usage.input_tokens_details.cached_tokens == told["cached"]
    assert usage.output_tokens == told["output"]
    assert usage.output_tokens_details.reasoning_tokens == 0
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


@every_provider
def test_request_reaches_a_provider_with_instructions_and_all_turns(openai_client, provider):
    answer = ask(openai_client, f"{provider}-echo")
    assert answer.output_text == EXPECTED["echo"]
    assert (answer.object, answer.status, answer.model) == ("response", "completed",
                                                            f"{provider}-echo")
    assert (answer.error, answer.incomplete_details) == (None, None)
    assert [(item.type, item.role, item.status) for item in answer.output] == [
        ("message", "assistant", "completed")]
    assert answer.id.startswith("resp_")
    assert answer._request_id.startswith("req_")
    expect_usage(answer.usage)


@every_provider
def test_stream_has_the_events_of_the_dialect_in_order(openai_client, provider):
    events = list(ask(openai_client, f"{provider}-echo", stream=True))
    kinds = [event.type.removeprefix("response.") for event in events]
    deltas = kinds.count("output_text.delta")
    assert deltas > 3
    assert kinds == ["created", "in_progress", "output_item.added", "content_part.added",
                     *["output_text.delta"] * deltas, "output_text.done", "content_part.done",
                     "output_item.done", "completed"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert text_in(events) == events[-1].response.output_text == EXPECTED["echo"]
    assert events[0].response.id == events[-1].response.id
    assert {event.response.model for event in (events[0], events[-1])} == {f"{provider}-echo"}
    expect_usage(events[-1].response.usage)


@every_provider
def test_helper_for_streams_builds_the_whole_response(openai_client, provider):
    with openai_client.responses.stream(model=f"{provider}-echo", input="나루?") as stream:
        pieces = [e.delta for e in stream if e.type == "response.output_text.delta"]
        answer = stream.get_final_response()
    assert "".join(pieces) == answer.output_text == "user=나루?"
    expect_usage(answer.usage)


@every_provider
def test_async_client_streams_and_asks(stage, provider):
    async def talk():
        async with openai.AsyncOpenAI(base_url=f"{stage.url}/v1", api_key=stage.key,
                                      max_retries=0) as client:
            stream = await ask(client, f"{provider}-echo", stream=True)
            events = [event async for event in stream]
            answers = await asyncio.gather(*(ask(client, f"{provider}-echo") for _ in range(8)))
        return text_in(events), [answer.output_text for answer in answers]

    assert asyncio.run(talk()) == (EXPECTED["echo"], [EXPECTED["echo"]] * 8)


@every_provider
def test_answer_cut_by_the_limit_is_incomplete(openai_client, provider):
    asked = {"model": f"{provider}-short", "input": "?", "max_output_tokens": 16}
    answer = openai_client.responses.create(**asked)
    last = list(openai_client.responses.create(**asked, stream=True))[-1]
    assert last.type == "response.incomplete"
    for found in (answer, last.response):
        assert (found.status, found.output_text) == ("incomplete", EXPECTED["half"])
        assert found.incomplete_details.reason == "max_output_tokens"


@every_provider
def test_failure_within_a_stream_is_raised_after_its_text(openai_client, provider):
    events = []
    with pytest.raises(openai.APIError) as caught:
        for event in ask(openai_client, f"{provider}-broken", stream=True):
            events.append(event)
    assert caught.value.type == "server_error"
    assert text_in(events) == EXPECTED["half"]
    assert "response.completed" not in {event.type for event in events}


def test_failed_response_is_raised_or_told(openai_client):
    """The SDK raises an `error`; of a `response.failed` it makes an event like any other."""
    events = []
    with contextlib.suppress(openai.APIError):
        for event in ask(openai_client, "resp-failed", stream=True):
            events.append(event)
        assert events[-1].type == "response.failed"
        assert events[-1].response.error.code == "server_error"
    assert text_in(events) == EXPECTED["half"]


@every_provider
def test_failure_within_a_stream_is_raised_by_the_helper(openai_client, provider):
    with pytest.raises(openai.APIError), \
            openai_client.responses.stream(model=f"{provider}-broken", input="?") as stream:
        stream.until_done()


@every_provider
def test_refusals_keep_their_classes(openai_client, provider):
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as refused:
            ask(openai_client, f"{provider}-refused", stream=stream)
        assert EXPECTED["refusal"] in refused.value.message
    with pytest.raises(openai.RateLimitError) as busy:
        ask(openai_client, f"{provider}-busy")
    assert busy.value.response.headers["retry-after"] == "7"
    assert "acct_canary" not in busy.value.response.text


@every_provider
def test_cancelled_stream_leaves_the_provider_and_the_next_call_is_fine(stage, openai_client,
                                                                        provider):
    with ask(openai_client, f"{provider}-held", stream=True) as stream:
        first = next(event for event in stream if text_in([event]))
    assert EXPECTED["half"].startswith(text_in([first]))
    assert ask(openai_client, f"{provider}-freed").output_text == EXPECTED["echo"]
    assert stage.outcome(stream.response.headers["x-request-id"]) == "abandoned"


@every_provider
@both_ways
def test_kept_response_is_found_until_it_is_deleted(openai_client, provider, stream):
    answer = responses_turn(openai_client, stream, model=f"{provider}-echo",
                            instructions=EXPECTED["system"], input=EXPECTED["turns"])
    found = openai_client.responses.retrieve(answer.id)
    assert (found.id, found.output_text) == (answer.id, EXPECTED["echo"])
    expect_usage(found.usage)
    openai_client.responses.delete(answer.id)
    with pytest.raises(openai.NotFoundError):
        openai_client.responses.retrieve(answer.id)


@every_provider
@both_ways
def test_response_goes_on_from_a_kept_one(openai_client, provider, stream):
    """What it says of itself is what its client has asked, not what its provider was asked."""
    first = responses_turn(openai_client, stream, model=f"{provider}-echo", input="나루?")
    second = responses_turn(openai_client, stream, model=f"{provider}-echo", input="더!",
                            previous_response_id=first.id)
    assert second.output_text == "user=나루? assistant=user=나루? user=더!"
    assert (second.previous_response_id, second.store) == (first.id, True)


def test_kept_response_is_its_makers_alone(stage, openai_client):
    kept = ask(openai_client, "gpt-echo")
    with openai.OpenAI(base_url=f"{stage.url}/v1", api_key=stage.limited_key,
                       max_retries=0) as stranger:
        with pytest.raises(openai.NotFoundError):
            stranger.responses.retrieve(kept.id)
        with pytest.raises(openai.APIStatusError) as caught:
            ask(stranger, "gpt-echo", previous_response_id=kept.id)
    assert caught.value.status_code in (400, 404)


def test_response_that_is_not_to_be_kept_is_not_found(openai_client):
    answer = ask(openai_client, "gpt-echo", store=False)
    with pytest.raises(openai.NotFoundError):
        openai_client.responses.retrieve(answer.id)


def test_engine_answers_and_streams(openai_client):
    asked = {"model": "smollm2", "input": "안녕하세요. 나루가 뭐예요?", "max_output_tokens": 16,
             "temperature": 0}
    answer = openai_client.responses.create(**asked)
    with openai_client.responses.stream(**asked) as stream:
        events = list(stream)
    assert answer.output_text.strip()
    assert text_in(events) == answer.output_text
    assert answer.usage.output_tokens == 16
    assert answer.status == "incomplete"


def test_unknown_model_and_wrong_key(stage, openai_client):
    with pytest.raises(openai.NotFoundError) as caught:
        ask(openai_client, "smolm2")
    assert caught.value.code == "model_not_found"
    with openai.OpenAI(base_url=f"{stage.url}/v1", api_key="naru_wrong", max_retries=0) as wrong, \
            pytest.raises(openai.AuthenticationError):
        ask(wrong, "resp-echo")
