"""Clients that read slowly, or not: what naru keeps for them has a bound, an engine's place is free
once it has said all, and those who read fast do not wait for them."""
import os
import threading
import time

import pytest
from chats import DONE, chat, openai_chunk, openai_stream, openai_usage
from dialects import texts
from harness import documents, engine, wait, wire
from harness.client import Client, request, slow_client
from harness.gateway import LISTENERS, Gateway
from harness.mock import Mock
from harness.open_loop import percentile
from harness.upstream import STALL, Upstream, wait_until_read

CHAT = "/v1/chat/completions"
KIB, MIB = 1 << 10, 1 << 20
PIECE = "x" * (16 * KIB)
CALM = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"}
MOST_TIMES = 1.2  # p99 of fast clients beside slow ones, by what it is without them
SMALL = "limits: {body_bytes: 1MiB, body_memory_bytes: 2MiB, write_timeout: 60s}\n"


def stream_of(size: int) -> list[bytes]:
    """A whole answer with so much text, as an upstream sends it."""
    return openai_stream(*[PIECE] * (size // len(PIECE)))


def ask(client: Client, model: str, key: str) -> None:
    client.send(request("POST", CHAT, chat(model, stream=True), {"x-api-key": key}))


def read_whole(client: Client) -> str:
    answer = client.answer()
    assert answer.status == 200 and answer.whole and answer.body.count(DONE) == 1
    return texts("openai_chat", answer.body)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with engine.Engine(slots=4) as local, Upstream() as provider:
        text = local.document() + documents.model("engine", "local") + \
            documents.upstream("u", provider.url, extra="timeouts: {between_tokens: 500ms}") + \
            documents.model("provider", "u")
        with Gateway(tmp_path_factory.mktemp("slow"), text, LISTENERS + SMALL,
                     environment=CALM) as naru:
            naru.engine, naru.provider = local.play(), provider
            engine.wait_ready(naru)
            naru.test_key = naru.key()
            yield naru


def in_flight(naru: Gateway) -> int:
    return engine.state(naru)["in_flight"]


def test_engine_is_free_before_its_client_has_read(stage):
    size = 768 * KIB
    stage.engine.clear()
    stage.engine.then(*stream_of(size))
    with slow_client(stage) as client:
        ask(client, "engine", stage.test_key)
        got = stage.engine.wait_for(1)
        assert got.done.wait(10), "the engine could not say all"
        wait.until(lambda: in_flight(stage) == 0, "its place is free")
        rows = stage.admin("GET", "/admin/v1/exchanges?limit=1")["exchanges"]
        assert not rows or rows[0]["model"] != "engine", "the call has ended: nothing waited"
        assert read_whole(client) == "x" * size
    row = stage.admin("GET", "/admin/v1/exchanges?limit=1")["exchanges"][0]
    assert row["outcome"] == "ok" and row["tokens"]["output"] == 3


def sent_while_nobody_reads(count: list[int], size: int) -> list:
    """The script of an answer of that size, which counts its pieces as they leave."""
    steps = [wire.stream_head()]
    for _ in range(size // len(PIECE)):
        steps += [wire.chunk(openai_chunk(PIECE)), lambda: count.append(len(PIECE))]
    return [*steps, wire.chunk(openai_chunk(finish="stop") + openai_usage(7, 3) + DONE),
            wire.LAST_CHUNK]


def settled(count: list[int]) -> int:
    """The sum of what left, once no more does."""
    seen = -1
    while seen != sum(count):
        seen = sum(count)
        wait.gone_by(0.3)
    return seen


def test_engine_is_read_ahead_up_to_a_bound(stage):
    size, count = 8 * MIB, []
    stage.engine.then(*sent_while_nobody_reads(count, size))
    with slow_client(stage) as client:
        ask(client, "engine", stage.test_key)
        wait.until(lambda: count, "the engine speaks")
        ahead = settled(count)
        print(f"{ahead // KIB} KiB ahead")
        assert MIB <= ahead <= 2 * MIB and in_flight(stage) == 1  # sockets keep some too
        assert read_whole(client) == "x" * size
    wait.until(lambda: in_flight(stage) == 0, "its place is free")


def test_engine_is_read_ahead_only_where_there_is_memory(stage):
    """Bodies hold the memory: the engine waits for its client as a provider does."""
    size, count = 8 * MIB, []
    wait.until(lambda: "naru_in_flight 0" in stage.admin("GET", "/metrics"), "none runs")
    held = [stage.connect() for _ in range(2)]
    try:
        for holder, length in zip(held, (MIB, MIB - 128 * KIB)):
            holder.send(request("POST", CHAT, b"", {
                "x-api-key": stage.test_key, "content-length": str(length)}) + b"x" * (length - 1))
        for holder in held:
            wait_until_read(holder.connection)
        stage.engine.clear()
        stage.engine.then(*sent_while_nobody_reads(count, size))
        with slow_client(stage) as client:
            ask(client, "engine", stage.test_key)
            wait.until(lambda: count, "the engine speaks")
            ahead = settled(count)
            print(f"{ahead // KIB} KiB ahead")
            assert ahead < MIB
            for holder in held:
                holder.close()
            assert read_whole(client) == "x" * size
    finally:
        for holder in held:
            holder.close()


def test_client_that_leaves_while_it_is_behind_is_abandoned(stage):
    size = 768 * KIB
    stage.engine.clear()
    stage.engine.then(*stream_of(size))
    client = slow_client(stage)
    ask(client, "engine", stage.test_key)
    stage.engine.wait_for(1)
    wait.until(lambda: in_flight(stage) == 0, "its place is free")
    client.reset()
    row = wait.until(lambda: (rows := stage.admin("GET", "/admin/v1/exchanges?limit=1")
                              ["exchanges"])[0]["outcome"] == "abandoned" and rows[0], "its row")
    assert row["tokens"]["output"] > 0
    wait.until(lambda: "naru_in_flight 0" in stage.admin("GET", "/metrics"), "none runs")


def test_error_of_an_engine_comes_behind_what_it_said(stage):
    size = 512 * KIB
    stage.engine.clear()
    stage.engine.then(wire.stream_head(), *[wire.chunk(openai_chunk(PIECE))] * (size // len(PIECE)),
                      wire.chunk(b'data: {"error":{"message":"out of memory","code":500}}\n\n'),
                      STALL)
    with slow_client(stage) as client:
        ask(client, "engine", stage.test_key)
        stage.engine.wait_for(1)
        wait.until(lambda: in_flight(stage) == 0, "its place is free")
        answer = client.answer()
    assert texts("openai_chat", answer.body) == "x" * size
    assert answer.body.count(b'data: {"error":') == 1 and DONE not in answer.body


def test_slow_client_is_no_silence_of_its_upstream(stage):
    """It stops reading for longer than the time between tokens, which all came in time."""
    size = 4 * MIB
    stage.provider.then(*stream_of(size))
    with slow_client(stage) as client:
        ask(client, "provider", stage.test_key)
        wait.until(lambda: stage.provider.requests, "the provider is asked")
        wait.gone_by(1.0)
        assert read_whole(client) == "x" * size


def test_steady_reader_is_served_however_much_is_on_its_way(tmp_path):
    """It takes bytes all the time, of an answer that would fill buffers of megabytes."""
    size = 6 * MIB
    with Upstream(stream_of(size)) as upstream:
        text = documents.upstream("u", upstream.url) + documents.model("m", "u")
        limits = LISTENERS + "limits: {write_timeout: 1s}\n"
        with Gateway(tmp_path / "naru", text, limits) as naru, naru.connect() as client:
            ask(client, "m", naru.key())
            message, read = client.head(), 0
            for piece in client.reader.chunks(message):
                read += len(piece)
                wait.gone_by(len(piece) / MIB)
            assert read > size


def check_memory(stage, model: str, upstream: Upstream, readers: int, each: int) -> None:
    """Many clients that do not read at all."""
    upstream.usual = stream_of(8 * MIB)
    before, seen = stage.rss_kib(), len(upstream.requests)
    clients = [slow_client(stage) for _ in range(readers)]
    try:
        for client in clients:
            ask(client, model, stage.test_key)
        upstream.wait_for(seen + readers)
        wait.until(lambda: steady(stage.rss_kib), "its memory is steady")
        grown = stage.rss_kib() - before
        print(f"{readers} readers: {grown} KiB, {grown / readers:.0f} KiB each")
        assert grown < 64 * KIB + readers * each
    finally:
        for client in clients:
            client.reset()
        upstream.usual = None
    wait.until(lambda: "naru_in_flight 0" in stage.admin("GET", "/metrics"), "none runs")


def steady(figure) -> bool:
    before = figure()
    wait.gone_by(0.3)
    return figure() - before < 64


def test_memory_of_a_hundred_has_a_bound(stage):
    check_memory(stage, "provider", stage.provider, 100, each=64)


@pytest.mark.soak
def test_memory_of_five_hundred_has_a_bound(stage):
    check_memory(stage, "provider", stage.provider, 500, each=64)


# Fast clients beside slow ones: two narus with the same documents and upstreams, calls in turn to
# both, so that what the machine does meanwhile strikes both alike. One of them has slow readers.

SHORT = "{upstream: short, model: 'm?chunks=3'}"


class SlowReaders(threading.Thread):
    """Reads a little of many streams that are too long for them, each second."""

    def __init__(self, naru: Gateway, count: int):
        super().__init__(daemon=True)
        self.clients, self.stop = [slow_client(naru) for _ in range(count)], threading.Event()
        self.let_go = 0
        for client in self.clients:
            ask(client, "long", naru.test_key)

    def __enter__(self) -> "SlowReaders":
        self.start()
        return self

    def __exit__(self, kind, *_) -> None:
        self.stop.set()
        self.join()
        for client in self.clients:
            client.reset()
        assert kind or not self.let_go, f"{self.let_go} times there was nothing to read"

    def run(self) -> None:
        while not self.stop.wait(1.0):
            self.let_go += sum(not self.read(client) for client in self.clients)

    @staticmethod
    def read(client: Client) -> bytes:
        try:
            return client.connection.recv(2 * KIB)
        except OSError:
            return b""


def seconds_of(client: Client, key: str) -> float:
    """A short stream, from the first byte sent to the last one read."""
    began = time.monotonic()
    ask(client, "short", key)
    answer = client.answer()
    took = time.monotonic() - began
    assert answer.status == 200 and answer.body.count(DONE) == 1
    return took


def times_in_turn(alone: Gateway, beside: Gateway, count: int) -> list[list[float]]:
    """Seconds of so many short streams through each, who is first changing from pair to pair."""
    times: list[list[float]] = [[], []]
    with alone.connect() as one, beside.connect() as other:
        sides = [(one, alone.test_key, times[0]), (other, beside.test_key, times[1])]
        for i in range(count):
            for client, key, taken in sides if i % 2 else reversed(sides):
                taken.append(seconds_of(client, key))
    return times


def check_fast(folder, slow: int, pairs: int, rounds: int = 1) -> None:
    """Rounds are pooled, and end with the first that shows the promise."""
    with Mock() as short, Upstream(stream_of(8 * MIB)) as long:
        text = documents.upstream("short", short.url) + documents.upstream("long", long.url) + \
            documents.model("short", SHORT) + documents.model("long", "long")
        with Gateway(folder / "alone", text, environment=CALM) as alone, \
                Gateway(folder / "beside", text, environment=CALM) as beside:
            for naru in (alone, beside):
                naru.test_key = naru.key()
            times_in_turn(alone, beside, 50)
            before = beside.rss_kib()
            with SlowReaders(beside, slow):
                long.wait_for(slow)
                wait.until(lambda: steady(beside.rss_kib), "its memory is steady")
                assert within(alone, beside, pairs, rounds)
                grown = beside.rss_kib() - before
                print(f"{slow} slow readers: {grown} KiB, {grown / slow:.0f} KiB each")
                assert grown < 64 * KIB + slow * 64


def within(alone: Gateway, beside: Gateway, pairs: int, rounds: int) -> bool:
    pooled: list[list[float]] = [[], []]
    for _ in range(rounds):
        for times, more in zip(pooled, times_in_turn(alone, beside, pairs)):
            times += more
        p50s, p99s = ([percentile(times, share) * 1000 for times in pooled]
                      for share in (0.5, 0.99))
        print(f"{len(pooled[0])} pairs, ms: p50 {p50s[0]:.2f} alone, {p50s[1]:.2f} beside; "
              f"p99 {p99s[0]:.2f}, {p99s[1]:.2f}: {p99s[1] / p99s[0]:.2f} times")
        if p99s[1] <= MOST_TIMES * p99s[0]:
            return True
    return False


def test_fast_clients_beside_a_hundred_slow_ones(tmp_path):
    check_fast(tmp_path, 100, pairs=2000, rounds=2)


@pytest.mark.soak
def test_fast_clients_beside_five_hundred_slow_ones(tmp_path):
    check_fast(tmp_path, 500, pairs=15000)


@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=pytest.mark.soak)])
def test_client_that_takes_nothing_of_an_engine_is_closed(tmp_path, seconds):
    limits = "" if seconds == 60 else f"limits: {{write_timeout: {seconds}s}}\n"
    with engine.Engine() as local:
        text = local.document() + documents.model("engine", "local")
        with Gateway(tmp_path / "naru", text, LISTENERS + limits) as naru:
            local.play().then(*stream_of(768 * KIB))
            engine.wait_ready(naru)
            with slow_client(naru) as client:
                began = time.monotonic()
                ask(client, "engine", naru.key())
                row = wait.until(lambda: (rows := naru.admin("GET", "/admin/v1/exchanges")
                                          ["exchanges"]) and rows[0], "its row", seconds + 5)
                took = time.monotonic() - began
    assert row["outcome"] == "abandoned" and seconds - 0.1 < took < seconds + 3
