"""Thinking beside a call of a tool: what clients see of it, and that its maker has it back.

The models answer only those who give them their thoughts back unchanged; `hidden` ones seal
thoughts that nobody may read. A provider of chat seals nothing.
"""
import pytest
from cases import (THINKING, anthropic_loop, both_ways, chat_loop, every_provider, responses_loop,
                   text_of)

sealing = pytest.mark.parametrize("provider", ["resp", "claude"])
ADAPTIVE = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}
BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
REASONING = {"reasoning": {"effort": "high", "summary": "auto"},
             "include": ["reasoning.encrypted_content"]}


def summary_of(response) -> str:
    return "".join(part.text for item in response.output if item.type == "reasoning"
                   for part in item.summary)


@every_provider
@both_ways
def test_chat_gives_thoughts_back_in_the_message(openai_client, provider, stream):
    said = chat_loop(openai_client, stream, THINKING["question"], model=f"{provider}-sealed",
                     reasoning_effort="high")
    assert said[0].reasoning_content == THINKING["text"]
    assert said[-1].content == THINKING["final"]


@sealing
@both_ways
def test_chat_gives_hidden_thoughts_back_in_the_message(openai_client, provider, stream):
    said = chat_loop(openai_client, stream, THINKING["question"], model=f"{provider}-hidden",
                     reasoning_effort="high")
    assert not getattr(said[0], "reasoning_content", None)
    assert said[-1].content == THINKING["final"]


@every_provider
@both_ways
def test_responses_give_thoughts_back_as_items(openai_client, provider, stream):
    said = responses_loop(openai_client, stream, THINKING["question"],
                          model=f"{provider}-sealed", **REASONING)
    assert summary_of(said[0]) == THINKING["text"]
    assert said[-1].output_text == THINKING["final"]


@sealing
@both_ways
def test_responses_give_hidden_thoughts_back_as_items(openai_client, provider, stream):
    said = responses_loop(openai_client, stream, THINKING["question"],
                          model=f"{provider}-hidden", **REASONING)
    assert [item.type for item in said[0].output] == ["reasoning", "function_call"]
    assert summary_of(said[0]) == ""
    assert said[-1].output_text == THINKING["final"]


@every_provider
@both_ways
@pytest.mark.parametrize("thinking", [ADAPTIVE, BUDGET], ids=["adaptive", "budget"])
def test_messages_give_thoughts_back_as_blocks(anthropic_client, provider, stream, thinking):
    said = anthropic_loop(anthropic_client, stream, THINKING["question"],
                          model=f"{provider}-sealed", **thinking)
    assert [block.type for block in said[0].content] == ["thinking", "tool_use"]
    assert said[0].content[0].thinking == THINKING["text"]
    assert text_of(said[-1]) == THINKING["final"]


@sealing
@both_ways
def test_messages_give_hidden_thoughts_back_as_blocks(anthropic_client, provider, stream):
    said = anthropic_loop(anthropic_client, stream, THINKING["question"],
                          model=f"{provider}-hidden", **ADAPTIVE)
    assert [block.type for block in said[0].content] == ["redacted_thinking", "tool_use"]
    assert text_of(said[-1]) == THINKING["final"]


@every_provider
def test_messages_stream_thoughts_as_they_come(anthropic_client, provider):
    with anthropic_client.messages.stream(
            model=f"{provider}-sealed", max_tokens=4096, **ADAPTIVE,
            tools=[{"name": "clock", "input_schema": {"type": "object"}}],
            messages=[{"role": "user", "content": THINKING["question"]}]) as stream:
        thoughts = [event.thinking for event in stream if event.type == "thinking"]
    assert len(thoughts) > 3
    assert "".join(thoughts) == THINKING["text"]
