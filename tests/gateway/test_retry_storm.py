"""What naru does to an upstream that is in trouble: which faults it answers with what, how many
calls it makes, and how it finds out that the trouble is over."""
import concurrent.futures
import re
import time

import pytest
from chats import chat, openai_answer, openai_error
from harness import documents, wait
from harness.upstream import Upstream

OPENAI = "/v1/chat/completions"
AGAIN, ELSEWHERE, FINAL = "again", "elsewhere", "final"

# What an upstream says, what naru does about it, and what its client sees if nobody else answers.
CLASSES = {
    "rate": (openai_error(429, code="rate_limit_exceeded"), AGAIN, 429),
    "overload": (openai_error(503), AGAIN, 503),
    "overload_529": (openai_error(529), AGAIN, 503),
    "overload_as_429": (openai_error(429, type="engine_overloaded_error"), AGAIN, 503),
    "failure": (openai_error(500), AGAIN, 502),
    "quota": (openai_error(429, code="insufficient_quota"), ELSEWHERE, 502),
    "money": (openai_error(402), ELSEWHERE, 502),
    "credential": (openai_error(401), ELSEWHERE, 502),
    "permission": (openai_error(403), ELSEWHERE, 502),
    "no_such_model": (openai_error(404, code="model_not_found"), ELSEWHERE, 502),
    "request": (openai_error(400, type="invalid_request_error"), FINAL, 400),
    "safety": (openai_error(400, code="content_policy_violation"), FINAL, 400),
    "safety_as_403": (openai_error(403, code="content_filter"), FINAL, 403),
    "flagged": (openai_error(403, metadata={"reasons": ["violence"], "flagged_input": "hi"}),
                FINAL, 403),
}


@pytest.mark.parametrize("name", CLASSES)
def test_class_of_a_fault_decides_what_follows(start, name):
    said, follows, status = CLASSES[name]
    with Upstream() as first, Upstream() as second:
        first.usual, second.usual = [said], [openai_answer("second")]
        naru = start(documents.upstream("first", first.url) +
                     documents.upstream("second", second.url) +
                     documents.model("alone", "first", retry="{attempts: 2, base: 1ms}") +
                     documents.model("both", "first", "{upstream: second, tier: 1}"))
        key = naru.key()
        both = naru.post(OPENAI, chat("both"), key)
        assert both.status == (status if follows == FINAL else 200)
        assert len(first.requests) == 1 and len(second.requests) == (follows != FINAL)
        alone = naru.post(OPENAI, chat("alone"), key)
        assert alone.status == status
        assert len(first.requests) == (3 if follows == AGAIN else 2)
        assert alone.header("x-should-retry") == (None if follows == FINAL else "false")


def test_spent_account_is_left_alone_and_reported(start):
    with Upstream() as first, Upstream() as second:
        first.usual, second.usual = [CLASSES["quota"][0]], [openai_answer()]
        naru = start(documents.upstream("first", first.url) +
                     documents.upstream("second", second.url) +
                     documents.model("m", "first", "{upstream: second, tier: 1}"))
        key = naru.key()
        for _ in range(4):
            assert naru.post(OPENAI, chat("m"), key).status == 200
        assert len(first.requests) == 1
        shown = naru.admin("GET", "/admin/v1/upstreams")["upstreams"][0]
        assert (shown["name"], shown["cooling"]) == ("first", True)
        assert (shown["breaker"], shown["last_fault"]) == ("closed", "upstream_spent")


def storm(naru, requests: int, at_once: int) -> list:
    """The answers to so many calls, so many of them at once."""
    key = naru.key("storm")
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda _: naru.post(OPENAI, chat("m"), key), range(requests)))


def metric(naru, name: str) -> float:
    found = re.search(rf'^{name}\{{[^}}]*\}} (\S+)$', naru.admin("GET", "/metrics"), re.M)
    return float(found[1]) if found else 0.0


def breaker(naru) -> str:
    return naru.admin("GET", "/admin/v1/upstreams")["upstreams"][0]["breaker"]


def test_retries_stay_within_their_budget(start, upstream):
    """Rate limits open no breaker, and here teach naru nothing of how many at once are too many, so
    it is the budget alone that holds."""
    naru = start(documents.upstream("u", upstream.url, extra="concurrency: {least: 40}") +
                 documents.model("m", "u"))
    upstream.usual = [lambda: wait.gone_by(0.2), openai_error(429)]
    answers = storm(naru, requests=400, at_once=40)
    assert {answer.status for answer in answers} == {429}
    # Three may go at any time, so the last few calls may all be made again.
    assert 400 < len(upstream.requests) <= 1.2 * 400 + 6
    assert metric(naru, "naru_retries_forgone_total") > 300
    assert {answer.header("retry-after") for answer in answers} == {"1"}
    assert {answer.header("x-should-retry") for answer in answers} == {"false"}


def test_breaker_keeps_calls_from_an_upstream_that_fails(start, upstream):
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"))
    upstream.usual = [openai_error(503)]
    answers = storm(naru, requests=200, at_once=20)
    assert {answer.status for answer in answers} == {503}
    assert len(upstream.requests) <= 60  # those under way at once before it opened, and probes
    assert metric(naru, "naru_breakers_opened_total") == 1
    assert '"upstream.opened"' in naru.log() and breaker(naru) == "open"
    assert answers[-1].header("retry-after") == "1"

    opened, key = time.monotonic(), naru.key()
    while time.monotonic() < opened + 3.5:
        began = time.monotonic()
        assert naru.post(OPENAI, chat("m"), key).status == 503
        assert time.monotonic() - began < 1
    probes = [r.arrived for r in upstream.requests if r.arrived > opened]
    assert 2 <= len(probes) <= 4
    assert all(later - sooner > 0.95 for sooner, later in zip(probes, probes[1:]))

    upstream.usual = [openai_answer()]
    wait.until(lambda: naru.post(OPENAI, chat("m"), key).status == 200, "a probe succeeds")
    assert breaker(naru) == "closed"
    assert [naru.post(OPENAI, chat("m"), key).status for _ in range(5)] == [200] * 5


def test_open_target_is_passed_over(start):
    with Upstream() as first, Upstream() as second:
        first.usual, second.usual = [openai_error(500)], [openai_answer("second")]
        naru = start(documents.upstream("first", first.url) +
                     documents.upstream("second", second.url) +
                     documents.model("m", "first", "{upstream: second, tier: 1}"))
        key = naru.key()
        wait.until(lambda: naru.post(OPENAI, chat("m"), key).status == 200 and
                   breaker(naru) == "open", "five failures")
        opened, calls = time.monotonic(), len(first.requests)
        assert calls == 5
        answer = naru.post(OPENAI, chat("m"), key)
        assert answer.status == 200 and answer.header("x-naru-upstream") == "second"
        assert naru.exchange(answer.header("x-request-id"))["attempts"] == 1
        assert len(first.requests) == calls or time.monotonic() > opened + 0.9
        second.usual = [openai_error(500)]
        wait.until(lambda: naru.post(OPENAI, chat("m"), key).header("retry-after") == "1",
                   "both are open")


def test_upstream_that_asked_for_a_time_gets_no_probe_before(start, upstream):
    naru = start(documents.upstream("u", upstream.url) +
                 documents.model("m", "u", retry="{attempts: 1}"))
    upstream.usual = [openai_error(503, {"retry-after": "30"})]
    key = naru.key()
    statuses = [naru.post(OPENAI, chat("m"), key) for _ in range(6)]
    assert len(upstream.requests) == 5
    assert statuses[-1].status == 503 and 28 <= int(statuses[-1].header("retry-after")) <= 30
