"""naru upgrade with engines: they are handed over, and not loaded again."""
import os
import signal

import pytest
from chats import DONE, chat
from harness import documents, processes, wait
from harness.gateway import LISTENERS
from test_engine import state, wait_for_phase

CHAT = "/v1/chat/completions"
# One thread: two that wait for each other crawl on a busy machine.
SMALL = "context: 512\nparallel: 1\nthreads: 1"


@pytest.mark.parametrize("extra", ["", "\nstart: on_demand"])
def test_engine_is_handed_over_and_not_loaded_again(relay, extra):
    naru = relay(documents.deployment("local", extra=SMALL + extra) + documents.model("m", "local"))
    key = naru.key()
    assert naru.post(CHAT, chat("m", max_tokens=2), key).status == 200
    engine = state(naru)["pid"]
    # Its one slot is taken for the whole of the upgrade.
    asked = chat("m", "Count to a thousand.", max_tokens=300, stream=True, logit_bias={"2": -100})
    client, events = naru.stream(CHAT, asked, key)
    with client:
        assert b"data: " in events.next()
        old = naru.process.pid
        naru.upgraded()
        after = state(naru)
        assert (after["pid"], after["phase"], after["restarts"]) == (engine, "ready", 0)
        assert not naru.has_ended(old)
        text = events.rest()
    assert text.endswith(DONE) and b'"error"' not in text
    naru.wait_for_end(old)
    wait.gone_by(5.5)  # after which a holder nobody attends has ended its engine
    assert naru.post(CHAT, chat("m", max_tokens=2), key).status == 200
    after = state(naru)
    assert (after["pid"], after["restarts"]) == (engine, 0)
    naru.close()
    assert not processes.is_there(engine)


def test_engine_whose_document_changed_is_loaded_by_the_new_one(relay):
    naru = relay(documents.deployment("local", extra=SMALL) + documents.model("m", "local"))
    key, before = naru.key(), wait_for_phase(naru, "ready")
    naru.process.send_signal(signal.SIGSTOP)  # the old one does not read the document before
    naru.write(LISTENERS + documents.deployment("local", extra="context: 1024\nthreads: 1") +
               documents.model("m", "local"))
    naru.process.send_signal(signal.SIGUSR2)
    naru.process.send_signal(signal.SIGCONT)
    wait.until(lambda: naru.state()["pid"] != naru.process.pid, "another one serves")
    after = wait.until(lambda: (now := state(naru))["pid"] != before["pid"] and
                       now["phase"] == "ready" and now, "the new engine", 60.0)
    assert after["context"] == 1024
    assert naru.post(CHAT, chat("m", max_tokens=2), key).status == 200
    wait.until(lambda: not processes.is_there(before["pid"]), "the old engine ends", 30.0)
