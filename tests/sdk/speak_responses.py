"""OpenAI's Responses as the provider speaks it."""
import json

from parts import (CACHED, OUTPUT, UNCACHED, Call, Image, Part, Reasoning, Result, Text, Turn,
                   image_at, joined, own_name, pieces, said, stamp)

ENCRYPTED = "reasoning.encrypted_content"
STATUS = {"end": "completed", "call": "completed", "limit": "incomplete"}
USAGE = {"input_tokens": UNCACHED + CACHED,
         "input_tokens_details": {"cached_tokens": CACHED, "cache_write_tokens": 0},
         "output_tokens": OUTPUT, "output_tokens_details": {"reasoning_tokens": 0},
         "total_tokens": UNCACHED + CACHED + OUTPUT}


class Responses:
    """Source: OpenAI API reference, Responses, Responses streaming events, Input token counts."""
    seals = True

    def __init__(self):
        self.others = {"/v1/responses/input_tokens": self._count}

    # What is asked

    def refusal(self, asked: dict) -> str | None:
        """The body of a 400, for what this provider does not do: it keeps no answers."""
        if asked.get("previous_response_id") is None:
            return None
        return self.error("invalid_request_error", "no answer of that id is kept here")

    def turns(self, asked: dict) -> list[Turn]:
        first = [Turn("system", (Text(asked["instructions"]),))] if asked.get("instructions") \
            else []
        given = asked["input"]
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given
        turns = [getattr(self, f"_read_{item.get('type', 'message')}")(item) for item in items]
        return joined(first + turns, "assistant", "results")

    def tools(self, asked: dict) -> dict[str, dict]:
        return {tool["name"]: tool["parameters"] for tool in asked.get("tools", [])
                if tool["type"] == "function"}

    def schema(self, asked: dict) -> dict | None:
        form = asked.get("text", {}).get("format") or {}
        return form["schema"] if form.get("type") == "json_schema" else None

    def thinks(self, asked: dict) -> bool:
        """Without the seals it would forget what it has thought."""
        effort = (asked.get("reasoning") or {}).get("effort")
        return effort not in (None, "none") and ENCRYPTED in (asked.get("include") or [])

    def _read_message(self, item: dict) -> Turn:
        return Turn(item["role"], tuple(self._content(item["content"])))

    @staticmethod
    def _read_reasoning(item: dict) -> Turn:
        text = "".join(part["text"] for part in item["summary"])
        seal = item["encrypted_content"]
        if item["id"] != reasoning_id(seal):
            seal = f"{seal} with the id {item['id']}"
        return Turn("assistant", (Reasoning(text, seal),))

    @staticmethod
    def _read_function_call(item: dict) -> Turn:
        return Turn("assistant", (Call(item["call_id"], item["name"], item["arguments"]),))

    def _read_function_call_output(self, item: dict) -> Turn:
        parts = self._content(item["output"])
        text = "".join(part.text for part in parts if isinstance(part, Text))
        images = tuple(part for part in parts if isinstance(part, Image))
        return Turn("results", (Result(item["call_id"], text, images),))

    @staticmethod
    def _content(content) -> list[Part]:
        if isinstance(content, str):
            return [Text(content)]
        return [image_at(part["image_url"]) if part["type"] == "input_image"
                else {"input_text": Text, "output_text": Text}[part["type"]](part["text"])
                for part in content]

    # What is answered

    def whole(self, asked: dict, parts: list[Part], stop: str) -> dict:
        output = [item_of(part, STATUS[stop]) for part in parts]
        return response(asked, STATUS[stop], output, USAGE)

    def stream(self, asked: dict, parts: list[Part], stop: str) -> list[bytes]:
        stream = Stream(asked)
        for index, part in enumerate(parts):
            stream.begin(index, part)
            stream.end(index, part, STATUS[stop])
        stream.event(f"response.{STATUS[stop]}", response=self.whole(asked, parts, stop))
        return stream.events

    def begun(self, asked: dict, text: str) -> list[bytes]:
        """Of a stream that comes to no end."""
        return self._begun(asked, text).events

    def broken(self, asked: dict, text: str) -> list[bytes]:
        stream = self._begun(asked, text)
        error = json.loads(self.error("server_error", "The engine is overloaded"))
        stream.event("error", **error)
        return stream.events

    def failed(self, asked: dict, text: str) -> list[bytes]:
        stream = self._begun(asked, text)
        error = {"code": "server_error", "message": "The engine is overloaded"}
        body = response(asked, "failed", [item_of(Text(text), "incomplete")], None)
        stream.event("response.failed", response={**body, "error": error})
        return stream.events

    def error(self, kind: str, message: str) -> str:
        return json.dumps({"error": {"message": message, "type": kind, "param": None,
                                     "code": None}})

    @staticmethod
    def _begun(asked: dict, text: str) -> "Stream":
        stream = Stream(asked)
        stream.begin(0, Text(text))
        return stream

    def _count(self, asked: dict) -> dict:
        return {"object": "response.input_tokens", "input_tokens": len(said(self.turns(asked)))}


class Stream:
    """The events of one answer, numbered."""

    def __init__(self, asked: dict):
        self.events: list[bytes] = []
        for kind in ("created", "in_progress"):
            self.event(f"response.{kind}", response=response(asked, "in_progress", [], None))

    def event(self, kind: str, **fields) -> None:
        body = {"type": kind, "sequence_number": len(self.events), **fields}
        text = json.dumps(body, ensure_ascii=False)
        self.events.append(f"event: {kind}\ndata: {text}\n\n".encode())

    def begin(self, index: int, part: Part) -> None:
        """Up to the last delta."""
        self.event("response.output_item.added", output_index=index, item=item_begun(part))
        at = {"item_id": item_of(part)["id"], "output_index": index}
        if isinstance(part, Call):
            self._deltas("function_call_arguments", part.arguments, at)
        elif isinstance(part, Text):
            at["content_index"] = 0
            self.event("response.content_part.added", **at, part=text_part(""))
            self._deltas("output_text", part.text, {**at, "logprobs": []})
        elif part.text:
            at["summary_index"] = 0
            self.event("response.reasoning_summary_part.added", **at, part=summary_part(""))
            self._deltas("reasoning_summary_text", part.text, at)

    def end(self, index: int, part: Part, status: str) -> None:
        item = item_of(part, status)
        at = {"item_id": item["id"], "output_index": index}
        if isinstance(part, Call):
            self.event("response.function_call_arguments.done", **at, arguments=part.arguments)
        elif isinstance(part, Text):
            at["content_index"] = 0
            self.event("response.output_text.done", **at, text=part.text, logprobs=[])
            self.event("response.content_part.done", **at, part=text_part(part.text))
        elif part.text:
            at["summary_index"] = 0
            self.event("response.reasoning_summary_text.done", **at, text=part.text)
            self.event("response.reasoning_summary_part.done", **at, part=summary_part(part.text))
        self.event("response.output_item.done", output_index=index, item=item)

    def _deltas(self, kind: str, text: str, at: dict) -> None:
        for piece in pieces(text):
            self.event(f"response.{kind}.delta", **at, delta=piece, obfuscation="x8Kq")


def item_of(part: Part, status: str = "completed") -> dict:
    if isinstance(part, Call):
        return {"id": f"fc_{part.id}", "type": "function_call", "status": status,
                "arguments": part.arguments, "call_id": part.id, "name": part.name}
    if isinstance(part, Text):
        return {"id": f"msg_{stamp(part.text)}", "type": "message", "status": status,
                "role": "assistant", "content": [text_part(part.text)]}
    return {"id": reasoning_id(part.seal), "type": "reasoning",
            "summary": [summary_part(part.text)] if part.text else [],
            "encrypted_content": part.seal}


def item_begun(part: Part) -> dict:
    """The seal of a reasoning item that has just begun is not yet its last."""
    if isinstance(part, Call):
        return {**item_of(part, "in_progress"), "arguments": ""}
    if isinstance(part, Text):
        return {**item_of(part, "in_progress"), "content": []}
    return {**item_of(part), "summary": [], "encrypted_content": "not yet whole"}


def reasoning_id(seal: str) -> str:
    return f"rs_{seal[-6:]}"


def text_part(text: str) -> dict:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def summary_part(text: str) -> dict:
    return {"type": "summary_text", "text": text}


def response(asked: dict, status: str, output: list, usage: dict | None) -> dict:
    cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
    return {"id": f"resp_{stamp(asked)}", "object": "response", "created_at": 1790000000,
            "status": status, "background": False, "error": None, "incomplete_details": cut,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"), "model": own_name(asked),
            "output": output, "parallel_tool_calls": True, "previous_response_id": None,
            "reasoning": asked.get("reasoning") or {"effort": None, "summary": None},
            "service_tier": "default", "store": asked.get("store", True), "temperature": 1.0,
            "text": asked.get("text") or {"format": {"type": "text"}}, "tool_choice": "auto",
            "tools": asked.get("tools") or [], "top_p": 1.0, "truncation": "disabled",
            "usage": usage, "user": None, "metadata": {}}
