"""OpenAI's Chat Completions as a provider speaks it; reasoning as DeepSeek and vLLM write it."""
import base64
import json
import struct

from parts import (CACHED, OUTPUT, UNCACHED, Call, Image, Part, Reasoning, Result, Text, Turn,
                   image_at, joined, own_name, pieces, stamp)


class Chat:
    """Source: OpenAI API reference, Chat, Chat streaming, Embeddings, Errors."""
    stops = {"end": "stop", "limit": "length", "call": "tool_calls"}
    seals = False
    usage = {"prompt_tokens": UNCACHED + CACHED, "completion_tokens": OUTPUT,
             "total_tokens": UNCACHED + CACHED + OUTPUT,
             "prompt_tokens_details": {"cached_tokens": CACHED, "audio_tokens": 0},
             "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}}

    def __init__(self):
        self.others = {"/v1/embeddings": self._embeddings}

    # What is asked

    def refusal(self, _) -> str | None:
        """The body of a 400, for what this provider does not do."""
        return None

    def turns(self, asked: dict) -> list[Turn]:
        return joined([self._turn(message) for message in asked["messages"]], "results")

    def tools(self, asked: dict) -> dict[str, dict]:
        return {tool["function"]["name"]: tool["function"]["parameters"]
                for tool in asked.get("tools", []) if tool["type"] == "function"}

    def schema(self, asked: dict) -> dict | None:
        form = asked.get("response_format", {})
        return form["json_schema"]["schema"] if form.get("type") == "json_schema" else None

    def thinks(self, asked: dict) -> bool:
        return asked.get("reasoning_effort") not in (None, "none")

    def _turn(self, message: dict) -> Turn:
        if message["role"] == "tool":
            text = "".join(part.text for part in self._content(message["content"]))
            return Turn("results", (Result(message["tool_call_id"], text),))
        calls = [Call(call["id"], call["function"]["name"], call["function"]["arguments"])
                 for call in message.get("tool_calls") or []]
        return Turn(message["role"], (*self._content(message.get("content")), *calls))

    def _content(self, content) -> list[Part]:
        if not content or isinstance(content, str):
            return [Text(content)] if content else []
        return [self._part(part) for part in content]

    def _part(self, part: dict) -> Text | Image:
        if part["type"] == "image_url":
            return image_at(part["image_url"]["url"])
        return {"text": Text}[part["type"]](part["text"])

    # What is answered

    def whole(self, asked: dict, parts: list[Part], stop: str) -> dict:
        message = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        for part in parts:
            if isinstance(part, Text):
                message["content"] = part.text
            elif isinstance(part, Reasoning):
                message["reasoning_content"] = part.text
            else:
                message.setdefault("tool_calls", []).append(self._call(part, part.arguments))
        choice = {"index": 0, "message": message, "logprobs": None,
                  "finish_reason": self.stops[stop]}
        return {"id": f"chatcmpl-{stamp(asked)}", "object": "chat.completion",
                "created": 1790000000, "model": own_name(asked), "choices": [choice],
                "usage": self.usage, "service_tier": "default"}

    def stream(self, asked: dict, parts: list[Part], stop: str) -> list[bytes]:
        deltas: list[dict] = [{"role": "assistant", "content": ""}]
        calls = 0
        for part in parts:
            if isinstance(part, Text):
                deltas += [{"content": piece} for piece in pieces(part.text)]
            elif isinstance(part, Reasoning):
                deltas += [{"reasoning_content": piece} for piece in pieces(part.text)]
            else:
                deltas += self._call_deltas(calls, part)
                calls += 1
        events = [self._chunk(asked, delta) for delta in deltas]
        events.append(self._chunk(asked, {}, self.stops[stop]))
        if wants_usage(asked):
            events.append(self._event(asked, {"choices": [], "usage": self.usage}))
        return [*events, b"data: [DONE]\n\n"]

    def begun(self, asked: dict, text: str) -> list[bytes]:
        """Of a stream that comes to no end."""
        deltas = [{"role": "assistant", "content": ""}, *({"content": p} for p in pieces(text))]
        return [self._chunk(asked, delta) for delta in deltas]

    def broken(self, asked: dict, text: str) -> list[bytes]:
        error = self.error("server_error", "The engine is overloaded")
        return [*self.begun(asked, text), f"data: {error}\n\n".encode()]

    failed = broken

    def error(self, kind: str, message: str) -> str:
        return json.dumps({"error": {"message": message, "type": kind, "param": None,
                                     "code": None}})

    @staticmethod
    def _call(call: Call, arguments: str) -> dict:
        return {"id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": arguments}}

    def _call_deltas(self, index: int, call: Call) -> list[dict]:
        first = {"tool_calls": [{"index": index, **self._call(call, "")}]}
        return [first, *({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
                         for piece in pieces(call.arguments))]

    def _chunk(self, asked: dict, delta: dict, stop: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop}
        usage = {"usage": None} if wants_usage(asked) else {}
        return self._event(asked, {"choices": [choice], **usage})

    @staticmethod
    def _event(asked: dict, more: dict) -> bytes:
        body = {"id": f"chatcmpl-{stamp(asked)}", "object": "chat.completion.chunk",
                "created": 1790000000, "model": own_name(asked), **more}
        return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()

    @staticmethod
    def _embeddings(asked: dict) -> dict:
        """One vector an input, [0.5, -2, its place]; floats or base64, as asked."""
        several = isinstance(asked["input"], list) and not isinstance(asked["input"][0], int)
        count = len(asked["input"]) if several else 1
        as_text = asked.get("encoding_format") == "base64"
        data = [{"object": "embedding", "index": at, "embedding": vector(at, as_text)}
                for at in range(count)]
        return {"object": "list", "data": data, "model": own_name(asked),
                "usage": {"prompt_tokens": count, "total_tokens": count}}


def wants_usage(asked: dict) -> bool:
    return bool((asked.get("stream_options") or {}).get("include_usage"))


def vector(place: int, as_text: bool):
    numbers = [0.5, -2.0, float(place)]
    return base64.b64encode(struct.pack("<3f", *numbers)).decode() if as_text else numbers
