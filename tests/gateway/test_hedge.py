"""A second call to another target when the first is slow: who answers, who is called off."""
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from chats import DONE, chat, openai_answer, openai_error, openai_stream
from harness import documents, wait
from harness.client import request
from harness.upstream import RESET, STALL, Upstream

OPENAI = "/v1/chat/completions"
SLOW = "120ms"


@pytest.fixture
def two(start):
    """A model on two upstreams that asks the second when the first is slow."""
    with Upstream() as first, Upstream() as second:
        naru = start(documents.upstream("first", first.url) +
                     documents.upstream("second", second.url) +
                     documents.model("m", "first", "{upstream: second, tier: 1}",
                                     extra=f"hedge: {{after: {SLOW}}}"))
        naru.first, naru.second, naru.test_key = first, second, naru.key()
        yield naru


def ask(naru, **fields):
    return naru.post(OPENAI, chat("m", stream=True, **fields), naru.test_key)


def row(naru, answer) -> dict:
    return naru.exchange(answer.header("x-request-id"))


def hedges(naru, outcome: str) -> bool:
    return f'naru_hedges_total{{outcome="{outcome}",upstream="second"}} 1' in \
        naru.admin("GET", "/metrics")


def test_second_answers_when_the_first_is_slow(two):
    two.first.usual = [STALL]
    two.second.usual = openai_stream("from the second", prompt=7, output=3)
    answer = ask(two)
    assert answer.status == 200 and answer.header("x-naru-upstream") == "second"
    assert answer.body.count(b"from the second") == 1 and answer.body.count(DONE) == 1
    slow = two.first.wait_for(1)
    assert slow.left.wait(10), "the slow one was not called off"
    written = row(two, answer)
    assert (written["attempts"], written["rule"], written["outcome"]) == (2, "hedge", "ok")
    # The slow one has read the prompt, which nobody reported.
    assert written["tokens"]["input"] > 7 and written["tokens"]["output"] == 3
    assert written["tokens_by"] == "bytes"
    assert hedges(two, "won")
    two.first.errors.clear()


def test_plain_call_is_not_hedged(two):
    two.first.usual = [lambda: wait.gone_by(0.4), openai_answer("slow")]
    assert b"slow" in two.post(OPENAI, chat("m"), two.test_key).body
    assert two.second.requests == []


def test_quick_first_is_alone(start, upstream):
    with Upstream(openai_stream("second")) as second:
        naru = start(documents.upstream("first", upstream.url) +
                     documents.upstream("second", second.url) +
                     documents.model("m", "first", "{upstream: second, tier: 1}",
                                     extra="hedge: {after: 20s}"))
        naru.test_key = naru.key()
        upstream.usual = openai_stream("quick")
        for _ in range(3):
            assert b"quick" in ask(naru).body
        assert second.requests == []


def test_first_may_still_win(two):
    go = threading.Event()
    two.first.usual = [go, *openai_stream("from the first")]
    two.second.usual = [STALL]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, two)
        second = two.second.wait_for(1)
        go.set()
        answer = answer.result()
    assert answer.header("x-naru-upstream") == "first" and answer.body.count(DONE) == 1
    assert second.left.wait(10), "the second was not called off"
    assert (row(two, answer)["attempts"], row(two, answer)["rule"]) == (2, "weight")
    assert hedges(two, "lost")
    two.second.errors.clear()


def test_failure_of_one_leaves_it_to_the_other(two):
    go = threading.Event()
    two.first.usual = [go, openai_error(500)]
    two.second.usual = [lambda: wait.gone_by(0.3), *openai_stream("from the second")]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, two)
        two.second.wait_for(1)
        go.set()
        answer = answer.result()
    assert answer.status == 200 and answer.body.count(b"from the second") == 1


def test_one_that_failed_by_itself_is_paid_by_what_it_said(two):
    two.first.usual = [lambda: wait.gone_by(0.4), RESET]
    two.second.usual = [lambda: wait.gone_by(0.6), *openai_stream("from the second")]
    answer = ask(two)
    assert answer.status == 200 and answer.body.count(b"from the second") == 1
    assert row(two, answer)["tokens_by"] == "reported"


def test_failure_of_both_is_told_once(two):
    two.first.usual = [lambda: wait.gone_by(0.4), openai_error(400)]
    two.second.usual = [openai_error(400)]
    answer = ask(two)
    assert answer.status == 400 and answer.body.count(b'"error"') == 1
    assert row(two, answer)["attempts"] == 2


def test_time_that_ends_behind_a_hedge_that_failed_is_no_failure(two):
    two.first.usual, two.second.usual = [STALL], [openai_error(500)]
    answer = two.post("/v1/chat/completions", chat("m", stream=True), two.test_key,
                      {"x-request-timeout": "0.6"})
    assert answer.status == 504
    assert row(two, answer)["outcome"] == "deadline_exceeded"
    two.first.errors.clear()


def test_client_that_leaves_calls_both_off(two):
    two.first.usual = two.second.usual = [STALL]
    with two.connect() as client:
        client.send(request("POST", OPENAI, chat("m", stream=True), {"x-api-key": two.test_key}))
        both = two.first.wait_for(1), two.second.wait_for(1)
    assert all(each.left.wait(10) for each in both)
    wait.until(lambda: two.admin("GET", "/admin/v1/exchanges?limit=1")["exchanges"],
               "the row is written")
    written = two.admin("GET", "/admin/v1/exchanges?limit=1")["exchanges"][0]
    prompt = len("hi") // 4 + 1
    assert written["outcome"] == "abandoned" and written["tokens_by"] == "bytes"
    assert written["tokens"]["input"] >= 2 * prompt, "each has read the prompt"
    shown = two.admin("GET", "/admin/v1/upstreams")["upstreams"]
    assert [each["in_flight"] for each in shown] == [0, 0]
    two.first.errors.clear()
    two.second.errors.clear()


def test_hedges_stay_within_their_share(two):
    """One in twenty, and one at any time."""
    go = threading.Event()
    two.first.usual = [go, *openai_stream("slow")]
    two.second.usual = [STALL]
    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(ask, two) for _ in range(40)]
        two.first.wait_for(40)
        wait.until(lambda: len(two.second.requests) >= 1, "one is hedged")
        wait.gone_by(0.5)
        hedged = len(two.second.requests)
        go.set()
        assert {each.result().status for each in answers} == {200}
    assert 1 <= hedged <= 2
    two.second.errors.clear()


def test_nothing_is_hedged_behind_content(two):
    go = threading.Event()
    head, *rest = openai_stream("a", "b")
    two.first.usual = [head, rest[0], go, *rest[1:]]
    client, events = two.stream(OPENAI, chat("m", stream=True), two.test_key)
    with client:
        assert b"a" in events.next()
        wait.gone_by(0.4)
        go.set()
        assert events.rest().count(DONE) == 1
    assert two.second.requests == []


def test_hedge_is_checked(start, upstream):
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"))
    naru.write(documents.upstream("u", upstream.url) +
               documents.model("m", "u", extra="hedge: {after: soon}"))
    problems = naru.admin("POST", "/admin/v1/reload", status=422)["problems"]
    assert [each["path"] for each in problems] == ["Model m: hedge.after"]
