"""What tests of several SDKs share: who answers, how, and the tools they offer."""
import json

import pytest
from parts import EXPECTED
from stage import PROVIDERS

LOOP, THINKING = EXPECTED["loop"], EXPECTED["thinking"]
TURNS = 4  # more than any loop here needs

every_provider = pytest.mark.parametrize("provider", list(PROVIDERS))
# One provider has two means to break a stream off.
failing = pytest.mark.parametrize("provider, how", [
    ("gpt", "broken"), ("resp", "broken"), ("resp", "failed"), ("claude", "broken")])
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])

TOOLS = [{"name": name, "description": tool["description"], "parameters": tool["parameters"]}
         for name, tool in LOOP["calls"].items()]
CHAT_TOOLS = [{"type": "function", "function": tool} for tool in TOOLS]
RESPONSES_TOOLS = [{"type": "function", "strict": False, **tool} for tool in TOOLS]
ANTHROPIC_TOOLS = [{"name": tool["name"], "description": tool["description"],
                    "input_schema": tool["parameters"]} for tool in TOOLS]


def work(name: str, arguments: dict) -> str:
    """What a tool gives, if it was called as the model has called it."""
    tool = LOOP["calls"][name]
    assert arguments == json.loads(tool["arguments"])
    return tool["result"]


def chat_turn(client, stream: bool, **asked):
    """The message of one answer."""
    if not stream:
        return client.chat.completions.create(**asked).choices[0].message
    with client.chat.completions.stream(**asked) as events:
        return events.until_done().get_final_completion().choices[0].message


def chat_loop(client, stream: bool, question: str, **asked) -> list:
    """The model's messages until one calls no tool; each goes back as it came."""
    messages, said = [{"role": "user", "content": question}], []
    for _ in range(TURNS):
        said.append(chat_turn(client, stream, messages=messages, tools=CHAT_TOOLS, **asked))
        messages.append(said[-1])
        if not said[-1].tool_calls:
            break
        messages += [{"role": "tool", "tool_call_id": call.id,
                      "content": work(call.function.name, json.loads(call.function.arguments))}
                     for call in said[-1].tool_calls]
    return said


def responses_turn(client, stream: bool, **asked):
    if not stream:
        return client.responses.create(**asked)
    with client.responses.stream(**asked) as events:
        return events.get_final_response()


def outputs(response) -> list[dict]:
    """Of the tools that a response calls."""
    return [{"type": "function_call_output", "call_id": item.call_id,
             "output": work(item.name, json.loads(item.arguments))}
            for item in response.output if item.type == "function_call"]


def responses_loop(client, stream: bool, question: str, **asked) -> list:
    """The responses until one calls no tool; each one's items go back as they came."""
    items, said = [{"role": "user", "content": question}], []
    for _ in range(TURNS):
        said.append(responses_turn(client, stream, input=items, tools=RESPONSES_TOOLS, **asked))
        results = outputs(said[-1])
        items += [*said[-1].output, *results]
        if not results:
            break
    return said


def anthropic_turn(client, stream: bool, **asked):
    if not stream:
        return client.messages.create(max_tokens=4096, **asked)
    with client.messages.stream(max_tokens=4096, **asked) as events:
        return events.get_final_message()


def anthropic_loop(client, stream: bool, question: str, **asked) -> list:
    """The messages until one calls no tool; each one's content goes back as it came."""
    messages, said = [{"role": "user", "content": question}], []
    for _ in range(TURNS):
        said.append(anthropic_turn(client, stream, messages=messages, tools=ANTHROPIC_TOOLS,
                                   **asked))
        messages.append({"role": "assistant", "content": said[-1].content})
        results = [{"type": "tool_result", "tool_use_id": block.id,
                    "content": work(block.name, block.input)}
                   for block in said[-1].content if block.type == "tool_use"]
        if not results:
            break
        messages.append({"role": "user", "content": results})
    return said


def text_of(message) -> str:
    """Of an Anthropic message."""
    return "".join(block.text for block in message.content if block.type == "text")
