"""Calls in line for an upstream that has no place: who goes first, who has to go, who sees it."""
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from chats import DONE, chat, message, openai_answer, openai_error, openai_stream
from harness import documents, engine, wait
from harness.client import request
from harness.gateway import LISTENERS
from harness.upstream import Upstream

OPENAI = "/v1/chat/completions"
ONE = "concurrency: {most: 1}"


def one_place(start, upstream, limits: str = "{}", extra: str = ONE, retry=documents.FAST_RETRY):
    """A naru whose model `m` stands on one upstream."""
    naru = start(documents.upstream("u", upstream.url, extra=extra) +
                 documents.model("m", "u", retry=retry),
                 gateway_document=LISTENERS + f"limits: {limits}\n")
    naru.test_key = naru.key()
    return naru


def state(naru, name: str = "u") -> dict:
    shown = naru.admin("GET", "/admin/v1/upstreams")["upstreams"]
    return next(each for each in shown if each["name"] == name)


def wait_for_line(naru, length: int) -> list[dict]:
    wait.until(lambda: state(naru)["waiting"] == length, f"{length} calls stand in line")
    return state(naru)["line"]


class Calls:
    """Calls that run beside the test, each named by its prompt."""

    def __init__(self, naru):
        self.naru = naru
        self.pool = ThreadPoolExecutor(32)

    def begin(self, text: str, key: str | None = None, headers=None):
        return self.pool.submit(self.naru.post, OPENAI, chat("m", text),
                                key or self.naru.test_key, headers)

    def in_line(self, *texts: str, key: str | None = None, headers=None) -> list:
        """Begun one after the other, so that they stand in that order."""
        began = state(self.naru)["waiting"]
        futures = []
        for i, text in enumerate(texts):
            futures.append(self.begin(text, key, headers))
            wait_for_line(self.naru, began + i + 1)
        return futures


@pytest.fixture
def gate():
    """What a held answer waits for."""
    event = threading.Event()
    yield event
    event.set()


def held(upstream, gate) -> None:
    upstream.usual = [gate, openai_answer()]


def full(naru, upstream, gate) -> "Calls":
    """Calls of which one has the only place, `running`, until the gate is opened."""
    held(upstream, gate)
    calls = Calls(naru)
    calls.running = calls.begin("running")
    upstream.wait_for(1)
    return calls


def prompts(upstream) -> list[str]:
    return [json.loads(each.body)["messages"][0]["content"] for each in upstream.requests]


def test_call_waits_for_a_place_and_is_seen(start, upstream, gate):
    naru = one_place(start, upstream)
    held(upstream, gate)
    calls = Calls(naru)
    first = calls.begin("first")
    upstream.wait_for(1)
    second, = calls.in_line("second")
    line = state(naru)["line"]
    assert (line[0]["position"], line[0]["priority"]) == (1, "interactive")
    assert state(naru)["in_flight"] == state(naru)["limit"] == 1
    assert 'naru_queue_waiting{upstream="u"} 1' in naru.admin("GET", "/metrics")
    assert "WAITING" in naru.verb("upstreams")
    assert len(upstream.requests) == 1
    gate.set()
    assert first.result().status == second.result().status == 200
    assert first.result().header("x-naru-queued-ms") is None
    assert int(second.result().header("x-naru-queued-ms")) > 0
    assert second.result().header("x-request-id") == line[0]["exchange"]
    assert 'naru_queue_wait_seconds_count{outcome="served"} 1' in naru.admin("GET", "/metrics")
    assert state(naru)["waiting"] == state(naru)["in_flight"] == 0


def test_keys_have_their_turns_and_classes_go_first(start, upstream, gate):
    naru = one_place(start, upstream)
    calls, other = full(naru, upstream, gate), naru.key("other")
    first = calls.running
    rest = calls.in_line("batch", headers={"x-naru-priority": "batch"})
    rest += calls.in_line("a1", "a2", "a3")
    rest += calls.in_line("b1", "b2", key=other)
    gate.set()
    assert {each.result().status for each in (first, *rest)} == {200}
    assert prompts(upstream) == ["running", "a1", "b1", "a2", "b2", "a3", "batch"]


def test_class_of_a_key_can_change(start, upstream, gate):
    naru = one_place(start, upstream)
    calls, urgent = full(naru, upstream, gate), naru.key("urgent", priority="critical")
    late, first = naru.key("late", priority="batch"), calls.running
    rest = calls.in_line("late 1", key=late) + calls.in_line("usual")
    assert "class critical" in naru.verb("keys", "limit", "late", "--priority", "critical")
    rest += calls.in_line("late 2", key=late) + calls.in_line("urgent", key=urgent)
    gate.set()
    assert {each.result().status for each in (first, *rest)} == {200}
    assert prompts(upstream) == ["running", "late 2", "urgent", "usual", "late 1"]
    assert "critical" in naru.verb("keys", "list")


def test_nobody_raises_its_own_class(start, upstream, gate):
    naru = one_place(start, upstream)
    calls = full(naru, upstream, gate)
    calls.in_line("wishes", headers={"x-naru-priority": "critical"})
    assert state(naru)["line"][0]["priority"] == "interactive"
    answer = naru.post(OPENAI, chat("m"), naru.test_key, {"x-naru-priority": "first"})
    assert answer.status == 400 and b"critical, interactive or batch" in answer.body


@pytest.mark.parametrize("path, body", [(OPENAI, chat("m")), ("/v1/messages", message("m"))])
def test_beyond_the_bound_it_is_told_at_once_when_to_come(start, upstream, gate, path, body):
    naru = one_place(start, upstream, "{queue: 1}")
    calls = full(naru, upstream, gate)
    calls.in_line("waits")
    began = time.monotonic()
    answer = naru.post(path, body, naru.test_key)
    assert time.monotonic() - began < 1
    assert answer.status == 429 and int(answer.header("retry-after")) >= 1
    assert b"the upstream 'u' has no place now, and 1 calls wait for one" in answer.body
    assert naru.exchange(answer.header("x-request-id"))["outcome"] == "rate_limited"


def test_who_would_be_served_last_has_to_go(start, upstream, gate):
    naru = one_place(start, upstream, "{queue: 2}")
    calls = full(naru, upstream, gate)
    _, second = calls.in_line("first", "second")
    calls.in_line("batch", headers={"x-naru-priority": "batch"})  # its class has its own room
    calls.begin("of another", naru.key("another"))
    assert second.result().status == 429
    gate.set()
    upstream.wait_for(4)
    assert prompts(upstream) == ["running", "first", "of another", "batch"]


def test_who_has_to_go_between_attempts_is_told_when_to_come(start, upstream, gate):
    naru = one_place(start, upstream, "{queue_all: 1}")
    first = threading.Event()
    upstream.then(first, openai_error(503))
    held(upstream, gate)
    calls = Calls(naru)
    again = calls.begin("again", headers={"x-naru-priority": "batch"})
    upstream.wait_for(1)
    calls.in_line("next")
    first.set()
    upstream.wait_for(2)
    wait.until(lambda: [each["priority"] for each in state(naru)["line"]] == ["batch"],
               "the refused call stands in line again")
    calls.begin("goes first")
    answer = again.result()
    assert answer.status in (429, 503)
    assert int(answer.header("retry-after") or 0) >= 1


def test_line_has_an_end(start, upstream, gate):
    naru = one_place(start, upstream, "{queue_time: 300ms}")
    calls = full(naru, upstream, gate)
    answer = naru.post(OPENAI, chat("m", "waits"), naru.test_key)
    assert answer.status == 429 and answer.header("retry-after")
    assert 300 <= int(answer.header("x-naru-queued-ms")) < 3000


def test_who_leaves_the_line_is_not_called_for(start, upstream, gate):
    naru = one_place(start, upstream)
    calls = full(naru, upstream, gate)
    first = calls.running
    with naru.connect() as client:
        client.send(request("POST", OPENAI, chat("m", "leaves"), {"x-api-key": naru.test_key}))
        gone = wait_for_line(naru, 1)[0]["exchange"]
    wait_for_line(naru, 0)
    row = naru.exchange(gone)
    assert (row["outcome"], row["attempts"], row["tokens_by"]) == ("abandoned", 0, "none")
    gate.set()
    assert first.result().status == 200
    assert prompts(upstream) == ["running"]


@pytest.mark.parametrize("path, body", [
    (OPENAI, chat("m", stream=True)), ("/v1/messages", message("m")),
    ("/v1/responses", {"model": "m", "input": "hi"})], ids=["chat", "message", "response"])
def test_line_of_a_full_engine_can_be_left(start, gate, path, body):
    with engine.Engine(slots=1) as local:
        naru = start(local.document() + documents.model("m", "local"))
        naru.test_key, played = naru.key(), local.play()
        engine.wait_ready(naru)
        held(played, gate)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(naru.post, OPENAI, chat("m", "running"), naru.test_key)
            played.wait_for(1)
            with naru.connect() as client:
                client.send(request("POST", path, body, {"x-api-key": naru.test_key}))
                wait.until(lambda: engine.state(naru)["waiting"] == 1, "it stands in line")
                gone = engine.state(naru)["line"][0]["exchange"]
            left = time.monotonic()
            wait.until(lambda: engine.state(naru)["waiting"] == 0, "it has left", 5)
            assert time.monotonic() - left < 1
            row = naru.exchange(gone)
            assert (row["outcome"], row["tokens_by"]) == ("abandoned", "none")
            gate.set()
            assert first.result().status == 200
        assert len(played.requests) == 1
        assert engine.state(naru)["in_flight"] == 0


def test_stream_in_line_has_pings(start, upstream, gate):
    naru = one_place(start, upstream, "{hold: 100ms, ping: 100ms}")
    calls = full(naru, upstream, gate)
    client, events = naru.stream(OPENAI, chat("m", stream=True), naru.test_key)
    with client:
        wait_for_line(naru, 1)
        upstream.usual = openai_stream("at last")
        assert events.message.status == 200
        assert events.line().startswith(b":") and events.line().startswith(b":")
        gate.set()
        text = events.rest()
    assert text.count(b"at last") == 1 and text.count(DONE) == 1


def test_other_target_with_a_place_goes_first(start, gate):
    with Upstream() as first, Upstream() as second:
        held(first, gate)
        second.usual = [openai_answer("second")]
        naru = start(documents.upstream("first", first.url, extra=ONE) +
                     documents.upstream("second", second.url) +
                     documents.model("m", "first", "{upstream: second, tier: 1}"))
        naru.test_key = naru.key()
        Calls(naru).begin("running")
        first.wait_for(1)
        answer = naru.post(OPENAI, chat("m"), naru.test_key)
        assert answer.status == 200 and answer.header("x-naru-upstream") == "second"
        gate.set()


def test_rate_limit_of_an_upstream_is_waited_out_in_line(start, upstream):
    naru = one_place(start, upstream, extra="")
    upstream.usual = [openai_answer()]
    upstream.then(openai_error(429, {"retry-after-ms": "1200"}))
    calls = Calls(naru)
    limited = calls.begin("limited")
    wait.until(lambda: state(naru)["closed_ms"] > 0, "the upstream is left alone")
    closed = time.monotonic()
    others = [calls.begin(str(i)) for i in range(5)]
    assert {each.result().status for each in (limited, *others)} == {200}
    assert len(upstream.requests) == 7
    assert all(each.arrived > closed + 0.9 for each in upstream.requests[1:])


def test_more_places_are_given_as_soon_as_they_are_allowed(start, upstream, gate):
    naru = one_place(start, upstream)
    calls = full(naru, upstream, gate)
    waiting = calls.in_line("a", "b")
    naru.write(naru.config.read_text().replace(ONE, "concurrency: {most: 3}"))
    naru.admin("POST", "/admin/v1/reload")
    upstream.wait_for(3)
    gate.set()
    assert {each.result().status for each in (calls.running, *waiting)} == {200}


def test_nobody_in_line_is_sent_to_an_upstream_that_wants_to_be_left_alone(start, upstream, gate):
    naru = one_place(start, upstream)
    upstream.usual = [openai_answer()]
    upstream.then(gate, openai_error(429, {"retry-after-ms": "1200"}))
    calls = Calls(naru)
    limited = calls.begin("limited")
    upstream.wait_for(1)
    others = calls.in_line("a", "b", "c")
    gate.set()
    wait.until(lambda: state(naru)["closed_ms"] > 0, "the upstream is left alone")
    closed = time.monotonic()
    assert {each.result().status for each in (limited, *others)} == {200}
    assert all(each.arrived > closed + 0.9 for each in upstream.requests[1:])


def test_line_moves_by_itself_once_the_upstream_takes_calls_again(start, upstream, gate):
    """Nobody comes, and nothing ends, that would have it looked at again."""
    naru = one_place(start, upstream, retry="{attempts: 1}")
    upstream.usual = [openai_answer()]
    upstream.then(gate, openai_error(429, {"retry-after-ms": "1000"}))
    calls = Calls(naru)
    limited = calls.begin("limited")
    upstream.wait_for(1)
    others = calls.in_line("a", "b")
    gate.set()
    assert limited.result().status == 429
    closed = time.monotonic()
    assert {each.result().status for each in others} == {200}
    assert 0.8 < upstream.requests[1].arrived - closed < 4


def test_upstream_is_given_as_many_as_it_serves(start, upstream):
    """It refuses what comes beyond four at once; after the first storm it is not asked for more."""
    lock, inside, worst = threading.Lock(), [0], [0]

    def four(_):
        with lock:
            inside[0] += 1
            worst[0] = max(worst[0], inside[0])
            refused = inside[0] > 4

        def leave():
            with lock:
                inside[0] -= 1
        if refused:
            return [lambda: wait.gone_by(0.05), leave, openai_error(503)]
        return [lambda: wait.gone_by(0.3), leave, openai_answer()]
    upstream.usual = four
    naru = one_place(start, upstream, extra="")
    calls = Calls(naru)
    first = [calls.begin("storm").result for _ in range(20)]
    assert sum(each().status == 200 for each in first) >= 4
    assert 3 <= state(naru)["limit"] <= 5
    worst[0] = 0
    second = [calls.begin("storm").result for _ in range(20)]
    assert [each().status for each in second] == [200] * 20
    assert worst[0] <= 5
    assert state(naru)["breaker"] == "closed"


def test_settings_say_what_is_wrong(start, upstream):
    naru = one_place(start, upstream)
    text = documents.upstream("u", upstream.url, extra="concurrency: {least: 9, most: 3}")
    naru.write(LISTENERS + "---\n" + text)
    problems = naru.admin("POST", "/admin/v1/reload", status=422)["problems"]
    assert [each["path"] for each in problems] == ["Upstream u: concurrency.least"]
