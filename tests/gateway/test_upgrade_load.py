"""naru upgrade again and again, under calls and streams, of which none may fail."""
import threading
import time

import pytest
from chats import chat
from harness import crowd, crowd_of_streams, documents, wait
from harness.load import Load
from harness.mock import Mock
from harness.relay import Relay

CHAT = "/v1/chat/completions"


class Streams:
    """So many streams at any time, each of so many chunks, half of each dialect. They begin in
    four groups one after the other, so that each process is left some."""

    GROUPS = 4

    def __init__(self, naru, key: str, count: int, chunks: int):
        self.ended = 0
        self.wrong: list[str] = []
        self._over = threading.Event()
        self._lock = threading.Lock()
        requests = [crowd_of_streams.of_dialect(index, key)
                    for index in range(count // self.GROUPS)]
        length = chunks * crowd_of_streams.SPACING_MS / 1000
        self._threads = [threading.Thread(target=self._go_on, args=(
            naru.address, requests, chunks, length * group / self.GROUPS))
            for group in range(self.GROUPS)]

    def _go_on(self, address: str, requests: list[bytes], chunks: int, later: float) -> None:
        over = self._over.wait(later)
        while not over:
            members = crowd.stream_together(address, requests, 120.0)
            wrong = [why for index, member in enumerate(members)
                     if (why := self._wrong_with(index, bytes(member.data), chunks))]
            with self._lock:
                self.ended += len(members)
                self.wrong += wrong
            over = self._over.is_set()

    @staticmethod
    def _wrong_with(index: int, data: bytes, chunks: int) -> str | None:
        last = (b"data: [DONE]\n\n", b"event: message_stop\n")[index % 2]
        mark = (b'"content":', b'"text_delta"')[index % 2]
        if data.count(last) == 1 and data.count(mark) >= chunks and b"error" not in data:
            return None
        return f"{data.count(mark)} of {chunks}: {data[-300:]!r}"

    def __enter__(self) -> "Streams":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def go_through(folder, swaps: int, rate: float, streams: int, chunks: int,
               broken: tuple[str, ...]) -> None:
    """Calls and streams while naru is replaced again and again, at times by what does not work."""
    with Mock() as mock:
        paced = f"m?chunks={chunks}&spacing=100ms"
        text = documents.upstream("openai", mock.url) + \
            documents.upstream("anthropic", mock.url, provider="anthropic") + \
            documents.model("openai", f"{{upstream: openai, model: '{paced}'}}") + \
            documents.model("anthropic", f"{{upstream: anthropic, model: '{paced}'}}") + \
            documents.model("plain", "{upstream: openai, model: m}")
        with Relay(folder / "naru", text) as naru:
            key = naru.key()
            with Streams(naru, key, streams, chunks) as running, \
                    Load(naru.address, CHAT, chat("plain"), key, rate,
                         clients=max(8, int(rate / 12))) as load:
                began = time.monotonic()
                pids = swap(naru, swaps, broken)
                took = time.monotonic() - began
            assert load.failures == [], f"{len(load.failures)} of {len(load.ids)} calls failed"
            assert running.wrong == [], f"{len(running.wrong)} of {running.ended} streams"
            for pid in pids:
                naru.wait_for_end(pid)
            assert naru.process.wait() == 0
            check_ledger(naru, load, running)
            print(f"{swaps} swaps in {took:.1f} s; {len(load.ids)} calls, the longest of "
                  f"{load.late:.3f} s; {running.ended} streams")


def swap(naru, swaps: int, broken: tuple[str, ...]) -> list[int]:
    """The processes that were followed."""
    pids = []
    for number in range(swaps):
        if number < len(broken):
            naru.put(broken[number])
            assert naru.upgrade("--within", "5s").returncode == 1
            naru.put()
        wait.until(lambda: len(naru.state()["ending"]) < 4, "there is room for one more", 120.0)
        pids.append(naru.state()["pid"])
        naru.upgraded()
    assert len(set(pids)) == swaps
    return pids


def check_ledger(naru, load, streams) -> None:
    """A row a call, whichever process answered it, and none twice."""
    assert len(set(load.ids)) == len(load.ids)
    for request_id in (load.ids[0], load.ids[len(load.ids) // 2], load.ids[-1]):
        assert naru.exchange(request_id)["outcome"] == "ok"
    total = naru.admin("GET", "/admin/v1/usage?by=key")["usage"][0]
    assert total["exchanges"] == len(load.ids) + streams.ended
    assert total["failed"] == 0


def test_calls_and_streams_go_through_swaps(tmp_path):
    go_through(tmp_path, swaps=3, rate=40, streams=20, chunks=40,
               broken=("#!/bin/sh\nexit 1\n",))


@pytest.mark.soak
def test_soak_of_swaps(tmp_path):
    go_through(tmp_path, swaps=20, rate=500, streams=100, chunks=100,
               broken=("#!/bin/sh\nexit 1\n", "#!/bin/sh\nexec sleep 1000\n", "no program"))
