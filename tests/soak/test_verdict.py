"""What the soak's verdict is made of: each way to end is told from the others, and what grows or
slows down is seen."""
import pytest
from harness.wire import Message
from soak import verdict
from soak.samples import Sample, fit, floors
from soak.traffic import (CHAT, ERROR_EVENT, MESSAGES, REFUSED, RESPONSES, WHOLE, Kind, Made,
                          end_of_plain, end_of_stream)

OK, BUSY = "HTTP/1.1 200 OK", "HTTP/1.1 429 Too Many Requests"
END, ERROR = b"data: [DONE]\n\n", b'data: {"error":{}}\n\n'


def streamed(body: bytes, whole: bool = True, path: str = CHAT) -> str:
    kind = Kind("k", path, "m", end_of_stream, frozenset())
    return end_of_stream(kind, Message(OK, [], body, whole=whole)).split(":")[0]


@pytest.mark.parametrize("body, whole, end", [
    (b"data: {}\n\n" + END, True, WHOLE), (b"data: {}\n\n" + ERROR, True, ERROR_EVENT),
    (b"data: {}\n\n", True, "torn"), (END + END, True, "torn"), (ERROR + END, True, "torn"),
    (ERROR + ERROR, True, "torn"), (b"data: {}\n\n" + END, False, "torn"), (b"", True, "torn")])
def test_stream_ends_one_way(body, whole, end):
    assert streamed(body, whole) == end


def test_each_dialect_has_its_own_end():
    assert streamed(b"event: message_stop\n", path=MESSAGES) == WHOLE
    assert streamed(b"event: response.completed\n", path=RESPONSES) == WHOLE
    assert streamed(b"event: response.failed\n", path=RESPONSES) == ERROR_EVENT
    assert streamed(END, path=MESSAGES) == "torn"


@pytest.mark.parametrize("start, body, whole, end", [
    (OK, b'{"choices": []}', True, WHOLE), (OK, b'{"error": null}', True, WHOLE),
    (BUSY, b'{"error": {}}', True, REFUSED), (OK, b'{"error": {}}', True, "torn"),
    (BUSY, b"{}", True, "torn"), (OK, b"{}", False, "torn")])
def test_plain_answer_ends_one_way(start, body, whole, end):
    assert end_of_plain(Message(start, [], body, whole=whole)).split(":")[0] == end


def test_line_through_points():
    assert fit([(0, 1), (1, 3), (2, 5)]).slope == pytest.approx(2)
    assert fit([(0, 1), (1, 3), (2, 5)]).error == pytest.approx(0)
    assert fit([(0, 1), (1, 1.2), (2, 0.9), (3, 1.1)]).error > 0


def process(mib_an_hour: float = 0, fds_a_minute: int = 0) -> list[Sample]:
    """Twenty minutes of a process with calls that come and go."""
    return [Sample(at, 100 + mib_an_hour * at / 3600 + at % 7, 50 + fds_a_minute * (at // 60), 9)
            for at in range(1200)]


def chats(slower: float = 0) -> list[Made]:
    """A chat a second, each so much slower than the one before."""
    return [Made("chat", at, 0.01 + slower * at, WHOLE) for at in range(1200)]


def failing(samples: list[Sample], made: list[Made]) -> list[str]:
    checks = [*verdict.of_time(verdict.minutes(made, samples), samples),
              verdict.of_memory(samples)]
    return [check.what.split(":")[0] for check in checks if not check.holds]


def test_what_grows_or_slows_down_is_seen():
    assert len(floors(process(), 60)) == 20
    assert failing(process(), chats()) == []
    assert failing(process(mib_an_hour=3), chats()) == ["memory"]
    assert failing(process(fds_a_minute=1), chats()) == ["descriptors"]
    assert failing(process(), chats(slower=1e-5)) == ["p99 of plain chats"]
