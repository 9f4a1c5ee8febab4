"""naru upgrade: another binary takes the place of the running one, and no client notices."""
import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from chats import DONE, chat, openai_answer, openai_chunk
from harness import documents, processes, wait, wire
from harness.client import Client
from harness.gateway import LISTENERS
from test_operation import Manager

CHAT = "/v1/chat/completions"


def of(upstream) -> str:
    return documents.upstream("u", upstream.url) + documents.model("m", "u")


@contextlib.contextmanager
def begun(naru, upstream):
    """A stream whose content has begun, and that has no end of its own: its events."""
    upstream.then(wire.stream_head(), wire.chunk(openai_chunk("first")), threading.Event())
    client, events = naru.stream(CHAT, chat("m", stream=True), naru.key())
    with client:
        assert b"first" in events.next()
        yield events


# What a client sees


def test_stream_begun_before_ends_whole_and_kept_connection_moves_over(relay, upstream):
    naru = relay(of(upstream))
    key, go = naru.key(), threading.Event()
    upstream.then(wire.stream_head(), wire.chunk(openai_chunk("first")), go,
                  wire.chunk(openai_chunk("last") + openai_chunk(finish="stop") + DONE),
                  wire.LAST_CHUNK)
    with naru.connect() as kept:
        upstream.usual = [openai_answer()]
        client, events = naru.stream(CHAT, chat("m", stream=True), key)
        with client:
            assert b"first" in events.next()
            assert kept.call("GET", "/health/ready").header("connection") is None
            old = naru.process.pid
            new = naru.upgraded()
            assert naru.state()["ending"] == [{"pid": old, "version": naru.state()["version"],
                                               "calls": 1, "accepts": False}]
            # It is the old one's still, and not closed under a client that may be writing.
            moving = kept.call("GET", "/health/ready")
            assert moving.status == 200 and moving.header("connection") == "close"
            assert kept.at_end()
            assert naru.call("GET", "/health/ready").header("connection") is None
            assert not naru.has_ended(old)
            go.set()
            text = events.rest()
    assert b"last" in text and text.endswith(DONE) and b"error" not in text
    naru.wait_for_end(old)
    assert naru.process.wait() == 0 and naru.state()["ending"] == []
    assert (naru.data / "naru.lock").read_text() == f"{new}\n"
    assert naru.exchange(events.message.header("x-request-id"))["outcome"] == "ok"
    assert naru.post(CHAT, chat("m"), key).status == 200


def test_wait_lasts_until_the_old_one_has_ended(relay, upstream):
    naru = relay(of(upstream))
    old = naru.process.pid
    naru.upgraded("--wait")
    naru.wait_for_end(old, 2.0)
    assert naru.state()["ending"] == []


def test_idle_connection_is_closed_in_the_end(relay, upstream):
    naru = relay(of(upstream))
    with naru.connect() as idle:
        assert idle.call("GET", "/health/ready").status == 200
        began = time.monotonic()
        naru.upgraded()
        assert idle.at_end()
        assert time.monotonic() - began > 4.9, "a request might have been on its way"
    assert naru.process.wait(20) == 0


@pytest.mark.parametrize("before,after", [(1, 3), (3, 1), (2, 3)])
def test_number_of_loops_may_change(relay, upstream, before, after):
    upstream.usual = [openai_answer()]
    naru = relay(of(upstream), gateway_document=LISTENERS + f"loops: {before}\n")
    key, address = naru.key(), naru.address
    for loops in (after, before):
        naru.write(LISTENERS + f"loops: {loops}\n---\n" + of(upstream))
        naru.upgraded()
        assert naru.address == address
        for _ in range(16):  # whichever socket takes them
            assert naru.post(CHAT, chat("m"), key).status == 200


def test_listener_that_moved_is_bound_anew(relay, upstream):
    upstream.usual = [openai_answer()]
    naru = relay(of(upstream))
    key, before, old = naru.key(), naru.address, naru.process.pid
    naru.write(LISTENERS.replace('data: {listen: "127.0.0.1:0"}', 'data: {listen: "127.0.0.2:0"}') +
               "---\n" + of(upstream))
    naru.upgraded()
    assert "127.0.0.2" in naru.address
    assert naru.post(CHAT, chat("m"), key).status == 200
    naru.wait_for_end(old)
    with pytest.raises(ConnectionRefusedError):
        Client(before)


def test_taken_address_leaves_the_old_one_serving(relay, upstream):
    naru = relay(of(upstream))
    taken = upstream.url.removeprefix("http://")
    naru.write(LISTENERS.replace('data: {listen: "127.0.0.1:0"}', f'data: {{listen: "{taken}"}}') +
               "---\n" + of(upstream))
    refused(naru, f"listen {taken}: Address already in use")


# What does not work


def refused(naru, why: str, *words: str) -> None:
    """An upgrade that is not to come about: it says why, and everything is as it was."""
    before = naru.state()["pid"]
    began = time.monotonic()
    done = naru.upgrade(*words)
    assert done.returncode == 1, done.stdout
    assert why in done.stderr, done.stderr
    assert f"(pid {before}) goes on" in done.stderr and time.monotonic() - began < 30
    now = naru.state()
    assert now["pid"] == before and now["upgrade"]["state"] == "refused"
    assert naru.call("GET", "/health/ready").status == 200
    assert naru.process.poll() is None
    tried = now["upgrade"]["pid"]
    assert tried == 0 or not processes.is_there(tried)
    assert (naru.data / "naru.lock").read_text() == f"{before}\n"


@pytest.mark.parametrize("script,mode,why", [
    ("#!/bin/sh\necho first >&2\necho liberty.so is missing >&2\nexit 3\n", 0o755,
     "it has ended (exit 3); its last words: liberty.so is missing"),
    ("#!/bin/sh\nkill -9 $$\n", 0o755, "it has ended (signal 9)"),
    ("#!/bin/sh\necho still here >&2\nexec sleep 1000\n", 0o755,
     "it was not ready within 2000 ms; its last words: still here"),
    ("#!/bin/sh\nexec 3>&-\nexec sleep 1000\n", 0o755, "it has closed its line to this naru"),
    ("#!/bin/sh\nexit 0\n", 0o644, "is no file that may be run"),
    ("#!/bin/sh\nexit 0\n", 0o757, "may be written by anybody"),
    ("no program at all", 0o755, "cannot start"),
])
def test_broken_binary_leaves_the_old_one_serving(relay, upstream, script, mode, why):
    naru = relay(of(upstream))
    naru.put(script, mode)
    refused(naru, why, "--within", "2s")
    naru.put()
    naru.upgraded()


def test_missing_binary_leaves_the_old_one_serving(relay, upstream):
    naru = relay(of(upstream))
    naru.program.unlink()
    refused(naru, "No such file or directory")


def test_documents_the_new_one_refuses_leave_the_old_one_serving(relay, upstream):
    naru = relay(of(upstream))
    naru.write(LISTENERS + "---\nkind: Nothing\n")
    refused(naru, "Nothing")
    naru.write(LISTENERS + "---\n" + of(upstream))
    naru.upgraded()


def test_only_one_upgrade_at_a_time(relay, upstream):
    naru = relay(of(upstream))
    naru.put("#!/bin/sh\nexec sleep 1000\n")
    first = threading.Thread(target=naru.upgrade, args=("--within", "3s"))
    first.start()
    wait.until(lambda: naru.state()["upgrade"]["state"] == "starting", "the first one began")
    done = naru.upgrade()
    assert done.returncode == 1 and "an upgrade is under way" in done.stderr
    status = naru.upgrade("--status")
    assert status.returncode == 0 and "an upgrade is under way" in status.stdout
    first.join()
    assert naru.state()["upgrade"]["state"] == "refused"


def test_no_upgrade_while_it_drains(relay, upstream):
    naru = relay(of(upstream), gateway_document=LISTENERS + "drain: 10m\n")
    with begun(naru, upstream):
        naru.process.send_signal(signal.SIGTERM)
        wait.until(lambda: "serve.draining" in naru.log(), "the drain")
        done = naru.upgrade()
        assert done.returncode == 1 and "this naru is ending" in done.stderr
        naru.process.send_signal(signal.SIGTERM)
        assert naru.process.wait(20) == 0


def test_sigterm_during_an_upgrade_ends_both(relay, upstream):
    naru = relay(of(upstream))
    naru.put("#!/bin/sh\nexec sleep 1000\n")
    asked = naru.admin("POST", "/admin/v1/upgrade", {}, status=202)
    assert asked["pid"] == naru.process.pid
    new = wait.until(lambda: naru.state()["upgrade"]["pid"], "the other one has begun")
    naru.process.send_signal(signal.SIGTERM)
    assert naru.process.wait(20) == 0
    assert not processes.is_there(new)
    assert "told to stop meanwhile" in naru.log() and "serve.stopped" in naru.log()


def test_second_signal_ends_what_the_old_one_still_does(relay, upstream):
    naru = relay(of(upstream))
    with begun(naru, upstream) as events:
        naru.upgraded()
        naru.process.send_signal(signal.SIGTERM)
        text = events.rest()
    assert text.count(b"naru is stopping") == 1 and DONE not in text
    assert naru.process.wait(20) == 0
    assert naru.call("GET", "/health/ready").status == 200


def test_old_one_ends_in_time(relay, upstream):
    naru = relay(of(upstream), gateway_document=LISTENERS + "upgrade_drain: 300ms\n")
    with begun(naru, upstream) as events:
        naru.upgraded()
        assert events.rest().count(b"naru is stopping") == 1
    assert naru.process.wait(20) == 0


def test_killed_newcomer_can_be_started_again(relay, upstream):
    """Although the one before it still ends its calls."""
    naru = relay(of(upstream))
    key, go = naru.key(), threading.Event()
    upstream.then(wire.stream_head(), wire.chunk(openai_chunk("first")), go,
                  wire.chunk(openai_chunk(finish="stop") + DONE), wire.LAST_CHUNK)
    client, events = naru.stream(CHAT, chat("m", stream=True), key)
    with client:
        assert b"first" in events.next()
        old, new = naru.process, naru.upgraded()
        os.kill(new, signal.SIGKILL)
        wait.until(lambda: not Path(f"/proc/{new}").exists(), "all its threads have ended")
        naru.start()
        upstream.usual = [openai_answer()]
        assert naru.post(CHAT, chat("m"), key).status == 200
        go.set()
        assert events.rest().endswith(DONE)
    assert old.wait(20) == 0
    assert naru.exchange(events.message.header("x-request-id"))["outcome"] == "ok"


def test_stop_ends_the_old_ones_too(relay, upstream):
    naru = relay(of(upstream), gateway_document=LISTENERS + "drain: 500ms\n")
    with begun(naru, upstream) as events:
        new = naru.upgraded()
        os.kill(new, signal.SIGTERM)
        assert events.rest().count(b"naru is stopping") == 1
    assert naru.process.wait(20) == 0
    naru.wait_for_end(new)


def test_at_most_four_old_ones_end_at_a_time(relay, upstream):
    naru = relay(of(upstream))
    key = naru.key()
    with contextlib.ExitStack() as streams:
        for _ in range(4):
            upstream.then(wire.stream_head(), wire.chunk(openai_chunk("x")), threading.Event())
            client, events = naru.stream(CHAT, chat("m", stream=True), key)
            streams.enter_context(client)
            assert b"x" in events.next()
            naru.upgraded()
        assert [one["calls"] for one in naru.state()["ending"]] == [1, 1, 1, 1]
        done = naru.upgrade()
        assert done.returncode == 1 and "4 processes of earlier upgrades" in done.stderr
    wait.until(lambda: naru.state()["ending"] == [], "all have ended")
    naru.upgraded()


# Who may ask, and for what


def test_only_the_admin_may_ask(relay, upstream):
    naru = relay(of(upstream))
    key = naru.key()
    for headers in ({}, {"authorization": f"Bearer {key}"}):
        with Client(naru.admin_address) as client:
            assert client.call("POST", "/admin/v1/upgrade", {}, headers).status == 401
    assert naru.state()["upgrade"]["state"] == "none"


def test_no_path_comes_over_the_network(relay, upstream):
    naru = relay(of(upstream))
    asked = {"binary": "/bin/false"}
    assert "binary" in json.dumps(naru.admin("POST", "/admin/v1/upgrade", asked, status=400))
    environment = {**naru.environment, "NARU_ADMIN_TOKEN": naru.token}
    naru.environment = environment
    done = naru.upgrade("--binary", "/bin/false", "--admin-url", naru.admin_address)
    assert done.returncode == 2 and "--admin-url" in done.stderr
    assert naru.state()["upgrade"]["state"] == "none"


def test_binary_can_be_named_through_the_data_directory(relay, upstream, tmp_path):
    naru = relay(of(upstream))
    other = tmp_path / "other-naru"
    other.symlink_to(os.readlink(naru.program))
    naru.upgraded("--binary", str(other))
    named = naru.state()["pid"]
    assert os.fsencode(other) in Path(f"/proc/{named}/cmdline").read_bytes()
    assert not (naru.data / "upgrade.binary").exists()
    naru.program.unlink()
    naru.upgraded()  # by the path it was started from now


def test_service_manager_is_told_of_the_new_main_process(tmp_path, relay, upstream):
    with Manager(tmp_path / "notify") as manager:
        naru = relay(of(upstream), environment={"NOTIFY_SOCKET": manager.path})
        assert manager.hears() == "READY=1"
        new = naru.upgraded()
        assert manager.hears() == f"MAINPID={new}"
        naru.process.wait(20)
        assert manager.heard_nothing()
        naru.close()
        assert manager.hears() == "STOPPING=1"


def test_sigusr2_upgrades_too(relay, upstream):
    naru = relay(of(upstream))
    old = naru.process.pid
    naru.process.send_signal(signal.SIGUSR2)
    wait.until(lambda: naru.state()["pid"] != old, "another one serves")
    assert naru.process.wait(20) == 0


def test_quick_start_leaves_its_key_alone(relay, upstream):
    naru = relay(of(upstream), arguments=("--quickstart",))
    wait.until(lambda: "naru is ready." in naru.log(), "the text")
    naru.upgraded()
    assert naru.process.wait(20) == 0
    assert naru.log().count("naru is ready.") == 1
    keys = naru.admin("GET", "/admin/v1/keys")["keys"]
    assert [key["revoked"] for key in keys] == [None]
