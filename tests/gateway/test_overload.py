"""Three times as many calls as an upstream serves: it stays as busy as it can be, who matters most
is served, and the others are told at once when to come again. Figures are printed (pytest -s)."""
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from chats import chat, openai_answer, openai_error
from harness import documents, sanitizers, wait
from harness.client import request
from harness.gateway import LISTENERS
from harness.mock import Mock
from harness.open_loop import Call, offer, percentile
from harness.upstream import Upstream

OPENAI = "/v1/chat/completions"
DELAY = 0.2                 # seconds an upstream takes for a call
SHARES = {"interactive": 0.6, "batch": 2.4}  # calls offered, by what the upstream serves
URGENT = "interactive"      # the highest class among them
REFUSED_MS = 20             # until they know, by naru's own clock
LINE = 60                   # calls in line at most
MEMORY_KIB = 48 << 10       # more than before the storm, sanitizers included


@dataclass
class Storm:
    """How long and how hard: the short form runs always, the full one behind `make soak`."""
    places: int
    seconds: float
    least_goodput: float    # of what the upstream served before
    at_once: float          # so many of the refused know by REFUSED_MS

    @property
    def capacity(self) -> float:
        return self.places / DELAY


SHORT = Storm(places=8, seconds=8, least_goodput=0.8, at_once=0.95)
FULL = Storm(places=20, seconds=120, least_goodput=0.9, at_once=0.99)
FORMS = [pytest.param(SHORT, id="short"), pytest.param(FULL, id="full", marks=pytest.mark.soak)]


def arrivals(key: str, rates: dict[str, float], seconds: float, seed: int) -> list[Call]:
    """Calls of each class, spread over the time as chance has it."""
    chance = random.Random(seed)
    calls = []
    for kind, rate in rates.items():
        data = request("POST", OPENAI, chat("m", kind),
                       {"authorization": f"Bearer {key}", "x-naru-priority": kind})
        calls += [Call(kind, chance.uniform(0, seconds), data) for _ in range(int(rate * seconds))]
    return calls


def served_a_second(calls: list[Call], since: float, until: float) -> float:
    within = [call for call in calls if call.status == 200 and since <= call.ended < until]
    return len(within) / (until - since)


def times_of_refusals(naru) -> list[float]:
    """Milliseconds that naru took to refuse a call."""
    rows = (json.loads(line) for line in naru.log().splitlines() if '"exchange.end"' in line)
    return [row["total_us"] / 1000 for row in rows if row["outcome"] == "rate_limited"]


def weather(naru, storm: Storm) -> None:
    """A calm while with as much as is served, then three times that; what must hold of it."""
    seed = time.time_ns() % 100000
    print(f"NARU_SEED={seed}")
    key, calm_seconds = naru.key(), storm.seconds / 4 + 2
    calm = offer(naru.address,
                 arrivals(key, {URGENT: storm.capacity * 1.2}, calm_seconds, seed))
    peak = served_a_second(calm, 1, calm_seconds)
    before, rates = naru.rss_kib(), {kind: share * storm.capacity for kind, share in SHARES.items()}
    with Highest(naru.rss_kib) as memory:
        calls = offer(naru.address, arrivals(key, rates, storm.seconds, seed))
    check(naru, storm, calls, peak)
    print(f"memory {before >> 10} MiB before, at most {memory.value >> 10} MiB")
    assert memory.value - before <= MEMORY_KIB


def check(naru, storm: Storm, calls: list[Call], peak: float) -> None:
    goodput = served_a_second(calls, 1, storm.seconds)
    urgent = [call for call in calls if call.kind == URGENT]
    good = sum(call.status == 200 for call in urgent) / len(urgent)
    turned_away = [call for call in calls if call.status != 200]
    refusals = times_of_refusals(naru)
    print(f"served {peak:.1f}/s before; offered {len(calls) / storm.seconds:.0f}/s, "
          f"goodput {goodput:.1f}/s = {goodput / peak:.1%}; "
          f"{URGENT}: {good:.2%} of {len(urgent)} served; "
          f"statuses {dict(Counter(call.status for call in calls))}; refused within p50 "
          f"{percentile(refusals, .5):.1f}, p90 {percentile(refusals, .9):.1f}, "
          f"p99 {percentile(refusals, .99):.1f} ms")
    assert goodput >= storm.least_goodput * peak
    assert good >= 0.99
    assert {call.status for call in calls} <= {200, 429, 503}, \
        [call.trouble for call in calls if call.trouble][:5]
    assert len(turned_away) > len(calls) / 3
    assert all(int(call.answer.header("retry-after") or 0) >= 1 for call in turned_away)
    upstreams_word = [call for call in turned_away if call.status == 503]
    assert len(upstreams_word) <= len(calls) / 100
    assert percentile(refusals, storm.at_once) <= REFUSED_MS
    wait.until(lambda: "naru_in_flight 0" in naru.admin("GET", "/metrics"), "all calls are over")
    state = naru.admin("GET", "/admin/v1/upstreams")["upstreams"][0]
    assert state["waiting"] == state["in_flight"] == 0


class Highest:
    """The highest value that `look` gives meanwhile."""

    def __init__(self, look):
        self.look, self.value, self.over = look, look(), threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self.over.wait(0.25):
            self.value = max(self.value, self.look())

    def __enter__(self) -> "Highest":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()


def naru_before(start, url: str, extra: str, model: str = "m"):
    return start(documents.upstream("u", url, extra=extra) +
                 documents.model("m", f"{{upstream: u, model: '{model}'}}"),
                 gateway_document=LISTENERS + f"limits: {{queue: {LINE}}}\n",
                 environment=sanitizers.that_give_memory_back())


@pytest.mark.parametrize("storm", FORMS)
def test_upstream_of_known_size(start, storm):
    """The operator has said how many calls it serves at once."""
    with Mock() as mock:
        weather(naru_before(start, mock.url, f"concurrency: {{most: {storm.places}}}",
                            f"m?delay={int(DELAY * 1000)}ms"), storm)


class Crowded(Upstream):
    """Serves so many calls at once and refuses the others as soon as they come."""

    def __init__(self, places: int):
        super().__init__(self._answer)
        self.places, self.inside, self.refused = places, 0, 0
        self.door = threading.Lock()

    def _answer(self, _):
        with self.door:
            if self.inside == self.places:
                self.refused += 1
                return [openai_error(503)]
            self.inside += 1
        return [lambda: wait.gone_by(DELAY), self._leave, openai_answer()]

    def _leave(self) -> None:
        with self.door:
            self.inside -= 1


@pytest.mark.parametrize("storm", FORMS)
def test_upstream_of_unknown_size(start, storm):
    """It refuses what is too much, and naru has to learn how much that is."""
    with Crowded(storm.places) as upstream:
        naru = naru_before(start, upstream.url, "")
        weather(naru, storm)
        print(f"{upstream.refused} of {len(upstream.requests)} calls refused by the upstream")
        assert upstream.refused <= len(upstream.requests) / 10
        assert upstream.errors == []
