"""The three dialects as clients and providers speak them: where, how an answer ends, what it said.
Bytes of providers are those of `naru mock`."""
import json
import re

from harness.client import Client
from harness.mock import Mock

PATHS = {"openai_chat": "/v1/chat/completions", "openai_responses": "/v1/responses",
         "anthropic": "/v1/messages"}
ENDS = {"openai_chat": b"data: [DONE]", "openai_responses": b"event: response.completed",
        "anthropic": b"event: message_stop"}
ERRORS = {"openai_chat": b'data: {"error":', "openai_responses": b"event: error",
          "anthropic": b"event: error"}
PAIRS = [(client, speaks) for client in PATHS for speaks in PATHS]


def body(client: str, name: str, **fields) -> dict:
    if client == "openai_responses":
        return {"model": name, "input": "hi", "store": False, **fields}
    limit = {"max_tokens": 64} if client == "anthropic" else {}
    return {"model": name, "messages": [{"role": "user", "content": "hi"}], **limit, **fields}


def events(stream: bytes) -> list[dict]:
    """The JSON of each event."""
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: {")]


def texts(client: str, stream: bytes) -> str:
    """The text that a client of that dialect has read."""
    said = ""
    for event in events(stream):
        if client == "openai_chat":
            said += "".join(c["delta"].get("content") or "" for c in event.get("choices", ()))
        elif event["type"] == "response.output_text.delta":
            said += event["delta"]
        elif event["type"] == "content_block_delta":
            said += event["delta"].get("text", "")
    return said


def arguments(client: str, stream: bytes) -> str:
    """Of the tools that a client of that dialect was told to call."""
    said = ""
    for event in events(stream):
        if client == "openai_chat":
            said += "".join(call["function"].get("arguments") or ""
                            for c in event.get("choices", ())
                            for call in c["delta"].get("tool_calls") or ())
        elif event["type"] == "response.function_call_arguments.delta":
            said += event["delta"]
        elif event["type"] == "content_block_delta":
            said += event["delta"].get("partial_json", "")
    return said


def errors(client: str, stream: bytes) -> int:
    """How often a stream says that it has failed."""
    return stream.count(ERRORS[client]) + stream.count(b"event: response.failed")


def record(mock: Mock, speaks: str, plan: str) -> list[bytes]:
    """The events of a provider's stream, byte for byte, each with the line that ends it."""
    asked = body(speaks, f"m?{plan}", stream=True)
    with Client(mock.url) as client:
        answer = client.call("POST", PATHS[speaks], asked)
    assert answer.status == 200, answer.body
    return re.findall(rb".+?(?:\r\n\r\n|\n\n)", answer.body, re.DOTALL)


def speaks_content(event: bytes) -> bool:
    """Whether a recorded event has text or arguments of the answer in it."""
    return any(mark in event for mark in (b'"delta":{"content":"', b"output_text.delta",
                                          b"content_block_delta", b"_arguments.delta",
                                          b'"delta":{"tool_calls"'))
