"""Who calls: a table of kinds of calls and of the ways each may end, and workers that make them."""
import json
import random
import socket
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Callable

from harness.client import PATIENCE, Client, request

from .stage import ENGINE, PLANS, Stage

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
EMBED, COUNT = "/v1/embeddings", "/v1/messages/count_tokens"
WORKERS = 12
BREATH = 0.15  # seconds a worker rests at most between two calls

# How a call ends; each ends in exactly one of these, else it is torn.
WHOLE, REFUSED, ERROR_EVENT, LEFT = "whole", "refused", "error event", "left"

ENDS = {CHAT: (b"data: [DONE]",), MESSAGES: (b"event: message_stop",),
        RESPONSES: (b"event: response.completed",)}
ERRORS = {CHAT: (b'data: {"error":',), MESSAGES: (b"event: error",),
          RESPONSES: (b"event: error", b"event: response.failed")}


@dataclass(frozen=True)
class Kind:
    """Calls of one kind. `way` makes one and says how it ended."""
    name: str
    path: str
    model: str
    way: Callable
    may_end: frozenset[str]
    weight: int = 2


def body_of(path: str, model: str, **fields) -> dict:
    if path == EMBED:
        return {"model": model, "input": "a ferry"}
    if path == RESPONSES:
        return {"model": model, "input": "hi", "store": False, **fields}
    limit = {"max_tokens": 64} if path == MESSAGES else {}
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], **limit, **fields}


# Ways to call

def plain(client: Client, kind: Kind, headers: dict, **fields) -> str:
    answer = client.call("POST", kind.path, body_of(kind.path, kind.model, **fields), headers)
    return end_of_plain(answer)


def end_of_plain(answer) -> str:
    if not answer.whole:
        return f"torn: {answer.start}, body cut"
    body = json.loads(answer.body)
    if (answer.status == 200) == ("error" in body and body["error"] is not None):
        return f"torn: {answer.start} with {answer.body[:200]!r}"
    return WHOLE if answer.status == 200 else REFUSED


def begin(client: Client, kind: Kind, headers: dict, **fields):
    """The head of a stream's answer."""
    body = body_of(kind.path, kind.model, stream=True, **fields)
    client.send(request("POST", kind.path, body, headers))
    return client.head()


def stream(client: Client, kind: Kind, headers: dict, **fields) -> str:
    return end_of_stream(kind, client.reader.body(begin(client, kind, headers, **fields)))


def end_of_stream(kind: Kind, message) -> str:
    if message.status != 200:
        return end_of_plain(message)
    ends = sum(message.body.count(mark) for mark in ENDS[kind.path])
    errors = sum(message.body.count(mark) for mark in ERRORS[kind.path])
    if not message.whole or ends + errors != 1:
        return f"torn: {ends} ends, {errors} errors, whole {message.whole}: {message.body[-200:]!r}"
    return WHOLE if ends else ERROR_EVENT


def short(way: Callable) -> Callable:
    """The engine is slow, and is asked for little."""
    return lambda client, kind, headers: way(client, kind, headers, max_tokens=4)


def call_tools(client: Client, kind: Kind, headers: dict) -> str:
    tool = {"name": "look_up", "parameters": {"type": "object"}}
    return stream(client, kind, headers, tools=[{"type": "function", "function": tool}])


def read_slowly(client: Client, kind: Kind, headers: dict) -> str:
    client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    message = begin(client, kind, headers)
    for i, _ in enumerate(client.reader.chunks(message)):
        if i % 30 == 0:
            threading.Event().wait(0.05)
    return end_of_stream(kind, message)


def leave_within(client: Client, kind: Kind, headers: dict) -> str:
    message = begin(client, kind, headers)
    next(client.reader.chunks(message))
    client.reset()
    return LEFT


def leave_before(client: Client, kind: Kind, headers: dict) -> str:
    """Closes its writing side behind the request; naru takes that for leaving."""
    client.send(request("POST", kind.path, body_of(kind.path, kind.model), headers))
    client.connection.shutdown(socket.SHUT_WR)
    return LEFT if client.at_end() else "torn: an answer came to one who had left"


def send_no_json(client: Client, kind: Kind, headers: dict) -> str:
    return end_of_plain(client.call("POST", kind.path, b'{"model": "chat", "messages": [', headers))


def send_too_much(client: Client, kind: Kind, headers: dict) -> str:
    return end_of_plain(client.call("POST", kind.path, b"", {**headers,
                                                             "content-length": "9000000"}))


def kinds(has_engine: bool) -> list[Kind]:
    """All kinds; those that do well may end in one way only."""
    whole, cut = frozenset({WHOLE}), frozenset({ERROR_EVENT})
    refused, left = frozenset({REFUSED}), frozenset({LEFT})
    table = [
        Kind("chat", CHAT, "chat", plain, whole, 6),
        Kind("chat-stream", CHAT, "messages", stream, whole, 3),
        Kind("messages", MESSAGES, "messages", plain, whole, 3),
        Kind("messages-stream", MESSAGES, "responses", stream, whole, 3),
        Kind("responses", RESPONSES, "responses", plain, whole, 3),
        Kind("responses-stream", RESPONSES, "chat", stream, whole, 3),
        Kind("tools", CHAT, "calling", call_tools, whole),
        Kind("embeddings", EMBED, "chat", plain, whole),
        Kind("count", COUNT, "messages", plain, whole),
        Kind("slow-reader", CHAT, "long", read_slowly, whole, 1),
        Kind("drip", CHAT, "drip", stream, whole, 1),
        Kind("leaves-within", CHAT, "paced", leave_within, left),
        Kind("leaves-before", MESSAGES, "slow", leave_before, left),
        Kind("no-json", CHAT, "", send_no_json, refused, 1),
        Kind("too-much", MESSAGES, "", send_too_much, refused, 1),
        Kind("no-model", RESPONSES, "nobody", plain, refused, 1),
        Kind("mortal", CHAT, "mortal", plain, whole),
        Kind("mortal-stream", MESSAGES, "mortal", stream, whole | cut),
    ]
    # A reset may overtake what was sent before it (RFC 9293, section 3.10.7.4): nothing came then.
    may_end = {"cut": cut | refused}
    table += [Kind(f"fault-{name}", (CHAT, MESSAGES, RESPONSES)[i % 3], name, stream,
                   may_end.get(name, cut), 1)
              for i, name in enumerate(("error", "malformed", "cut", "half-close", "no-end",
                                        "stall", "oversize"))]
    table += [Kind(f"fault-{name}", (CHAT, MESSAGES, RESPONSES)[i % 3], name, plain, refused, 1)
              for i, name in enumerate(("overloaded", "unavailable", "tokens", "broken"))]
    if has_engine:  # it is killed now and then
        table += [Kind("engine", CHAT, ENGINE, short(plain), whole | refused, 1),
                  Kind("engine-stream", MESSAGES, ENGINE, short(stream), whole | cut | refused, 1),
                  Kind("engine-embed", EMBED, ENGINE, plain, whole | refused, 1)]
    return table


@dataclass(frozen=True)
class Made:
    """One call that was made."""
    kind: str
    began: float  # behind the soak's start
    seconds: float
    end: str


class Traffic:
    """Workers that make calls of all kinds until told to stop, each kind with a key of its own, so
    that the ledger can be held against `made`. The kind `direct` goes past naru: what it shows is
    the machine's own unrest."""

    def __init__(self, stage: Stage, seed: int):
        self.stage, self.kinds = stage, kinds(stage.has_engine)
        self.keys = {kind.name: stage.naru.key(kind.name) for kind in self.kinds}
        self.made: list[Made] = []
        self.start = time.monotonic()
        self._over = threading.Event()
        self._workers = [threading.Thread(target=self._work, args=(seed * 1000 + i,))
                         for i in range(WORKERS)]
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        self._over.set()
        for worker in self._workers:
            worker.join()

    def _work(self, seed: int) -> None:
        chance = random.Random(seed)
        direct = Kind("direct", CHAT, f"m?{PLANS['paced']}", plain, frozenset({WHOLE}), 3)
        table = [*self.kinds, direct]
        while not self._over.wait(chance.uniform(0, BREATH)):
            kind = chance.choices(table, [each.weight for each in table])[0]
            self._make(kind)

    def _make(self, kind: Kind) -> None:
        naru = self.stage.naru
        where = self.stage.steady.url if kind.name == "direct" else naru.address
        headers = {"authorization": f"Bearer {self.keys.get(kind.name, 'none')}"}
        began = time.monotonic()
        try:
            with Client(where) as client:
                end = kind.way(client, kind, headers)
        except (OSError, AssertionError, ValueError, StopIteration) as e:
            end = f"torn: {type(e).__name__}: {e}"
        now = time.monotonic()
        if now - began > PATIENCE:
            end = f"torn: took {now - began:.0f} s, then {end}"
        self.made.append(Made(kind.name, began - self.start, now - began, end))

    def ends(self) -> dict[str, Counter]:
        """How the calls of each kind ended."""
        counted = defaultdict(Counter)
        for call in self.made:
            counted[call.kind][call.end] += 1
        return counted

    def wrong(self) -> list[str]:
        """Calls that ended as their kind may not."""
        allowed = {kind.name: kind.may_end for kind in self.kinds}
        allowed["direct"] = frozenset({WHOLE})
        return [f"{call.kind} at {call.began:.1f} s: {call.end}" for call in self.made
                if call.end not in allowed[call.kind]]
