"""Anthropic's Messages as the provider speaks it."""
import json

from parts import (CACHED, OUTPUT, UNCACHED, Call, Image, Part, Reasoning, Result, Text, Turn,
                   compact, own_name, pieces, said, stamp)

HIDDEN = "redacted_thinking"


class Anthropic:
    """Source: Anthropic API reference, Messages, Streaming, Count tokens, Errors."""
    stops = {"end": "end_turn", "limit": "max_tokens", "call": "tool_use"}
    seals = True

    def __init__(self):
        self.others = {"/v1/messages/count_tokens": self._count}

    # What is asked

    def refusal(self, asked: dict) -> str | None:
        """The body of a 400, for what this provider does not do: it keeps no threads."""
        if "thread" not in asked:
            return None
        body = json.loads(self.error("invalid_request_error", "this model keeps no thread"))
        body["error"]["details"] = {"error_code": "thread_unsupported_request",
                                    "unsupported": ["model"]}
        return json.dumps(body)

    def turns(self, asked: dict) -> list[Turn]:
        system = [Turn("system", tuple(self._content(asked["system"])))] if asked.get("system") \
            else []
        return system + [self._turn(message) for message in asked["messages"]]

    def tools(self, asked: dict) -> dict[str, dict]:
        return {tool["name"]: tool["input_schema"] for tool in asked.get("tools", [])}

    def schema(self, asked: dict) -> dict | None:
        form = asked.get("output_config", {}).get("format") or {}
        return form["schema"] if form.get("type") == "json_schema" else None

    def thinks(self, asked: dict) -> bool:
        return asked.get("thinking", {}).get("type") in ("adaptive", "enabled")

    def _turn(self, message: dict) -> Turn:
        parts = tuple(self._content(message["content"]))
        only_results = all(isinstance(part, Result) for part in parts)
        return Turn("results" if only_results else message["role"], parts)

    def _content(self, content) -> list[Part]:
        if isinstance(content, str):
            return [Text(content)]
        return [getattr(self, f"_read_{block['type']}")(block) for block in content]

    @staticmethod
    def _read_text(block: dict) -> Text:
        return Text(block["text"])

    @staticmethod
    def _read_image(block: dict) -> Image:
        source = block["source"]
        if source["type"] == "url":
            return Image("url", source["url"])
        return Image({"base64": source["media_type"]}[source["type"]], source["data"])

    @staticmethod
    def _read_thinking(block: dict) -> Reasoning:
        return Reasoning(block["thinking"], block["signature"])

    @staticmethod
    def _read_redacted_thinking(block: dict) -> Reasoning:
        return Reasoning("", block["data"])

    @staticmethod
    def _read_tool_use(block: dict) -> Call:
        return Call(block["id"], block["name"], compact(block["input"]))

    def _read_tool_result(self, block: dict) -> Result:
        parts = self._content(block.get("content") or [])
        text = "".join(part.text for part in parts if isinstance(part, Text))
        return Result(block["tool_use_id"], text,
                      tuple(part for part in parts if isinstance(part, Image)))

    # What is answered

    def whole(self, asked: dict, parts: list[Part], stop: str) -> dict:
        content = [self._block(part, whole=True) for part in parts]
        return self._message(asked, content, self.stops[stop], OUTPUT)

    def stream(self, asked: dict, parts: list[Part], stop: str) -> list[bytes]:
        events = [self._start(asked)]
        for index, part in enumerate(parts):
            events += self._open(index, part)
            events.append(self._event({"type": "content_block_stop", "index": index}))
        return [*events,
                self._event({"type": "message_delta",
                             "delta": {"stop_reason": self.stops[stop], "stop_sequence": None},
                             "usage": {"output_tokens": OUTPUT}}),
                self._event({"type": "message_stop"})]

    def begun(self, asked: dict, text: str) -> list[bytes]:
        """Of a stream that comes to no end."""
        return [self._start(asked), *self._open(0, Text(text))]

    def broken(self, asked: dict, text: str) -> list[bytes]:
        error = self.error("overloaded_error", "Overloaded")
        return [*self.begun(asked, text), f"event: error\ndata: {error}\n\n".encode()]

    failed = broken

    def error(self, kind: str, message: str) -> str:
        return json.dumps({"type": "error", "error": {"type": kind, "message": message},
                           "request_id": "req_theirs"})

    def _start(self, asked: dict) -> bytes:
        return self._event({"type": "message_start",
                            "message": self._message(asked, [], None, 1)})

    def _open(self, index: int, part: Part) -> list[bytes]:
        start = self._event({"type": "content_block_start", "index": index,
                             "content_block": self._block(part, whole=False)})
        ping = [self._event({"type": "ping"})] if index == 0 else []
        return [start, *ping, *(self._event({"type": "content_block_delta", "index": index,
                                             "delta": delta}) for delta in deltas(part))]

    @staticmethod
    def _block(part: Part, whole: bool) -> dict:
        """As it stands in an answer, or as it begins in a stream."""
        if isinstance(part, Text):
            return {"type": "text", "text": part.text if whole else ""}
        if isinstance(part, Call):
            return {"type": "tool_use", "id": part.id, "name": part.name,
                    "input": json.loads(part.arguments) if whole else {},
                    "caller": {"type": "direct"}}
        if not part.text:
            return {"type": HIDDEN, "data": part.seal}
        return {"type": "thinking", "thinking": part.text if whole else "",
                "signature": part.seal if whole else ""}

    @staticmethod
    def _message(asked: dict, content: list, stop: str | None, output: int) -> dict:
        return {"id": f"msg_{stamp(asked)}", "type": "message", "role": "assistant",
                "model": own_name(asked), "content": content, "stop_reason": stop,
                "stop_sequence": None,
                "usage": {"input_tokens": UNCACHED, "cache_creation_input_tokens": 0,
                          "cache_read_input_tokens": CACHED, "output_tokens": output,
                          "service_tier": "standard"}}

    @staticmethod
    def _event(body: dict) -> bytes:
        text = json.dumps(body, ensure_ascii=False)
        return f"event: {body['type']}\ndata: {text}\n\n".encode()

    def _count(self, asked: dict) -> dict:
        return {"input_tokens": len(said(self.turns(asked)))}


def deltas(part: Part) -> list[dict]:
    """A call's first is empty; one without arguments has no other."""
    if isinstance(part, Text):
        return [{"type": "text_delta", "text": piece} for piece in pieces(part.text)]
    if isinstance(part, Call):
        rest = pieces(part.arguments) if part.arguments != "{}" else []
        return [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *rest]]
    if not part.text:
        return []
    thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(part.text)]
    return [*thoughts, {"type": "signature_delta", "signature": part.seal}]
