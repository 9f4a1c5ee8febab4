"""Authored answers of three providers, picked by the last word of the model's name.

A model that goes on from what it said before checks that it is told all of it again, and says what
was wrong instead of its answer.
"""
import json

from harness import wire
from harness.upstream import STALL, Request, Step
from parts import (EXPECTED, Call, Image, Part, Reasoning, Result, Text, Turn, compact, said)
from speak_anthropic import Anthropic
from speak_chat import Chat
from speak_responses import Responses

LOOP, THINKING = EXPECTED["loop"], EXPECTED["thinking"]
PATIENCE = 20.0  # seconds for naru to leave a call that its client has left
# As long as real ones; base64 with each of its signs.
SEAL = "ErUB+/q3" * 40 + "Cg=="


class Answers:
    """One provider's answers; `speak` is its dialect. To be an upstream's usual script."""

    def __init__(self, speak: Chat | Responses | Anthropic):
        self.speak = speak
        self.held: list[Request] = []

    def __call__(self, request: Request) -> list[Step]:
        asked = json.loads(request.body)
        path = request.target.partition("?")[0]
        try:
            if path in self.speak.others:
                return [whole(self.speak.others[path](asked))]
            refusal = self.speak.refusal(asked)
            if refusal is not None:
                return [wire.answer(refusal, status=400)]
            how = asked["model"].rsplit("-", 1)[1]
            return getattr(self, f"_{how}")(request, asked)
        except (AttributeError, KeyError, TypeError, ValueError) as e:
            body = self.speak.error("invalid_request_error", f"not understood: {e!r}")
            return [wire.answer(body, status=400)]

    def _echo(self, _, asked: dict) -> list[Step]:
        """Says what it was asked, so that a test sees what reached the provider."""
        return self._say(asked, said(self.speak.turns(asked)))

    def _short(self, _, asked: dict) -> list[Step]:
        return self._give(asked, [Text(EXPECTED["half"])], "limit")

    def _broken(self, _, asked: dict) -> list[Step]:
        """Begins well and then fails."""
        return wire.stream(*self.speak.broken(asked, EXPECTED["half"]))

    def _failed(self, _, asked: dict) -> list[Step]:
        """The same, by the other means of a dialect that has two."""
        return wire.stream(*self.speak.failed(asked, EXPECTED["half"]))

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
        begun = self.speak.begun(asked, EXPECTED["half"])
        return [wire.stream_head(), *map(wire.chunk, begun), STALL]

    def _freed(self, _, asked: dict) -> list[Step]:
        """Echoes, if the last held call was left; else the provider fails."""
        if self.held and self.held.pop().left.wait(PATIENCE):
            return self._echo(_, asked)
        return [wire.answer(self.speak.error("api_error", "no held call was left"), status=500)]

    def _loop(self, _, asked: dict) -> list[Step]:
        """Calls two tools at once, then one with their results, then answers."""
        heard = [turn.plainly() for turn in self.speak.turns(asked)]
        return self._go_on(asked, heard, [turn.plainly() for turn in loop()], loop())

    def _exact(self, _, asked: dict) -> list[Step]:
        """The same, and wants each call's arguments in the spelling it gave them."""
        if isinstance(self.speak, Anthropic):  # its arguments are values, not texts
            return self._loop(_, asked)
        return self._go_on(asked, self.speak.turns(asked), loop(), loop())

    def _sealed(self, _, asked: dict) -> list[Step]:
        """Thinks beside a call, and wants its thoughts back with their seal."""
        return self._think(asked, THINKING["text"])

    def _hidden(self, _, asked: dict) -> list[Step]:
        """The same with thoughts that nobody may read."""
        return self._think(asked, "" if self.speak.seals else THINKING["text"])

    def _look(self, _, asked: dict) -> list[Step]:
        """Says what images it sees, those in results of tools too."""
        parts = [part for turn in self.speak.turns(asked) for part in turn.parts]
        seen = [image for part in parts
                for image in (part.images if isinstance(part, Result) else [part])
                if isinstance(image, Image)]
        return self._say(asked, " ".join(f"{image.source} {image.data}" for image in seen))

    def _shape(self, _, asked: dict) -> list[Step]:
        """Answers in the shape it was given."""
        schema = self.speak.schema(asked) or {}
        fits = sorted(schema.get("properties", {})) == sorted(EXPECTED["shape"])
        return self._say(asked, compact(EXPECTED["shape"] if fits else {"wrong": schema}))

    def _think(self, asked: dict, text: str) -> list[Step]:
        if not self.speak.thinks(asked):
            return self._say(asked, "not asked to think")
        heard = self.speak.turns(asked)
        script = thinking(text)
        if self.speak.seals:
            return self._go_on(asked, heard, script, script)
        return self._go_on(asked, heard, [without_reasoning(turn) for turn in script], script)

    def _go_on(self, asked: dict, heard: list[Turn], wanted: list[Turn],
               script: list[Turn]) -> list[Step]:
        """Gives the turn of the script that follows what was heard, if that is as wanted."""
        wrong = [f"heard {one}, not {other}" for one, other in zip(heard, wanted) if one != other]
        at = len(heard)
        if wrong or at >= len(script) or script[at].role != "assistant":
            return self._say(asked, wrong[0] if wrong else f"heard {at} turns: {heard}")
        missing = tools_of(script) - set(self.speak.tools(asked))
        if missing:
            return self._say(asked, f"not told of {missing}")
        calls = any(isinstance(part, Call) for part in script[at].parts)
        return self._give(asked, list(script[at].parts), "call" if calls else "end")

    def _say(self, asked: dict, text: str) -> list[Step]:
        return self._give(asked, [Text(text)], "end")

    def _give(self, asked: dict, parts: list[Part], stop: str) -> list[Step]:
        if asked.get("stream"):
            return wire.stream(*self.speak.stream(asked, parts, stop))
        return [whole(self.speak.whole(asked, parts, stop))]


def whole(body: dict) -> bytes:
    return wire.answer(json.dumps(body, ensure_ascii=False))


def call(name: str) -> Call:
    return Call(f"call_{name}_1", name, LOOP["calls"][name]["arguments"])


def result(name: str) -> Result:
    return Result(f"call_{name}_1", LOOP["calls"][name]["result"])


def loop() -> list[Turn]:
    return [Turn("user", (Text(LOOP["question"]),)),
            Turn("assistant", (Text(LOOP["say"]), call("weather"), call("clock"))),
            Turn("results", (result("weather"), result("clock"))),
            Turn("assistant", (call("plan"),)),
            Turn("results", (result("plan"),)),
            Turn("assistant", (Text(LOOP["final"]),))]


def thinking(text: str) -> list[Turn]:
    return [Turn("user", (Text(THINKING["question"]),)),
            Turn("assistant", (Reasoning(text, SEAL), call("clock"))),
            Turn("results", (result("clock"),)),
            Turn("assistant", (Text(THINKING["final"]),))]


def without_reasoning(turn: Turn) -> Turn:
    return Turn(turn.role, tuple(part for part in turn.parts if not isinstance(part, Reasoning)))


def tools_of(script: list[Turn]) -> set[str]:
    return {part.name for turn in script for part in turn.parts if isinstance(part, Call)}
