"""How a model's calls are spread over targets that could all take them."""
import collections
import contextlib
import threading

import pytest
from chats import chat, message, openai_answer, openai_chunk, openai_error
from harness import documents, wait, wire
from harness.client import request
from harness.gateway import LISTENERS
from harness.upstream import STALL, Upstream

OPENAI, ANTHROPIC, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
NAMES = ("one", "two", "three")


@pytest.fixture
def replicas(start):
    """Starts naru with the model `m` over replicas that answer at once."""
    with contextlib.ExitStack() as stack:
        def make(balance: str, count: int = 3, target: str = "", extra: str = ""):
            ups = {name: stack.enter_context(Upstream([openai_answer(name)]))
                   for name in NAMES[:count]}
            text = "".join(documents.upstream(name, up.url, extra="speaks: [openai_chat]")
                           for name, up in ups.items())
            targets = [f"{{upstream: {name}{target}}}" for name in ups]
            naru = start(text + documents.model("m", *targets, extra=f"balance: {balance}") + extra)
            naru.ups, naru.test_key = ups, naru.key()
            return naru
        yield make


def served(naru, body, path=OPENAI) -> tuple[str, str]:
    """Which replica answered the call, and by what rule."""
    answer = naru.post(path, body, naru.test_key)
    assert answer.status == 200, answer.body
    row = naru.exchange(answer.header("x-request-id"))
    assert row["upstream"] == answer.header("x-naru-upstream")
    return row["upstream"], row["rule"]


def begin(naru, body):
    client = naru.connect()
    client.send(request("POST", OPENAI, body, {"authorization": f"Bearer {naru.test_key}"}))
    return client


@contextlib.contextmanager
def held(naru, name: str, body):
    """A call that is under way at that replica, which `body` goes to."""
    go_on, upstream = threading.Event(), naru.ups[name]
    before = len(upstream.requests)
    upstream.then(go_on, openai_answer(name))
    client = begin(naru, body)
    upstream.wait_for(before + 1)
    yield client
    go_on.set()
    assert client.answer().status == 200
    client.close()


def turns(first: str, count: int = 3, **fields) -> list[dict]:
    """Requests of one conversation, each with all that was said before."""
    body, made = chat("m", first, **fields), []
    for turn in range(count):
        made.append({**body, "messages": list(body["messages"])})
        body["messages"] += [{"role": "assistant", "content": f"answer {turn}"},
                             {"role": "user", "content": f"question {turn}"}]
    return made


def test_conversation_stays_where_it_began(replicas):
    naru = replicas("prefix")
    homes = collections.Counter()
    for n in range(40):
        places = {served(naru, turn) for turn in turns(f"conversation {n}", 2)}
        assert len(places) == 1
        home, rule = places.pop()
        assert rule == "prefix"
        homes[home] += 1
    assert len(homes) == 3  # chance leaves one out once in three million peppers


def test_conversation_stays_in_every_dialect(replicas):
    naru = replicas("prefix")
    for n in range(4):
        first = {"type": "text", "text": f"talk {n}"}
        begun = message("m", system="be brief")
        begun["messages"] = [{"role": "user", "content": [
            {**first, "cache_control": {"type": "ephemeral"}}]}]
        later = {**begun, "messages": [{"role": "user", "content": [first]},
                                       {"role": "assistant", "content": "yes"},
                                       {"role": "user", "content": "more"}]}
        assert served(naru, begun, ANTHROPIC) == served(naru, later, ANTHROPIC)
        said = {"type": "message", "role": "user", "content": f"talk {n}"}
        again = {"type": "message", "role": "user", "content": "more"}
        assert served(naru, {"model": "m", "input": f"talk {n}"}, RESPONSES) == \
            served(naru, {"model": "m", "input": [said, again]}, RESPONSES)


def test_client_says_itself_what_belongs_together(replicas):
    naru = replicas("prefix")
    for own in ("a", "b", "c"):
        places = {served(naru, chat("m", f"text {n}", prompt_cache_key=own)) for n in range(6)}
        assert len(places) == 1


def test_conversation_spills_from_full_slots_and_comes_back(replicas):
    naru = replicas("prefix", count=2, target=", slots: 1")
    first, second, third = turns("a long talk")
    home, rule = served(naru, first)
    assert rule == "prefix"
    with held(naru, home, second):
        other, rule = served(naru, third)
        assert (other != home, rule) == (True, "spill")
    assert served(naru, third) == (home, "prefix")


def test_slot_of_a_cancelled_call_is_free_again(replicas):
    naru = replicas("prefix", count=2, target=", slots: 1")
    body = chat("m", "hello", stream=True)
    home, _ = served(naru, chat("m", "hello"))
    for script in ([STALL], [wire.stream_head(), wire.chunk(openai_chunk("half")), STALL]):
        upstream = naru.ups[home]
        before = len(upstream.requests)
        upstream.then(*script)
        client = begin(naru, body)
        got = upstream.wait_for(before + 1)
        client.reset()
        assert got.left.wait(10)
        wait.until(lambda: served(naru, chat("m", "hello")) == (home, "prefix"), "its slot is free")


def test_few_calls_under_way_spill_nothing_where_slots_are_not_known(replicas):
    naru = replicas("prefix", count=2)
    body = chat("m", "hello")
    home, _ = served(naru, body)
    with held(naru, home, body), held(naru, home, body), held(naru, home, body):
        assert served(naru, body) == (home, "prefix")
        with held(naru, home, body):
            other, rule = served(naru, body)
            assert (other != home, rule) == (True, "spill")


def test_home_that_fails_gives_way(replicas):
    naru = replicas("prefix", count=2)
    home, _ = served(naru, chat("m", "hello"))
    naru.ups[home].then(openai_error(500))
    other, rule = served(naru, chat("m", "hello"))
    assert (other != home, rule) == (True, "spill")


def test_what_is_no_conversation_goes_where_least_is_to_do(replicas):
    naru = replicas("prefix", count=2)
    assert served(naru, chat("m", ""))[1] == "least_outstanding"


def test_calls_go_where_least_is_under_way(replicas):
    naru = replicas("least_outstanding", count=2)
    go_on = threading.Event()
    for name, up in naru.ups.items():
        up.then(go_on, openai_answer(name))
    clients = [begin(naru, chat("m"))]
    wait.until(lambda: any(up.requests for up in naru.ups.values()), "a call is under way")
    busy, idle = sorted(naru.ups, key=lambda name: -len(naru.ups[name].requests))
    naru.ups[idle].queue.clear()
    assert [served(naru, chat("m")) for _ in range(8)] == [(idle, "least_outstanding")] * 8
    go_on.set()
    for client in clients:
        assert client.answer().status == 200
        client.close()
    wait.until(lambda: served(naru, chat("m"))[0] == busy, "the other has its turn again")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_slow_replica_gets_few_calls(replicas, stream):
    naru = replicas("peak_ewma", count=2)
    whole = wire.stream(openai_chunk("hi"), openai_chunk(finish="stop"), b"data: [DONE]\n\n") \
        if stream else [openai_answer()]
    naru.ups["one"].usual = [lambda: wait.gone_by(0.5), *whole]
    naru.ups["two"].usual = whole
    rules = {served(naru, chat("m", stream=stream))[1] for _ in range(30)}
    assert rules == {"peak_ewma"}
    assert 1 <= len(naru.ups["one"].requests) <= 3 and len(naru.ups["two"].requests) >= 27


def test_replica_that_fails_fast_is_no_fast_one(replicas):
    naru = replicas("peak_ewma", count=2,
                    extra=documents.model("other", "one", "two", extra="balance: peak_ewma"))
    naru.ups["one"].usual = [openai_error(500)]
    naru.ups["two"].usual = [lambda: wait.gone_by(0.05), openai_answer()]
    for _ in range(20):
        assert served(naru, chat("m"))[0] == "two"
    assert len(naru.ups["one"].requests) <= 2


def test_weight_is_the_rule_where_nothing_else_is_said(start):
    with Upstream([openai_answer()]) as up:
        naru = start(documents.upstream("u", up.url) + documents.model("m", "u"))
        naru.test_key = naru.key()
        assert served(naru, chat("m")) == ("u", "weight")


@pytest.mark.parametrize("wrong, said", [
    ("balance: fastest", "weight, least_outstanding, peak_ewma, prefix"),
    ("balance: [prefix]", "balance"),
    ("slots: -1", "slots"),
])
def test_wrong_setting_is_refused(start, wrong, said):
    upstream = documents.upstream("u", "http://127.0.0.1:1")
    naru = start(upstream + documents.model("m", "u"))
    model = documents.model("m", f"{{upstream: u, {wrong}}}") if wrong.startswith("slots") \
        else documents.model("m", "u", extra=wrong)
    naru.write(LISTENERS + "---\n" + upstream + model)
    problems = naru.admin("POST", "/admin/v1/reload", status=422)["problems"]
    assert len(problems) == 1 and said in f"{problems[0]['path']} {problems[0]['text']}"
