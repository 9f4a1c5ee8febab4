"""What befalls engines and their holders under load: who notices, how soon, and what is left."""
import json
import os
import re
import shutil
import signal
import struct
import time
from pathlib import Path

import pytest
from chats import openai_answer, openai_stream
from harness import documents, processes, wait
from harness.callers import Callers
from harness.gateway import LISTENERS
from harness.upstream import Upstream

SMALL = "context: 512\nparallel: 4\nthreads: 1"
QUIET = LISTENERS.replace("level: debug", "level: info")
LOADED = 60.0
# Seconds: what is promised, and what a machine with other work and sanitizers adds.
SEEN_IN = 2.0
SLACK = 4.0
END = 5.0 + SLACK  # an engine without a naru


def states(naru) -> dict[str, dict]:
    return {one["name"]: one for one in naru.admin("GET", "/admin/v1/deployments")["deployments"]}


def wait_for_phase(naru, name: str, phase: str, seconds: float = LOADED) -> dict:
    return wait.until(lambda: (now := states(naru)[name])["phase"] == phase and now,
                      f"{name} is {phase}", seconds)


def script(folder: Path, before: str, name: str = "engine.sh") -> Path:
    """The real engine, behind some lines of shell."""
    made = folder / name
    made.write_text(f'#!/bin/bash\n{before}\nexec {os.environ["NARU_ENGINE"]} "$@"\n')
    made.chmod(0o755)
    return made


def answer_or_stream(request) -> list[bytes]:
    return openai_stream("a", "b") if b'"stream": true' in request.body or \
        b'"stream":true' in request.body else [openai_answer()]


@pytest.fixture
def two(start):
    """A naru with deployments `doomed` and `other` and the upstream `closed`, each its model."""
    with Upstream(answer_or_stream) as upstream:
        naru = start(documents.upstream("closed", upstream.url) +
                     "".join(documents.deployment(name, extra=SMALL)
                             for name in ("doomed", "other")) +
                     "".join(documents.model(name, name)
                             for name in ("doomed", "other", "closed")), gateway_document=QUIET)
        for name in ("doomed", "other"):
            wait_for_phase(naru, name, "ready")
        yield naru


def engine_socket(naru, pid: int) -> Path:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return Path(words[words.index(b"--host") + 1].decode())


def folder_of_sockets(naru) -> Path:
    """Named in the command line of each holder and each engine."""
    return engine_socket(naru, next(iter(states(naru).values()))["pid"]).parent


def kill_engine(naru, pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def stop_engine(naru, pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)


def kill_holder(naru, pid: int) -> None:
    os.kill(processes.parent_of(pid), signal.SIGKILL)


def stop_holder_and_kill_engine(naru, pid: int) -> None:
    """Nobody tells of the engine's end, and nobody ends what is left when told."""
    os.kill(processes.parent_of(pid), signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)


def take_socket(naru, pid: int) -> None:
    """What a cleaner of temporary files may do; open connections do not notice."""
    engine_socket(naru, pid).unlink()


# Fault, and seconds until it is ready again once it was seen: three more health calls where nobody
# tells of its end, five seconds where its holder does not do as told, one of backoff, the load.
FAULTS = [(kill_engine, 3.0), (stop_engine, 5.5), (kill_holder, 3.0),
          (stop_holder_and_kill_engine, 9.5), (take_socket, 4.5)]


@pytest.mark.parametrize("harm,back_in", FAULTS, ids=[row[0].__name__ for row in FAULTS])
def test_fault_is_seen_and_mended_and_others_do_not_notice(two, harm, back_in):
    key = {name: two.key(name) for name in ("doomed", "other", "closed")}
    before = states(two)
    pid = before["doomed"]["pid"]
    folder = folder_of_sockets(two)
    holder = processes.parent_of(pid)
    with Callers(two.address, key["doomed"], "doomed") as doomed, \
            Callers(two.address, key["other"], "other", (("openai", True),)) as other, \
            Callers(two.address, key["closed"], "closed") as closed:
        every = (doomed, other, closed)
        wait.until(lambda: all(callers.ok_since(0) >= 3 for callers in every), "all are served")
        began = time.monotonic()
        harm(two, pid)
        wait.until(lambda: states(two)["doomed"]["phase"] != "ready", "it is seen", LOADED)
        seen = time.monotonic() - began
        after = wait.until(lambda: (now := states(two)["doomed"])["phase"] == "ready" and now,
                           "it is ready again", LOADED)
        back = time.monotonic() - began - seen
        wait.until(lambda: doomed.ok_since(began + seen + back) >= 3, "it serves again", LOADED)
    print(f"{harm.__name__}: seen after {seen:.1f} s, back after {back:.1f} s more; "
          f"{summary(doomed)}; other: {summary(other)}; closed: {summary(closed)}")
    assert seen <= SEEN_IN + SLACK / 2 and back <= back_in + 2 * SLACK
    check_callers(two, doomed, other, closed, longest=SEEN_IN + back_in + 4 * SLACK)
    assert after["pid"] != pid and after["restarts"] == before["doomed"]["restarts"] + 1
    assert 'naru_engine_restarts_total{deployment="doomed"} 1\n' in two.admin("GET", "/metrics")
    now = states(two)["other"]
    assert (now["pid"], now["restarts"]) == (before["other"]["pid"], 0)
    wait.until(lambda: not processes.is_there(pid) and not processes.is_there(holder),
               "nothing of it is left", 5.0)
    wait.until(lambda: not processes.zombies_of(two.process.pid), "no zombie is left", 5.0)
    ours = {now["pid"] for now in states(two).values()}
    assert processes.naming(folder) == ours | {processes.parent_of(pid) for pid in ours}
    two.close()
    assert not processes.naming(folder)


def summary(callers: Callers) -> str:
    bad = [call for call in callers.calls if not call.ok]
    longest = max(call.seconds for call in callers.calls)
    return f"{len(callers.calls)} calls, {len(bad)} with an error, longest {longest:.1f} s"


def check_callers(naru, doomed: Callers, other: Callers, closed: Callers, longest: float) -> None:
    for call in doomed.calls:
        assert not call.problem(), f"{call.dialect} {call.stream}: {call.problem()}"
        assert call.status in (200, 502, 503), call.body
        assert call.seconds <= longest
    for callers in (other, closed):
        assert [call for call in callers.calls if not call.ok] == []
        assert max(call.seconds for call in callers.calls) <= SLACK
    rows = {row["key"]: row for row in
            naru.admin("GET", "/admin/v1/usage?by=key")["usage"]}
    for callers in (doomed, other, closed):
        row = rows[callers.model]
        assert row["exchanges"] == len(callers.calls)
        assert row["failed"] == sum(not call.ok for call in callers.calls)


@pytest.mark.parametrize("harm", [kill_engine, stop_engine])
def test_calls_go_elsewhere_while_an_engine_is_in_backoff(start, harm):
    """Those that wait for it, too. Once it loads again, calls wait for it as for a cold one."""
    with Upstream(answer_or_stream) as upstream:
        naru = start(documents.upstream("closed", upstream.url) +
                     documents.deployment("doomed", extra=SMALL) +
                     documents.model("either", "doomed", "{upstream: closed, tier: 1}"),
                     gateway_document=QUIET)
        pid = wait_for_phase(naru, "doomed", "ready")["pid"]
        with Callers(naru.address, naru.key(), "either") as either:
            wait.until(lambda: either.ok_since(0) >= 3, "it is served")
            assert not upstream.requests
            harm(naru, pid)
            seen = wait.until(lambda: states(naru)["doomed"]["phase"] != "ready" and
                              time.monotonic(), "it is seen")
            over = wait.until(lambda: states(naru)["doomed"]["phase"] != "backoff" and
                              time.monotonic(), "it starts again", LOADED)
            wait_for_phase(naru, "doomed", "ready")
            back = time.monotonic()
            wait.until(lambda: either.ok_since(back) >= 3, "it is served again")
    print(summary(either))
    # A stream that had content when the engine was killed is nobody else's.
    assert sum(not call.ok for call in either.calls) <= len(either.kinds)
    between = [call for call in either.calls if seen <= call.began and call.ended < over]
    assert upstream.requests and len(between) >= 3
    assert all(call.ok and call.seconds < 1.0 for call in between), [c.seconds for c in between]


FLOOD = ("junk=$(head -c 12000 /dev/urandom | base64 -w 100; printf '\\e[31m\\a\\x00sk-canary-of-"
         "the-flood\\xff\\n')\n( while :; do for i in {1..10}; do echo \"$junk\"; done; "
         "sleep 0.15; done ) >&2 &")
ENDLESS = "yes 'sk-canary-of-the-flood, and so on' >&2 &"


@pytest.mark.parametrize("level", ["info", "debug"])
def test_flood_of_output_is_bounded(start, tmp_path, level):
    """A megabyte a second on stderr, with control bytes and what looks like a key."""
    naru = start(documents.deployment("loud", extra=f"engine_path: {script(tmp_path, FLOOD)}\n" +
                                      SMALL) + documents.model("loud", "loud"),
                 gateway_document=LISTENERS.replace("debug", level),
                 environment={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    before = wait_for_phase(naru, "loud", "ready")
    with Callers(naru.address, naru.key(), "loud") as loud:
        wait.until(lambda: loud.ok_since(0) >= 3, "it is served")
        rss, log, began = naru.rss_kib(), naru.log_path.stat().st_size, time.monotonic()
        wait.gone_by(3.0)
        served_from = time.monotonic()
        wait.until(lambda: loud.ok_since(served_from) >= 3, "it still is")
        grown = naru.rss_kib() - rss
        seconds = time.monotonic() - began
        written = naru.log_path.stat().st_size - log
    print(f"{level}: {summary(loud)}; memory {grown:+} KiB, log {written / seconds / 1024:.0f} "
          f"KiB/s")
    assert [call for call in loud.calls if not call.ok] == []
    assert grown <= 24 << 10
    assert written <= (64 << 10) * seconds if level == "info" else (1 << 20) * seconds
    after = states(naru)["loud"]
    assert (after["pid"], after["restarts"]) == (before["pid"], 0)
    assert len(after["log"]) <= 64 and max(map(len, after["log"])) <= 4096
    lines = naru.log_path.read_bytes().splitlines()
    assert b"\x1b" not in b"".join(lines)
    assert all(json.loads(line) for line in lines if not line.startswith(b"admin token"))
    if level == "info":
        assert "sk-canary-of-the-flood" not in naru.log()
    else:
        assert "lines left out" in naru.log()


def test_endless_flood_does_not_keep_its_holder_from_ending_it(start, tmp_path):
    """Output faster than anybody reads: calls go on, and without a naru all ends in time."""
    naru = start(documents.deployment("loud", extra=f"engine_path: {script(tmp_path, ENDLESS)}\n" +
                                      SMALL) + documents.model("loud", "loud"),
                 gateway_document=QUIET)
    before = wait_for_phase(naru, "loud", "ready")
    folder = folder_of_sockets(naru)
    with Callers(naru.address, naru.key(), "loud") as loud:
        wait.until(lambda: loud.ok_since(0) >= 12, "it is served", LOADED)
    assert [call for call in loud.calls if not call.ok] == []
    assert states(naru)["loud"]["restarts"] == 0
    naru.kill()
    began = time.monotonic()
    wait.until(lambda: not processes.naming(folder), "all ends with its naru", END)
    assert not processes.is_there(before["pid"])
    print(f"ended after {time.monotonic() - began:.1f} s")


def test_removed_control_socket_does_not_take_the_next_holder_with_it(start):
    """The holder that nobody finds any more ends, and leaves alone what is another's by then."""
    naru = start(documents.deployment("local", extra=SMALL) + documents.model("local", "local"))
    old = wait_for_phase(naru, "local", "ready")["pid"]
    engine_socket(naru, old).with_suffix(".ctl").unlink()
    naru.kill()
    naru.start()
    new = wait_for_phase(naru, "local", "ready")["pid"]
    assert new != old
    with Callers(naru.address, naru.key(), "local") as local:
        wait.until(lambda: not processes.is_there(old), "the old engine ends", END)
        ended = time.monotonic()
        wait.until(lambda: local.ok_since(ended) >= 6, "the new one serves")
    assert [call for call in local.calls if not call.ok] == []
    assert engine_socket(naru, new).exists() and states(naru)["local"]["restarts"] == 0


def test_engine_without_memory_is_told_and_backed_off(start, tmp_path):
    """`starved` may not have the memory it asks for, `killed` is ended as the kernel does it. A
    call that waits for a start goes to the other target at its deadline."""
    written = {name: tmp_path / f"{name}.starts" for name in ("starved", "killed")}
    note = "date +%s.%N >> {}\n"
    engines = {"starved": script(tmp_path, note.format(written["starved"]) + "ulimit -v 150000",
                                 "starved.sh"),
               "killed": script(tmp_path, note.format(written["killed"]) + "kill -9 $$",
                                "killed.sh")}
    with Upstream(answer_or_stream) as upstream:
        naru = start(documents.upstream("closed", upstream.url) +
                     "".join(documents.deployment(name, extra=f"engine_path: {engine}\n{SMALL}") +
                             documents.model(name, name, "{upstream: closed, tier: 1}")
                             for name, engine in engines.items()),
                     gateway_document=QUIET + "limits: {cold_start: 1s}\n")
        with Callers(naru.address, naru.key("starved"), "starved") as starved, \
                Callers(naru.address, naru.key("killed"), "killed") as killed:
            for name in engines:
                wait.until(lambda path=written[name]: path.exists() and
                           len(path.read_text().split()) >= 3, f"{name} has its third start", 30)
        now = states(naru)
    for callers in (starved, killed):
        print(f"{callers.model}: {summary(callers)}")
        assert callers.calls and [call for call in callers.calls if not call.ok] == []
        assert max(call.seconds for call in callers.calls) <= 1.0 + SLACK
    for name, path in written.items():
        starts = [float(line) for line in path.read_text().split()]
        gaps = [after - before for before, after in zip(starts, starts[1:], strict=False)]
        print(f"{name}: starts apart by {', '.join(f'{gap:.1f}' for gap in gaps)} s; "
              f"{now[name]['reason']!r}")
        for gap, least in zip(gaps, (0.8, 1.6), strict=False):
            assert least <= gap <= least * 1.5 + SLACK
        assert now[name]["restarts"] >= 2
    assert "signal 9" in now["killed"]["reason"]
    assert re.search("exit|signal", now["starved"]["reason"]) and now["starved"]["log"]


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def gguf(tensors: int = 0, pairs: int = 1, then: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, pairs) + then


KEY, TEXT, ARRAY, HUGE = text(b"k"), struct.pack("<I", 8), struct.pack("<I", 9), 1 << 63
MANY = struct.pack("<Q", 1 << 33)  # empty texts: nothing in a sparse file
HOSTILE = {  # bytes, length of the file (the rest are zeros, and no blocks on the disk)
    "magic": (b"EVIL" + gguf()[4:], 1 << 20), "version": (b"GGUF\xff\xff\xff\xff", 1 << 20),
    "tensors": (gguf(tensors=HUGE), 1 << 20), "pairs": (gguf(pairs=HUGE), 1 << 20),
    "key": (gguf(then=struct.pack("<Q", HUGE)), 1 << 20),
    "text": (gguf(then=KEY + TEXT + struct.pack("<Q", HUGE)), 1 << 20),
    "long-text": (gguf(then=KEY + TEXT + struct.pack("<Q", 1 << 36)), 1 << 37),
    "array": (gguf(then=KEY + ARRAY + struct.pack("<IQ", 4, HUGE)), 1 << 20),
    "deep": (gguf(then=KEY + ARRAY + struct.pack("<IQ", 9, 1) * 100_000), 1 << 21),
    "endless": (gguf(then=KEY + ARRAY + TEXT + MANY), 1 << 37), "empty": (b"", 0)}
CUTS = (1, 4, 23, 24, 100, 1_000, 10_000, 100_000, 1_000_000, 2_000_000, -1)


def hostile_files(folder: Path) -> dict[str, Path]:
    model = Path(os.environ["NARU_MODEL"])
    head, size = model.open("rb").read(4 << 20), model.stat().st_size
    kinds = HOSTILE | {f"cut{cut}".replace("-", "end"): (head, cut % size) for cut in CUTS}
    for name, (data, length) in kinds.items():
        with (folder / name).open("wb") as file:
            file.write(data)
            file.truncate(length)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("pipe")
    (folder / "zeros").symlink_to("/dev/zero")
    return {path.name: path for path in folder.iterdir()}


def test_hostile_weights_are_told_and_never_opened(start, tmp_path):
    """Each is refused for good at once; one deployment among them serves all the while."""
    (tmp_path / "w").mkdir()
    files = hostile_files(tmp_path / "w")
    opened = script(tmp_path, f"echo \"$@\" >> {tmp_path / 'opened'}; exit 1")
    naru = start(documents.deployment("good", extra=SMALL) + documents.model("good", "good"),
                 gateway_document=QUIET, environment={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    wait_for_phase(naru, "good", "ready")
    with Callers(naru.address, naru.key(), "good") as good:
        wait.until(lambda: good.ok_since(0) >= 3, "it is served")
        rss, began = naru.rss_kib(), time.monotonic()
        naru.write(QUIET + documents.deployment("good", extra=SMALL) +
                   documents.model("good", "good") +
                   "".join(documents.deployment(name, str(path), extra=f"engine_path: {opened}")
                           for name, path in files.items()))
        wait.until(lambda: len(states(naru)) == len(files) + 1 and all(
            now["phase"] == "failed" for name, now in states(naru).items() if name != "good"),
            "all are refused", 15.0)
        seconds = time.monotonic() - began
        wait.until(lambda: good.ok_since(began + seconds) >= 3, "it still is")
    now = states(naru)
    print(f"{len(files)} files refused in {seconds:.1f} s, memory {naru.rss_kib() - rss:+} KiB")
    assert not (tmp_path / "opened").exists()
    assert naru.rss_kib() - rss <= 64 << 10
    for name, path in files.items():
        assert str(path) in now[name]["reason"] and now[name]["restarts"] == 1, now[name]
    assert [call for call in good.calls if not call.ok] == [] and now["good"]["restarts"] == 0


def test_weights_that_change_under_an_engine(start, tmp_path):
    """Gone for a while: tried again. Cut in place: the engine dies of it, naru does not."""
    weights, kept = tmp_path / "model.gguf", tmp_path / "kept.gguf"
    shutil.copyfile(os.environ["NARU_MODEL"], weights)
    os.link(weights, kept)
    naru = start(documents.deployment("local", str(weights), extra=SMALL) +
                 documents.model("local", "local"), gateway_document=QUIET)
    pid = wait_for_phase(naru, "local", "ready")["pid"]
    weights.unlink()
    weights.symlink_to("model.gguf")  # to itself
    os.kill(pid, signal.SIGKILL)
    wait.until(lambda: "symbolic links" in states(naru)["local"]["reason"], "it is told", LOADED)
    assert states(naru)["local"]["phase"] == "backoff"
    os.rename(kept, weights)
    wait_for_phase(naru, "local", "ready")
    os.truncate(weights, 3 << 20)
    with Callers(naru.address, naru.key(), "local") as local:
        reason = wait_for_phase(naru, "local", "failed")["reason"]
        began = time.monotonic()
        wait.until(lambda: any(call.status == 503 and call.began > began
                               for call in list(local.calls)), "callers are told", LOADED)
    assert "not a sound GGUF file" in reason and str(weights) in reason
    assert all(not call.problem() and call.status in (200, 502, 503) for call in local.calls)
