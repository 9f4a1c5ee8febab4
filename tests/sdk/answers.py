"""Authored answers of two providers, picked by the last word of the model's name."""
import base64
import json
import struct
from pathlib import Path

from harness import wire
from harness.upstream import STALL, Request, Step

EXPECTED = json.loads(Path(__file__).with_name("expected.json").read_text(encoding="utf-8"))
PATIENCE = 20.0  # seconds for naru to leave a call that its client has left
UNCACHED, CACHED, OUTPUT = (EXPECTED["usage"][kind] for kind in ("uncached", "cached", "output"))


class Answers:
    """One provider's answers; `speak` is its dialect. To be an upstream's usual script."""

    def __init__(self, speak: "OpenAi | Anthropic"):
        self.speak = speak
        self.held: list[Request] = []

    def __call__(self, request: Request) -> list[Step]:
        asked = json.loads(request.body)
        path = request.target.partition("?")[0]
        if path in self.speak.others:
            return [whole(self.speak.others[path](asked))]
        how = asked["model"].rsplit("-", 1)[1]
        return getattr(self, f"_{how}")(request, asked)

    def _echo(self, _, asked: dict) -> list[Step]:
        """Says what it was asked, so that a test sees what reached the provider."""
        return self._give(asked, heard(asked), "end")

    def _short(self, _, asked: dict) -> list[Step]:
        return self._give(asked, EXPECTED["half"], "limit")

    def _broken(self, _, asked: dict) -> list[Step]:
        """Begins well and then fails."""
        events = self.speak.begin(asked) + self.speak.words(asked, EXPECTED["half"])
        return wire.stream(*events, self.speak.overloaded())

    def _refused(self, *_) -> list[Step]:
        body = self.speak.error("invalid_request_error", EXPECTED["refusal"])
        return [wire.answer(body, status=400)]

    def _busy(self, *_) -> list[Step]:
        body = self.speak.error("rate_limit_error", "account acct_canary is over its limit")
        return [wire.answer(body, status=429, headers={"retry-after": "7"})]

    def _held(self, request: Request, asked: dict) -> list[Step]:
        """Begins, and says no more until naru leaves."""
        self.held.append(request)
        if not asked.get("stream"):
            return [STALL]
        begun = self.speak.begin(asked) + self.speak.words(asked, EXPECTED["half"])
        return [wire.stream_head(), *map(wire.chunk, begun), STALL]

    def _freed(self, _, asked: dict) -> list[Step]:
        """Echoes, if the last held call was left; else the provider fails."""
        if self.held and self.held.pop().left.wait(PATIENCE):
            return self._echo(_, asked)
        return [wire.answer(self.speak.error("api_error", "no held call was left"), status=500)]

    def _give(self, asked: dict, text: str, stop: str) -> list[Step]:
        if not asked.get("stream"):
            return [whole(self.speak.whole(asked, text, stop))]
        return wire.stream(*self.speak.begin(asked), *self.speak.words(asked, text),
                           *self.speak.finish(asked, stop))


def whole(body: dict) -> bytes:
    return wire.answer(json.dumps(body, ensure_ascii=False))


def text_of(content) -> str:
    """Of a string, or of text parts; the two dialects write them alike."""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def heard(asked: dict) -> str:
    turns = [("system", asked["system"])] if "system" in asked else []
    turns += [(turn["role"], turn["content"]) for turn in asked["messages"]]
    return " ".join(f"{role}={text_of(content)}" for role, content in turns)


def pieces(text: str) -> list[str]:
    return [text[at:at + 5] for at in range(0, len(text), 5)]


def own_name(asked: dict) -> str:
    """What the provider calls the model; a client of naru never sees it."""
    return f"{asked['model']}-2026-11-01"


class OpenAi:
    """Source: OpenAI API reference, Chat, Chat streaming, Embeddings, Errors."""
    stops = {"end": "stop", "limit": "length"}
    usage = {"prompt_tokens": UNCACHED + CACHED, "completion_tokens": OUTPUT,
             "total_tokens": UNCACHED + CACHED + OUTPUT,
             "prompt_tokens_details": {"cached_tokens": CACHED, "audio_tokens": 0},
             "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}}

    def __init__(self):
        self.others = {"/v1/embeddings": self._embeddings}

    def whole(self, asked: dict, text: str, stop: str) -> dict:
        message = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None,
                  "finish_reason": self.stops[stop]}
        return {"id": "chatcmpl-theirs", "object": "chat.completion", "created": 1790000000,
                "model": own_name(asked), "choices": [choice], "usage": self.usage,
                "service_tier": "default"}

    def begin(self, asked: dict) -> list[bytes]:
        return [self._chunk(asked, {"role": "assistant", "content": ""})]

    def words(self, asked: dict, text: str) -> list[bytes]:
        return [self._chunk(asked, {"content": piece}) for piece in pieces(text)]

    def finish(self, asked: dict, stop: str) -> list[bytes]:
        events = [self._chunk(asked, {}, self.stops[stop])]
        if wants_usage(asked):
            events.append(self._event(asked, {"choices": [], "usage": self.usage}))
        return [*events, b"data: [DONE]\n\n"]

    def overloaded(self) -> bytes:
        return f"data: {self.error('server_error', 'The engine is overloaded')}\n\n".encode()

    def error(self, kind: str, message: str) -> str:
        return json.dumps({"error": {"message": message, "type": kind, "param": None,
                                     "code": None}})

    def _chunk(self, asked: dict, delta: dict, stop: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop}
        usage = {"usage": None} if wants_usage(asked) else {}
        return self._event(asked, {"choices": [choice], **usage})

    @staticmethod
    def _event(asked: dict, more: dict) -> bytes:
        body = {"id": "chatcmpl-theirs", "object": "chat.completion.chunk",
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


class Anthropic:
    """Source: Anthropic API reference, Messages, Streaming, Count tokens, Errors."""
    stops = {"end": "end_turn", "limit": "max_tokens"}

    def __init__(self):
        self.others = {"/v1/messages/count_tokens": self._count}

    def whole(self, asked: dict, text: str, stop: str) -> dict:
        return self._message(asked, [{"type": "text", "text": text}], self.stops[stop], OUTPUT)

    def begin(self, asked: dict) -> list[bytes]:
        return [self._event({"type": "message_start",
                             "message": self._message(asked, [], None, 1)}),
                self._event({"type": "content_block_start", "index": 0,
                             "content_block": {"type": "text", "text": ""}}),
                self._event({"type": "ping"})]

    def words(self, _, text: str) -> list[bytes]:
        return [self._event({"type": "content_block_delta", "index": 0,
                             "delta": {"type": "text_delta", "text": piece}})
                for piece in pieces(text)]

    def finish(self, _, stop: str) -> list[bytes]:
        return [self._event({"type": "content_block_stop", "index": 0}),
                self._event({"type": "message_delta",
                             "delta": {"stop_reason": self.stops[stop], "stop_sequence": None},
                             "usage": {"output_tokens": OUTPUT}}),
                self._event({"type": "message_stop"})]

    def overloaded(self) -> bytes:
        return f"event: error\ndata: {self.error('overloaded_error', 'Overloaded')}\n\n".encode()

    def error(self, kind: str, message: str) -> str:
        return json.dumps({"type": "error", "error": {"type": kind, "message": message},
                           "request_id": "req_theirs"})

    @staticmethod
    def _message(asked: dict, content: list, stop: str | None, output: int) -> dict:
        return {"id": "msg_theirs", "type": "message", "role": "assistant",
                "model": own_name(asked), "content": content, "stop_reason": stop,
                "stop_sequence": None,
                "usage": {"input_tokens": UNCACHED, "cache_creation_input_tokens": 0,
                          "cache_read_input_tokens": CACHED, "output_tokens": output,
                          "service_tier": "standard"}}

    @staticmethod
    def _event(body: dict) -> bytes:
        text = json.dumps(body, ensure_ascii=False)
        return f"event: {body['type']}\ndata: {text}\n\n".encode()

    @staticmethod
    def _count(asked: dict) -> dict:
        return {"input_tokens": len(heard(asked))}
