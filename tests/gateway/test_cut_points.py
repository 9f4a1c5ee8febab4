"""A provider's stream cut at each place that differs, in each dialect to each client. Before the
first content another target answers and nobody notices; behind it the client has what came, one
error in its dialect and no end, no other target is asked, and the row counts what was delivered."""
import pytest
from dialects import (ENDS, PAIRS, PATHS, arguments, body, errors, record, speaks_content, texts)
from harness import documents, wire
from harness.gateway import Gateway
from harness.mock import Mock
from harness.upstream import CLOSE, RESET, Upstream

TEXT = "나루 ferry 건너 river 물길 boat 강가 shore"
ARGUMENTS = '{"where":"서울 한강 나루터","boats":12}'
GOOD = "whole"
REPLACED, CUT, WHOLE = "replaced", "cut", "whole"

# What of a dialect begins an answer; there is one, whichever targets were tried.
STARTS = {"openai_chat": b'"role":"assistant"', "openai_responses": b"event: response.created",
          "anthropic": b"event: message_start"}
MARKERS = {"openai_chat": b"[DONE]", "openai_responses": b"event: response.completed",
           "anthropic": b"event: message_stop"}


class Events:
    """A recorded stream, and places in it."""

    def __init__(self, events: list[bytes], marker: bytes):
        self.events, self.marker = events, marker
        content = [i for i, event in enumerate(events) if speaks_content(event)]
        self.first, self.second = content[:2]
        self.last_text = max(i for i in content if b"shore" in events[i])
        self.tool = min(i for i in content if b"wher" in events[i])
        self.last = content[-1]
        self.end = next(i for i, event in enumerate(events) if marker in event)

    def until(self, index: int) -> bytes:
        """All before an event."""
        return b"".join(self.events[:index])

    def within(self, index: int, mark: bytes, behind: int) -> bytes:
        """As far as so many bytes behind the first of `mark` in an event."""
        event = self.events[index]
        assert mark in event, (mark, event)
        return self.until(index) + event[:event.index(mark) + behind]

    def end_of(self, index: int, but: int = 0) -> bytes:
        """All as far as an event, but for its last bytes."""
        whole = self.until(index + 1)
        return whole[:len(whole) - but]


HEAD = wire.stream_head()
# Where it is cut: what is to become of the answer, and the body so far.
POINTS = {
    "nothing": (REPLACED, lambda at: b""),
    "within_the_status": (REPLACED, lambda at: HEAD[:12]),
    "within_the_head": (REPLACED, lambda at: HEAD[:-3]),
    "behind_the_head": (REPLACED, lambda at: b""),
    "within_the_first_event": (REPLACED, lambda at: at.until(1)[:20]),
    "within_its_line_end": (REPLACED, lambda at: at.end_of(0, but=3)),
    "behind_the_first_event": (REPLACED, lambda at: at.until(1)),
    "before_content": (REPLACED, lambda at: at.until(at.first)),
    "within_the_name_of_data": (REPLACED, lambda at: at.within(at.first, b"data", 2)),
    "within_the_first_content": (REPLACED, lambda at: at.within(at.first, b"{", 30)),
    "within_its_first_character": (REPLACED, lambda at: at.within(at.first, "나".encode(), 1)),
    "within_its_second_character": (REPLACED, lambda at: at.within(at.first, "루".encode(), 2)),
    "behind_its_line": (REPLACED, lambda at: at.end_of(at.first, but=2)),
    "within_cr_lf_behind_it": (REPLACED, lambda at: at.end_of(at.first, but=3)),
    "behind_the_first_content": (CUT, lambda at: at.until(at.first + 1)),
    "within_the_second_content": (CUT, lambda at: at.within(at.second, b"{", 30)),
    "within_cr_lf_behind_it_again": (CUT, lambda at: at.end_of(at.second, but=3)),
    "within_a_later_character": (CUT, lambda at: at.within(at.second + 1, "건".encode(), 1)),
    "behind_the_text": (CUT, lambda at: at.until(at.last_text + 1)),
    "before_the_tool": (CUT, lambda at: at.until(at.tool)),
    "within_the_arguments": (CUT, lambda at: at.until(at.tool + 1)),
    "within_a_character_of_them": (CUT, lambda at: at.within(at.tool + 2, "한".encode(), 2)),
    "behind_the_arguments": (CUT, lambda at: at.until(at.last + 1)),
    "before_the_marker": (CUT, lambda at: at.until(at.end)),
    "within_the_marker": (CUT, lambda at: at.within(at.end, at.marker, 3)),
    "behind_the_marker": (WHOLE, lambda at: at.until(at.end + 1)),
    "ended_behind_content": (CUT, lambda at: at.until(at.second + 1)),
    "ended_within_the_arguments": (CUT, lambda at: at.until(at.tool + 1)),
}


class Stage:
    def __init__(self, naru: Gateway, broken: dict[str, Upstream], good: dict[str, Upstream],
                 recorded: dict[str, Events]):
        self.naru, self.broken, self.good, self.recorded = naru, broken, good, recorded
        self.key = naru.key()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    upstreams = {f"{part}-{speaks}": Upstream() for part in ("broken", "good") for speaks in PATHS}
    text = ""
    for name, upstream in upstreams.items():
        speaks = name.split("-")[1]
        provider = "anthropic" if speaks == "anthropic" else "openai"
        text += documents.upstream(name.replace("_", "-"), upstream.url, provider,
                                   f"speaks: [{speaks}]\nfailures_to_open: 0")
    # The other target speaks the next dialect, so that the answer crosses where the first did not.
    for speaks, other in zip(PATHS, [*list(PATHS)[1:], *PATHS]):
        first, second = (f"{part}-{name}".replace("_", "-") for part, name in
                         (("broken", speaks), ("good", other)))
        text += documents.model(speaks, f"{{upstream: {first}, model: {speaks}}}",
                                f"{{upstream: {second}, model: other, tier: 1}}")
    with Mock() as mock:
        spoken = f"text={TEXT.replace(' ', '%20')}&tool=ferry&arguments=" + \
            ARGUMENTS.replace(" ", "%20") + "&line_end=crlf&usage=false"
        recorded = {speaks: Events(record(mock, speaks, spoken), MARKERS[speaks])
                    for speaks in PATHS}
        for speaks in PATHS:
            whole = record(mock, speaks, f"text={GOOD}")
            upstreams[f"good-{speaks}"].usual = wire.stream(*whole)
    with Gateway(tmp_path_factory.mktemp("cuts"), text) as naru:
        yield Stage(naru, *({speaks: upstreams[f"{part}-{speaks}"] for speaks in PATHS}
                            for part in ("broken", "good")), recorded)
    for upstream in upstreams.values():
        upstream.close()


def script(name: str, sent: bytes, ending) -> list:
    """The cut as bytes on the wire: an event that is cut is a chunk that is."""
    if name == "nothing" or name in ("within_the_status", "within_the_head"):
        return [sent, ending]
    if name.startswith("ended"):
        return [HEAD, wire.chunk(sent), wire.LAST_CHUNK]
    if sent == b"" or sent.endswith(b"\r\n\r\n"):
        return [HEAD, wire.chunk(sent) if sent else b"", ending]
    return [HEAD + wire.chunk(sent + b"x" * 99)[:-101], ending]


def tokens_of(delivered: str) -> int:
    """As naru estimates them, before it has learnt of a model. docs/life_of_a_request.md."""
    narrow = sum(1 for c in delivered if ord(c) < 0x80)
    hangul = sum(3 for c in delivered if "가" <= c <= "힣")
    return round(narrow / 4.0 + hangul / 3.6)


def play(stage, client: str, speaks: str, name: str, ending) -> tuple[bytes, dict, list]:
    """What the client read, the row, and which targets were asked."""
    for upstream in (*stage.broken.values(), *stage.good.values()):
        upstream.clear()
    sent = POINTS[name][1](stage.recorded[speaks])
    stage.broken[speaks].then(*script(name, sent, ending))
    connection, events = stage.naru.stream(
        PATHS[client], body(client, speaks, stream=True, tools=[tool_of(client)]), stage.key)
    with connection:
        assert events.message.status == 200, events.message.raw
        stream = events.rest()
    assert events.message.whole
    row = stage.naru.exchange(events.message.header("x-request-id"))
    asked = [len(upstream.requests) for upstream in stage.good.values()]
    return stream, row, asked


def tool_of(client: str) -> dict:
    schema = {"type": "object"}
    return {"openai_chat": {"type": "function", "function": {"name": "ferry",
                                                             "parameters": schema}},
            "openai_responses": {"type": "function", "name": "ferry", "parameters": schema},
            "anthropic": {"name": "ferry", "input_schema": schema}}[client]


# A body that ends in order is ended by no close.
CUTS = [(name, ending) for name in POINTS for ending in (CLOSE, RESET)
        if not name.startswith("ended") or ending is CLOSE]


@pytest.mark.parametrize("client,speaks", PAIRS)
@pytest.mark.parametrize("name,ending", CUTS, ids=str)
def test_stream_cut(stage, name, client, speaks, ending):
    want = POINTS[name][0]
    stream, row, asked = play(stage, client, speaks, name, ending)
    said, called = texts(client, stream), arguments(client, stream)
    assert stream.count(STARTS[client]) == 1, stream
    if want == REPLACED:
        assert (said, called) == (GOOD, "") and sum(asked) == 1
        assert stream.count(ENDS[client]) == 1 and errors(client, stream) == 0
        assert (row["outcome"], row["attempts"]) == ("ok", 2)
        return
    assert TEXT.startswith(said) and said and ARGUMENTS.startswith(called) and sum(asked) == 0
    assert abs(row["tokens"]["output"] - tokens_of(said + called)) <= 1, (row, said, called)
    if want == WHOLE:
        assert (said, called) == (TEXT, ARGUMENTS) and row["outcome"] == "ok"
        assert stream.count(ENDS[client]) == 1 and errors(client, stream) == 0
        return
    assert stream.count(ENDS[client]) == 0 and errors(client, stream) == 1, stream
    assert row["outcome"] in ("upstream_failed", "upstream_invalid") and row["attempts"] == 1

