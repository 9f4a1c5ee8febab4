"""Limits of keys: what they let through, what clients are told of them, when they are freed."""
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from chats import (anthropic_answer, anthropic_stream, chat, message, openai_answer, openai_chunk,
                   openai_stream)
from harness import wait, wire
from harness.client import Client
from harness.upstream import STALL

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
BOTH = {"requests_per_minute": 60, "tokens_per_minute": 6000}
HALF = [wire.stream_head(), wire.chunk(openai_chunk("half")), STALL]


def responses(model: str, **fields) -> dict:
    return {"model": model, "input": "hi", **fields}


def names(family: str, kind: str) -> list[str]:
    form = {"openai": "x-ratelimit-{1}-{0}", "anthropic": "anthropic-ratelimit-{0}-{1}"}[family]
    return [form.format(kind, figure) for figure in ("limit", "remaining", "reset")]


def told(answer: wire.Message) -> dict[str, str]:
    """All that an answer says of rates; each name once."""
    lines = [(name.lower(), value) for name, value in answer.headers if "ratelimit" in name.lower()]
    assert len(lines) == len(dict(lines)), lines
    return dict(lines)


def seconds_of(length: str) -> float:
    """Of a time as OpenAI writes it: `1s`, `6m0s`, `120ms`."""
    found = re.fullmatch(r"(?:(\d+)m)?(\d+(?:\.\d+)?)s|(\d+)ms", length)
    assert found, length
    minutes, rest, ms = found.groups()
    return int(ms) / 1000 if ms else int(minutes or 0) * 60 + float(rest)


def said(answer: wire.Message) -> dict:
    return json.loads(answer.body)["error"]


def hold_open(naru, key: str, **fields):
    """A stream that has begun and goes on until its client leaves."""
    naru.openai.then(*HALF)
    client, events = naru.stream(CHAT, chat("gpt", stream=True, **fields), key)
    assert events.message.status == 200, events.message.raw
    events.next()
    return client


def ask(naru, key: str, **fields) -> wire.Message:
    naru.openai.usual = openai_answer(),
    return naru.post(CHAT, chat("gpt", **fields), key)


# What clients are told.

@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("family, path, body, plain, streamed", [
    ("openai", CHAT, chat("gpt", max_tokens=64), openai_answer(), openai_stream("a")),
    ("openai", RESPONSES, responses("claude", max_output_tokens=64), anthropic_answer(),
     anthropic_stream("a")),
    ("anthropic", MESSAGES, message("claude"), anthropic_answer(), anthropic_stream("a")),
], ids=["chat", "responses", "anthropic"])
def test_answers_tell_in_their_dialect(naru, family, path, body, plain, streamed, stream):
    key = naru.key(f"told {path} {stream}", **BOTH)
    upstream = naru.openai if body["model"] == "gpt" else naru.anthropic
    upstream.then(*(streamed if stream else [plain]))
    asked_at = datetime.now(timezone.utc).timestamp()
    if stream:
        client, events = naru.stream(path, {**body, "stream": True}, key)
        with client:
            events.rest()
        answer = events.message
    else:
        answer = naru.post(path, body, key)
    assert answer.status == 200
    of_requests, of_tokens = names(family, "requests"), names(family, "tokens")
    got = told(answer)
    assert set(got) == {*of_requests, *of_tokens}
    assert (got[of_requests[0]], got[of_tokens[0]]) == ("60", "6000")
    assert got[of_requests[1]] == "59"
    used = 6000 - int(got[of_tokens[1]])
    # A stream's head goes out while what it may use is reserved; 100 tokens a second come back.
    assert 0 < used <= (65 if stream else 10)
    resets = got[of_requests[2]], got[of_tokens[2]]
    if family == "openai":
        assert 0 < seconds_of(resets[0]) <= 1 and 0 < seconds_of(resets[1]) <= 0.65
    else:
        for reset in resets:
            at = datetime.strptime(reset, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
            assert asked_at <= at.timestamp() <= time.time() + 2


def test_only_limited_kinds_are_told(naru):
    answer = ask(naru, naru.key("requests alone", requests_per_minute=5))
    assert set(told(answer)) == set(names("openai", "requests"))
    answer = ask(naru, naru.key("tokens alone", tokens_per_minute=5000))
    assert set(told(answer)) == set(names("openai", "tokens"))
    answer = ask(naru, naru.key("places alone", concurrency=5))
    assert answer.status == 200 and told(answer) == {}


@pytest.mark.parametrize("limits, kept", [({}, {}), ({"requests_per_minute": 9}, {
    "x-ratelimit-limit-requests": "9", "x-ratelimit-remaining-requests": "8"})])
def test_figures_of_the_providers_account_stay_inside(naru, limits, kept):
    key = naru.key(f"provider {limits}", **limits)
    theirs = (b"\r\nx-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999"
              b"\r\nx-ratelimit-limit-tokens: 77\r\nx-ratelimit-reset-tokens: 6m0s"
              b"\r\nanthropic-ratelimit-unified-status: allowed\r\n")
    naru.openai.then(openai_answer().replace(b"\r\n", theirs, 1))
    answer = naru.post(CHAT, chat("gpt"), key)
    assert answer.status == 200
    got = told(answer)
    got.pop("x-ratelimit-reset-requests", None)
    assert got == kept


# Requests.

def test_no_more_requests_than_the_limit_however_many_at_once(naru):
    key = naru.key("crowd", requests_per_minute=50)
    naru.openai.usual = openai_answer(),
    began = time.monotonic()

    def one(_):
        return naru.post(CHAT, chat("gpt"), key)
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(one, range(200)))
    came_back = int((time.monotonic() - began) / 1.2)
    passed = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(passed) + len(refused) == 200
    assert 50 <= len(passed) <= 50 + came_back
    assert len(naru.openai.requests) == len(passed)
    if not came_back:
        left = sorted(int(told(a)["x-ratelimit-remaining-requests"]) for a in passed)
        assert left == list(range(50))
    assert all(told(a)["x-ratelimit-remaining-requests"] == "0" for a in refused)


@pytest.mark.parametrize("path, body, kind", [
    (CHAT, chat("gpt"), "rate_limit_error"), (RESPONSES, responses("gpt"), "rate_limit_error"),
    (MESSAGES, message("gpt"), "rate_limit_error")], ids=["chat", "responses", "anthropic"])
def test_refused_request_says_what_and_when_to_come_again(naru, path, body, kind):
    key = naru.key(f"few {path}", requests_per_minute=1)
    assert naru.call("GET", "/v1/models", key=key).status == 200, "every call counts"
    answer = naru.post(path, body, key)
    assert answer.status == 429 and said(answer)["type"] == kind
    ms = int(answer.header("retry-after-ms"))
    assert 50_000 < ms <= 60_000 and int(answer.header("retry-after")) == -(-ms // 1000)
    assert said(answer)["message"] == \
        f"the key 'few {path}' has made its 1 requests a minute; try again in {ms} ms"
    assert answer.header("x-should-retry") is None
    family = "anthropic" if path == MESSAGES else "openai"
    assert told(answer)[names(family, "requests")[1]] == "0"
    if path == CHAT:
        assert said(answer)["code"] == "rate_limit_exceeded"


def test_who_comes_again_when_told_is_let_in(naru):
    key = naru.key("again", requests_per_minute=120)
    with naru.connect() as client:
        def models():
            return client.call("GET", "/v1/models", headers={"x-api-key": key})
        refused = wait.until(lambda: (a := models()).status == 429 and a, "the limit is reached")
        for _ in range(3):
            wait.gone_by(int(refused.header("retry-after-ms")) / 1000)
            assert models().status == 200
            refused = models()
            assert refused.status == 429


def test_refused_requests_are_counted_and_not_recorded(naru):
    key = naru.key("uncounted", requests_per_minute=1)
    assert naru.call("GET", "/v1/models", key=key).status == 200
    refused = naru.post(CHAT, chat("gpt"), key)
    assert refused.status == 429
    row_path = f"/admin/v1/exchanges/{refused.header('x-request-id')}"
    why = naru.admin("GET", row_path, status=400)["error"]["message"]
    assert why.endswith("is in the ledger")
    assert 'naru_limited_total{reason="requests"}' in naru.admin("GET", "/metrics")


# Tokens.

def test_unused_tokens_are_given_back(naru):
    key = naru.key("given back", tokens_per_minute=1000)
    for used in range(10, 100, 10):  # each reserves 901
        answer = ask(naru, key, max_tokens=900)
        assert answer.status == 200
        assert int(told(answer)["x-ratelimit-remaining-tokens"]) >= 1000 - used


def test_tokens_of_a_running_call_are_not_there_for_others(naru):
    key = naru.key("running", tokens_per_minute=1000)
    running = hold_open(naru, key, max_tokens=900)
    refused = ask(naru, key, max_tokens=900)
    assert refused.status == 429
    assert refused.header("retry-after") is None, "nobody knows when the call will end"
    assert re.fullmatch(
        r"calls of the key 'running' that run hold what is left of its 1000 tokens a minute, and "
        r"the request takes about 90\d; try again when one of them has ended",
        said(refused)["message"])
    row = naru.exchange(refused.header("x-request-id"))
    assert (row["outcome"], row["status"], row["tokens"]["input"]) == ("rate_limited", 429, 0)
    assert 'naru_limited_total{reason="tokens"}' in naru.admin("GET", "/metrics")
    running.close()
    wait.until(lambda: ask(naru, key, max_tokens=900).status == 200, "its tokens are free", 5.0)


def test_what_was_used_beyond_the_estimate_is_owed(naru):
    key = naru.key("owes", tokens_per_minute=1000)
    naru.openai.then(openai_answer(prompt=7, output=4993))
    answer = naru.post(CHAT, chat("gpt", max_tokens=10), key)
    assert answer.status == 200
    assert told(answer)["x-ratelimit-remaining-tokens"] == "0"
    assert 290 < seconds_of(told(answer)["x-ratelimit-reset-tokens"]) <= 300
    refused = ask(naru, key, max_tokens=9)
    assert refused.status == 429
    assert 230_000 < int(refused.header("retry-after-ms")) <= 241_000


def test_failed_calls_use_no_tokens(naru):
    key = naru.key("fails", tokens_per_minute=1000)
    naru.openai.usual = wire.answer("{}", 400),
    for _ in range(5):
        answer = naru.post(CHAT, chat("gpt", max_tokens=900), key)
        assert answer.status == 400 and told(answer)["x-ratelimit-remaining-tokens"] == "1000"


def test_long_limit_of_an_answer_shuts_nobody_out(naru):
    assert ask(naru, naru.key("habit", tokens_per_minute=1000), max_tokens=100_000).status == 200


def test_prompt_larger_than_the_limit_is_refused_without_a_time(naru):
    key = naru.key("too large", tokens_per_minute=100)
    refused = naru.post(CHAT, chat("gpt", "four" * 1000), key)
    assert refused.status == 429 and refused.header("retry-after") is None
    assert re.fullmatch(r"the request is too large for the key 'too large': about \d+ tokens, and "
                        r"it has 100 a minute in all; send less", said(refused)["message"])
    assert ask(naru, key).status == 200


def test_counting_tokens_uses_none(naru):
    key = naru.key("counts", tokens_per_minute=100)
    naru.anthropic.then(wire.answer('{"input_tokens":9}'))
    answer = naru.post("/v1/messages/count_tokens", message("claude", "four" * 500), key)
    assert answer.status == 200
    assert told(answer)["anthropic-ratelimit-tokens-remaining"] == "100"


# Calls at once.

def test_place_is_free_when_its_client_has_left(naru):
    key = naru.key("one place", concurrency=1)
    running = hold_open(naru, key)
    refused = ask(naru, key)
    assert refused.status == 429
    assert refused.header("retry-after") is None and refused.header("retry-after-ms") is None
    assert said(refused)["message"] == "the key 'one place' may have 1 calls at once, and has " \
        "them; try again when one of them has ended"
    assert 'naru_limited_total{reason="concurrency"}' in naru.admin("GET", "/metrics")
    running.close()
    wait.until(lambda: ask(naru, key).status == 200, "its place is free", 5.0)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_place_is_free_before_the_answer_ends(naru, stream):
    """Whoever has the whole answer may call again at once, on whatever connection."""
    key = naru.key(f"in turn {stream}", concurrency=1)
    naru.openai.usual = openai_stream("a") if stream else (openai_answer(),)
    for _ in range(20):
        assert naru.post(CHAT, chat("gpt", stream=stream), key).status == 200


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("body, said_status, status", [("{}", 400, 400), ("{}", 500, 502),
                                                       ("no JSON", 200, 502)])
def test_place_is_free_after_a_failure(naru, body, said_status, status, stream):
    key = naru.key(f"fails {said_status} {stream}", concurrency=1)
    naru.openai.usual = wire.answer(body, said_status),
    for _ in range(3):
        assert naru.post(CHAT, chat("gpt", stream=stream), key).status == status


def test_calls_at_once_never_pass_the_limit(naru):
    key = naru.key("three", concurrency=3)
    go = threading.Event()
    naru.openai.usual = go, openai_answer()

    def one(_):
        return naru.post(CHAT, chat("gpt"), key).status
    with ThreadPoolExecutor(12) as pool:
        running = [pool.submit(one, i) for i in range(12)]
        wait.until(lambda: sum(each.done() for each in running) == 9, "nine are refused")
        go.set()
        assert sorted(each.result() for each in running) == [200] * 3 + [429] * 9
    assert len(naru.openai.requests) == 3


# Changing them.

def test_changed_limits_of_a_live_key_bind_within_a_second(naru):
    key = naru.key("changed", requests_per_minute=1)
    assert ask(naru, key).status == 200
    assert ask(naru, key).status == 429
    naru.admin("PATCH", "/admin/v1/keys/changed", {"requests_per_minute": 100_000})
    wait.until(lambda: (a := ask(naru, key)).status == 200 and
               told(a)["x-ratelimit-limit-requests"] == "100000", "the new limit binds", 1.0)
    printed = naru.verb("keys", "limit", "changed", "--requests-per-minute", "none",
                        "--concurrency", "1")
    assert "concurrency 1" in printed
    wait.until(lambda: told(ask(naru, key)) == {}, "no limit a minute binds", 1.0)
    running = hold_open(naru, key)
    assert ask(naru, key).status == 429
    running.close()


def test_limited_key_can_be_revoked(naru):
    key = naru.key("ends", requests_per_minute=1)
    assert ask(naru, key).status == 200
    assert ask(naru, key).status == 429
    naru.admin("DELETE", "/admin/v1/keys/ends")
    wait.until(lambda: ask(naru, key).status == 401, "it is refused", 1.0)
    naru.admin("PATCH", "/admin/v1/keys/ends", {"requests_per_minute": 5}, status=400)


def test_admin_api_says_what_is_wrong_with_a_limit(naru):
    naru.key("wrong")
    with Client(naru.admin_address) as client:
        answer = client.call("PATCH", "/admin/v1/keys/wrong", {"concurrency": 0, "rpm": 5},
                             {"authorization": f"Bearer {naru.token}"})
    assert answer.status == 400
    assert "$.concurrency must be a whole number from 1 to 100000" in said(answer)["message"]
    assert "$.rpm is nothing of a key that can change" in said(answer)["message"]
