"""A ledger row that cannot be written: no answer ends as if it were on record."""
import json
import resource
from dataclasses import dataclass
from typing import Callable

import pytest
from chats import (DONE, MESSAGE_STOP, anthropic_answer, anthropic_stream, chat, message,
                   openai_answer, openai_stream)
from harness import documents, wait


@dataclass(frozen=True)
class Speech:
    """What a dialect's client sends, its upstream answers, and the client sees at an end."""
    path: str
    ask: Callable[..., dict]
    stream: Callable[..., list[bytes]]
    answer: Callable[..., bytes]
    end: bytes
    error: bytes


SPEAKS = {
    "openai": Speech("/v1/chat/completions", chat, openai_stream, openai_answer, DONE,
                     b'data: {"error":'),
    "anthropic": Speech("/v1/messages", message, anthropic_stream, anthropic_answer, MESSAGE_STOP,
                        b"event: error\n"),
}
each_dialect = pytest.mark.parametrize("dialect", SPEAKS)


@pytest.fixture
def naru(start, upstream):
    made = start("".join(documents.upstream(name, upstream.url, provider=name) +
                         documents.model(name, name) for name in SPEAKS))
    made.test_key = made.key()
    return made


def fill_disk(naru) -> None:
    """From now on no byte can be written to any file of naru, as if the disk were full."""
    _, most = resource.prlimit(naru.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(naru.process.pid, resource.RLIMIT_FSIZE, (0, most))


def make_room(naru) -> None:
    _, most = resource.prlimit(naru.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(naru.process.pid, resource.RLIMIT_FSIZE, (most, most))


def ask(naru, dialect: str):
    return naru.post(SPEAKS[dialect].path, SPEAKS[dialect].ask(dialect), naru.test_key)


def is_ready(naru) -> bool:
    return naru.call("GET", "/health/ready").status == 200


def assert_takes_no_calls(naru, upstream) -> None:
    before = len(upstream.requests)
    assert [ask(naru, dialect).status for dialect in SPEAKS] == [503, 503]
    assert not is_ready(naru) and len(upstream.requests) == before


@each_dialect
def test_stream_without_its_row_ends_in_an_error_behind_its_content(naru, upstream, dialect):
    speech = SPEAKS[dialect]
    upstream.then(*speech.stream("canary"))
    fill_disk(naru)
    client, events = naru.stream(speech.path, speech.ask(dialect, stream=True), naru.test_key)
    with client:
        text = events.rest()
    assert events.message.status == 200 and events.message.whole
    assert text.count(b"canary") == 1 and text.count(speech.error) == 1
    assert text.index(b"canary") < text.index(speech.error) and speech.end not in text
    assert_takes_no_calls(naru, upstream)


@each_dialect
def test_plain_answer_without_its_row_is_a_503(naru, upstream, dialect):
    upstream.then(SPEAKS[dialect].answer("canary"))
    fill_disk(naru)
    answer = ask(naru, dialect)
    assert answer.status == 503 and b"canary" not in answer.body
    assert json.loads(answer.body)["error"]["message"] and answer.header("x-request-id")
    assert_takes_no_calls(naru, upstream)


def test_calls_go_on_once_there_is_room(naru, upstream):
    upstream.usual = [openai_answer()]
    fill_disk(naru)
    assert ask(naru, "openai").status == 503 and not is_ready(naru)
    make_room(naru)
    wait.until(lambda: is_ready(naru), "naru is ready again")
    answer = ask(naru, "openai")
    assert answer.status == 200
    assert naru.exchange(answer.header("x-request-id"))["outcome"] == "ok"
