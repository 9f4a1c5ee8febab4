"""How naru ends, and how little it needs to begin: signals twice, closed descriptors."""
import signal
import subprocess
import threading
import time

from chats import DONE, chat, openai_chunk
from harness import documents, wait, wire
from harness.gateway import LISTENERS, START, binary

CHAT = "/v1/chat/completions"
LONG = LISTENERS + "drain: 10m\n"


READY = "/health/ready"


def test_sigterm_makes_it_unready_within_100_ms(start, upstream):
    """Of three, since the machine may be busy: nobody is let in any more, a connection that idles
    is closed, and one whose call runs hears it with the next."""
    taken = []
    for name in ("first", "second", "third"):
        naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"), name=name,
                     gateway_document=LONG)
        upstream.then(wire.stream_head(), wire.chunk(openai_chunk("first")), threading.Event())
        client, events = naru.stream(CHAT, chat("m", stream=True), naru.key())
        with client, naru.connect() as idle:
            assert b"first" in events.next()
            assert idle.call("GET", READY).status == 200
            told = time.monotonic()
            naru.process.send_signal(signal.SIGTERM)
            assert idle.at_end()
            wait.until(lambda: is_shut(naru), "nobody is let in", 2.0)
            taken.append(time.monotonic() - told)
            naru.process.send_signal(signal.SIGTERM)
            assert naru.process.wait(START) == 0
        if taken[-1] <= 0.1:
            return
    raise AssertionError(f"readiness flipped after {taken} s")


def is_shut(naru) -> bool:
    try:
        with naru.connect() as client:
            client.call("GET", READY)
            return False
    except (ConnectionError, wire.Broken):
        return True


def test_second_sigterm_ends_the_drain(start, upstream):
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"),
                 gateway_document=LONG)
    upstream.then(wire.stream_head(), wire.chunk(openai_chunk("first")), threading.Event())
    client, events = naru.stream(CHAT, chat("m", stream=True), naru.key())
    with client:
        assert b"first" in events.next()
        naru.process.send_signal(signal.SIGTERM)
        wait.until(lambda: "serve.draining" in naru.log(), "the drain")
        naru.process.send_signal(signal.SIGTERM)
        assert naru.process.wait(START) == 0
        assert DONE not in events.rest()
    assert "serve.stopped" in naru.log()
    assert not list(naru.data.glob("*.address"))


def test_closed_descriptors_are_not_taken_for_files_of_ours(tmp_path):
    """What is said to a closed stdout must not land in the database that took its number; nor does
    it count as said."""
    data = tmp_path / "data"
    closed = subprocess.run(["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', binary(), "--data-dir",
                             data, "keys", "create", "quiet"], timeout=START, check=False)
    assert closed.returncode == 1
    listed = subprocess.run([binary(), "--data-dir", data, "keys", "list"], timeout=START,
                            capture_output=True, text=True, check=False)
    assert listed.returncode == 0 and "quiet" in listed.stdout, listed.stderr
    assert all(b"nk-" not in file.read_bytes() for file in data.iterdir())
