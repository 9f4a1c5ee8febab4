"""A client that leaves, in each phase of a call, in each dialect, to providers and to an engine:
the call made for it is closed at once, its places are free, its row says what was delivered."""
import itertools
import re
import threading
import time

import pytest
from chats import openai_answer
from dialects import PATHS, body, record, speaks_content
from harness import documents, engine, wait, wire
from harness.client import request
from harness.gateway import LISTENERS, Gateway
from harness.mock import Mock
from harness.open_loop import percentile
from harness.upstream import STALL, Upstream
from test_cancel import WAYS

SOON = 1.0    # seconds; 0.01 is usual, a busy machine under sanitizers needs more
FULL = 0.1    # of p99, over many calls on a quiet machine
KINDS = [*PATHS, "engine"]
TEXT = "가나"


class Phase:
    """How far an upstream gets with its answer before the client leaves."""

    def __init__(self, stream: bool, steps, shown: bytes = b""):
        self.stream = stream
        self.steps = steps   # of the recorded events
        self.shown = shown   # what the client waits for


def before(events: list[bytes]) -> bytes:
    """All that comes before the first content."""
    return b"".join(itertools.takewhile(lambda event: not speaks_content(event), events))


def begun(events: list[bytes]) -> bytes:
    """As far as the first content, which it includes."""
    first = next(i for i, event in enumerate(events) if TEXT.encode() in event)
    return b"".join(events[:first + 1])


PHASES = {
    "before_the_head": Phase(True, lambda events: [STALL]),
    "before_content": Phase(True, lambda events: [wire.stream_head(), wire.chunk(before(events)),
                                                  STALL]),
    "within_the_stream": Phase(True, lambda events: [wire.stream_head(),
                                                     wire.chunk(begun(events)), STALL],
                               TEXT.encode()),
    "within_an_event": Phase(True, lambda events: [wire.stream_head(),
                                                   wire.chunk(begun(events) + b"data: {"), STALL],
                             TEXT.encode()),
    "plain": Phase(False, lambda events: [STALL]),
    "within_a_plain_answer": Phase(False, lambda events: [openai_answer()[:-9], STALL]),
}


class Stage:
    """One naru before an upstream of each kind."""

    def __init__(self, naru: Gateway, upstreams: dict[str, Upstream], streams: dict[str, list]):
        self.naru, self.upstreams, self.streams = naru, upstreams, streams
        self.key = naru.key("cancels", concurrency=1)  # a place that is not freed shows at once
        self.asked = 0

    def events(self, kind: str) -> list[bytes]:
        return self.streams["openai_chat" if kind == "engine" else kind]

    def ask(self, client: str, kind: str, stream: bool):
        """Sends a call; gives the connection and the name it has in the ledger."""
        self.asked += 1
        name = f"call-{self.asked}"
        connection = self.naru.connect()
        connection.send(request("POST", PATHS[client], body(client, kind, stream=stream),
                                {"authorization": f"Bearer {self.key}", "x-request-id": name}))
        return connection, name

    def row(self, name: str) -> dict:
        """Of the ledger, once the call has ended."""
        def look():
            rows = self.naru.admin("GET", "/admin/v1/exchanges?limit=5")["exchanges"]
            return next((row for row in rows if row["client_request_id"] == name), None)
        return wait.until(look, f"the row of {name}", 5.0)

    def cancel(self, client: str, kind: str, phase: Phase, leave) -> tuple[float, dict]:
        """One call whose client leaves. Seconds until its upstream was closed, and its row."""
        upstream = self.upstreams[kind]
        upstream.clear()
        *steps, last = phase.steps(self.events(kind))
        sent = threading.Event()
        upstream.then(*steps, sent.set, last)
        connection, name = self.ask(client, kind, phase.stream)
        got = upstream.wait_for(1)
        assert sent.wait(10)
        seen = b""
        while phase.shown not in seen:
            seen += connection.connection.recv(65536)
        left_at = time.monotonic()
        leave(connection)
        assert got.left.wait(10), f"not cancelled: {upstream.errors} {got}"
        connection.close()
        row = self.row(name)
        self.wait_free()
        return got.left_at - left_at, row

    def wait_free(self) -> None:
        """Nothing of an ended call is held: no place of its key, none at the engine."""
        wait.until(lambda: "naru_in_flight 0" in self.naru.admin("GET", "/metrics"), "none runs")
        assert engine.state(self.naru)["in_flight"] == 0


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    calm = "failures_to_open: 0"
    with Mock() as mock, engine.Engine() as local:
        streams = {speaks: record(mock, speaks, f"text={TEXT}%20x&line_end=lf")
                   for speaks in PATHS}
        upstreams = {speaks: Upstream() for speaks in PATHS}
        text = local.document() + documents.model("engine", "local")
        for speaks, upstream in upstreams.items():
            name = speaks.replace("_", "-")
            provider = "anthropic" if speaks == "anthropic" else "openai"
            text += documents.upstream(name, upstream.url, provider, f"speaks: [{speaks}]\n{calm}")
            text += documents.model(speaks, f"{{upstream: {name}, model: up}}")
        with Gateway(tmp_path_factory.mktemp("cancel"), text, LISTENERS) as naru:
            upstreams["engine"] = local.play()
            engine.wait_ready(naru)
            yield Stage(naru, upstreams, streams)
        for upstream in upstreams.values():
            upstream.close()


def check(stage, client: str, kind: str, rounds: int, bound: float) -> None:
    times = []
    for name, phase in PHASES.items():
        for leave in WAYS * rounds:
            took, row = stage.cancel(client, kind, phase, leave)
            times.append(took)
            assert (row["outcome"], row["status"]) == ("abandoned", 499), (name, row)
            assert row["tokens"]["input"] > 0, (name, row)
            assert bool(phase.shown) <= (row["tokens"]["output"] > 0), (name, row)
    print(f"{client} over {kind}: {len(times)} calls, p50 {percentile(times, 0.5) * 1000:.1f} ms, "
          f"p99 {percentile(times, 0.99) * 1000:.1f} ms, most {max(times) * 1000:.1f} ms")
    assert percentile(times, 0.99) < bound


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", PATHS)
def test_upstream_is_closed_at_once(stage, client, kind):
    check(stage, client, kind, 1, SOON)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", PATHS)
def test_p99_of_many_is_within_100_ms(stage, client, kind):
    check(stage, client, kind, 12, FULL)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("client", PATHS)
def test_pause_of_a_retry_ends(stage, client, kind, stream):
    upstream = stage.upstreams[kind]
    upstream.clear()
    upstream.then(wire.answer("{}", 429, headers={"retry-after": "2"}))
    connection, name = stage.ask(client, kind, stream)
    assert upstream.wait_for(1).done.wait(5)
    connection.close()
    left_at = time.monotonic()
    row = stage.row(name)
    assert time.monotonic() - left_at < SOON
    assert row["outcome"] == "abandoned" and row["attempts"] == 1 and row["tokens"]["input"] == 0
    stage.wait_free()
    assert len(upstream.requests) == 1


# A model that is not loaded: its engine never gets ready.

@pytest.fixture(scope="module")
def cold(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cold")
    program = folder / "engine"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    text = documents.deployment("local", extra=f"engine_path: {program}\nstart: on_demand") + \
        documents.model("engine", "local")
    with Gateway(folder / "naru", text, LISTENERS + "limits: {hold: 100ms, ping: 100ms}\n") as naru:
        yield Stage(naru, {}, {})


@pytest.mark.parametrize("leave", WAYS)
@pytest.mark.parametrize("stream,pinged", [(False, False), (True, False), (True, True)],
                         ids=["plain", "stream", "pinged_stream"])
@pytest.mark.parametrize("client", PATHS)
def test_wait_for_a_cold_model_ends(cold, client, stream, pinged, leave):
    connection, name = cold.ask(client, "engine", stream)
    if pinged:
        seen = b""
        while not re.search(rb": ping|event: ping", seen):
            seen += connection.connection.recv(65536)
    else:
        wait.until(lambda: "naru_in_flight 1" in cold.naru.admin("GET", "/metrics"), "it waits")
    left_at = time.monotonic()
    leave(connection)
    row = cold.row(name)
    assert time.monotonic() - left_at < SOON
    assert row["outcome"] == "abandoned" and row["tokens_by"] == "none"
    cold.wait_free()
    connection.close()
