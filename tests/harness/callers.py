"""Clients that call again and again until they are told to stop: what each call got, and when."""
import json
import threading
import time
from dataclasses import dataclass, field

from .client import Client, EventStream, request

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
LAST = {"openai": b"data: [DONE]\n\n", "anthropic": b"event: message_stop\n"}
ERROR = {"openai": b'data: {"error"', "anthropic": b"event: error\n"}


@dataclass
class Call:
    """One call: its answer's status and body, or what broke."""
    stream: bool
    dialect: str
    began: float
    ended: float = 0.0
    status: int = 0
    body: bytes = b""
    broken: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def ok(self) -> bool:
        return self.status == 200 and not self.broken and \
            (not self.stream or LAST[self.dialect] in self.body)

    def problem(self) -> str:
        """What is wrong with the answer itself: an error in the dialect's own words is fine."""
        if self.broken:
            return self.broken
        if self.stream and self.status == 200:
            ends = self.body.count(LAST[self.dialect]) + self.body.count(ERROR[self.dialect])
            return "" if ends == 1 else f"{ends} ends: …{self.body[-300:]!r}"
        tree = json.loads(self.body)
        told = tree if self.status == 200 else tree["error"]["message"]
        return "" if told else f"{self.status} says nothing: {self.body!r}"


@dataclass
class Callers:
    """Callers of `model`, one thread each; `kinds` of (dialect, whether it streams)."""
    address: str
    key: str
    model: str
    kinds: tuple[tuple[str, bool], ...] = (("openai", False), ("openai", True),
                                           ("anthropic", True))
    most_tokens: int = 6
    pause: float = 0.03  # seconds between the calls of one thread
    calls: list[Call] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Callers":
        for kind in self.kinds:
            self._threads.append(threading.Thread(target=self._call_on, args=kind, daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self, seconds: float = 60.0) -> None:
        """Ends when the last calls have; a call that hangs fails here."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), f"a call to {self.model} hangs"

    def ok_since(self, when: float) -> int:
        return sum(call.ok and call.began >= when for call in list(self.calls))

    def _call_on(self, dialect: str, stream: bool) -> None:
        while not self._stop.is_set():
            call = Call(stream, dialect, time.monotonic())
            try:
                self._call(call)
            except (OSError, AssertionError, ValueError, RuntimeError) as e:
                call.broken = f"{type(e).__name__}: {e}"
            call.ended = time.monotonic()
            self.calls.append(call)
            self._stop.wait(self.pause)

    def _call(self, call: Call) -> None:
        asked = {"model": self.model, "max_tokens": self.most_tokens, "stream": call.stream,
                 "messages": [{"role": "user", "content": "Count to ten."}]}
        with Client(self.address) as client:
            client.send(request("POST", PATHS[call.dialect], asked,
                                {"authorization": f"Bearer {self.key}"}))
            if call.stream:
                events = EventStream(client)
                call.status = events.message.status
                chunked = events.message.header("transfer-encoding") == "chunked"
                call.body = events.rest() if chunked else \
                    client.reader.body(events.message).body
            else:
                answer = client.answer()
                call.status, call.body = answer.status, answer.body
