"""Loops of three turns with tools: two calls at once, one with both results, then the answer.

The models check what they are told (answers.py): a mistake stands in the last text.
"""
import json

from anthropic import beta_tool
from cases import (LOOP, RESPONSES_TOOLS, TURNS, anthropic_loop, both_ways, chat_loop,
                   every_provider, outputs, responses_loop, responses_turn, text_of, work)
from openai.lib.responses_tool_runner import RegisteredFunction, ResponsesToolRunner

CALLS = [[("weather", LOOP["calls"]["weather"]["arguments"]), ("clock", "{}")],
         [("plan", LOOP["calls"]["plan"]["arguments"])], []]


def values(calls) -> list:
    return [[(name, json.loads(arguments)) for name, arguments in turn] for turn in calls]


def chat_calls(messages) -> list:
    return [[(call.function.name, call.function.arguments) for call in message.tool_calls or []]
            for message in messages]


def responses_calls(responses) -> list:
    return [[(item.name, item.arguments) for item in response.output
             if item.type == "function_call"] for response in responses]


@every_provider
@both_ways
def test_chat_loop_ends_with_the_answer(openai_client, provider, stream):
    said = chat_loop(openai_client, stream, LOOP["question"], model=f"{provider}-exact")
    assert said[-1].content == LOOP["final"]
    assert said[0].content == LOOP["say"]
    assert values(chat_calls(said)) == values(CALLS)
    if stream or provider != "claude":  # whose plain answers hold values, not their spelling
        assert chat_calls(said) == CALLS


@every_provider
@both_ways
def test_responses_loop_ends_with_the_answer(openai_client, provider, stream):
    said = responses_loop(openai_client, stream, LOOP["question"], model=f"{provider}-exact")
    assert said[-1].output_text == LOOP["final"]
    assert said[0].output_text == LOOP["say"]
    assert values(responses_calls(said)) == values(CALLS)
    if stream or provider != "claude":
        assert responses_calls(said) == CALLS
    assert {response.status for response in said} == {"completed"}


@every_provider
@both_ways
def test_responses_loop_goes_on_from_kept_answers(openai_client, provider, stream):
    """Each turn sends the tools' results alone."""
    asked = {"model": f"{provider}-exact", "tools": RESPONSES_TOOLS}
    response = responses_turn(openai_client, stream, input=LOOP["question"], **asked)
    for _ in range(TURNS):
        results = outputs(response)
        if not results:
            break
        response = responses_turn(openai_client, stream, input=results,
                                  previous_response_id=response.id, **asked)
    assert response.output_text == LOOP["final"]


@every_provider
@both_ways
def test_responses_tool_runner_ends_with_the_answer(openai_client, provider, stream):
    runner = ResponsesToolRunner(functions=[registered(tool) for tool in RESPONSES_TOOLS])
    asked = {"model": f"{provider}-exact", "input": LOOP["question"]}
    answer = runner.run(openai_client, asked, stream=stream, max_steps=TURNS)
    assert answer.output_text == LOOP["final"]


def registered(tool: dict) -> RegisteredFunction:
    return RegisteredFunction(tool, lambda arguments: work(tool["name"], arguments))


@every_provider
@both_ways
def test_messages_loop_ends_with_the_answer(anthropic_client, provider, stream):
    said = anthropic_loop(anthropic_client, stream, LOOP["question"], model=f"{provider}-loop")
    assert text_of(said[-1]) == LOOP["final"]
    assert text_of(said[0]) == LOOP["say"]
    assert [message.stop_reason for message in said] == ["tool_use", "tool_use", "end_turn"]
    calls = [[(block.name, block.input) for block in message.content if block.type == "tool_use"]
             for message in said]
    assert calls == values(CALLS)


@beta_tool
def weather(city: str, days: list[int], note: str) -> str:
    """Weather of a city."""
    return work("weather", {"city": city, "days": days, "note": note})


@beta_tool
def clock() -> str:
    """What time it is."""
    return work("clock", {})


@beta_tool
def plan(of: list[str], scale: float) -> str:
    """Plans a day."""
    return work("plan", {"of": of, "scale": scale})


def asked_of_runner(provider: str) -> dict:
    return {"model": f"{provider}-loop", "max_tokens": 4096, "tools": [weather, clock, plan],
            "messages": [{"role": "user", "content": LOOP["question"]}], "max_iterations": TURNS}


@every_provider
def test_messages_tool_runner_ends_with_the_answer(anthropic_client, provider):
    runner = anthropic_client.beta.messages.tool_runner(**asked_of_runner(provider), thread=False)
    assert text_of(runner.until_done()) == LOOP["final"]


@every_provider
def test_messages_tool_runner_streams_to_the_answer(anthropic_client, provider):
    runner = anthropic_client.beta.messages.tool_runner(**asked_of_runner(provider), thread=False,
                                                        stream=True)
    said = [stream.get_final_message() for stream in runner]
    assert [text_of(message) for message in said] == [LOOP["say"], "", LOOP["final"]]


@every_provider
def test_messages_tool_runner_learns_that_no_thread_is_kept(anthropic_client, provider):
    """By itself it wants the server to keep the conversation, and goes on without when told so."""
    runner = anthropic_client.beta.messages.tool_runner(**asked_of_runner(provider))
    assert text_of(runner.until_done()) == LOOP["final"]
