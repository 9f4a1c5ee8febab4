"""The real engine with the real model, under naru's care."""
import base64
import json
import os
import signal
import struct
import time
from pathlib import Path

import pytest
from chats import chat, message, openai_answer
from harness import documents, processes, wait
from harness.gateway import LISTENERS, UPSTREAM_KEY, Gateway
from harness.upstream import Upstream

CHAT, MESSAGES, EMBED = "/v1/chat/completions", "/v1/messages", "/v1/embeddings"
LOADED = 60.0  # seconds; one on an idle machine


def state(naru, name: str = "local") -> dict:
    every = naru.admin("GET", "/admin/v1/deployments")["deployments"]
    return next(one for one in every if one["name"] == name)


def wait_for_phase(naru, phase: str, name: str = "local", seconds: float = LOADED) -> dict:
    return wait.until(lambda: (now := state(naru, name))["phase"] == phase and now,
                      f"{name} is {phase}", seconds)


@pytest.fixture(scope="module")
def naru(tmp_path_factory):
    with Upstream([openai_answer("closed")]) as upstream:
        text = documents.deployment("local", extra="context: 1024\nparallel: 2") + \
            documents.upstream("closed", upstream.url) + \
            documents.model("smollm2", "local") + documents.model("closed", "closed")
        with Gateway(tmp_path_factory.mktemp("engine"), text) as made:
            wait_for_phase(made, "ready")
            made.test_key = made.key()
            yield made


def test_chat(naru):
    answer = naru.post(CHAT, chat("smollm2", "Say one word.", max_tokens=8), naru.test_key)
    body = json.loads(answer.body)
    assert answer.status == 200 and body["model"] == "smollm2"
    assert body["choices"][0]["message"]["content"]
    row = naru.exchange(answer.header("x-request-id"))
    assert row["tokens"]["output"] == body["usage"]["completion_tokens"] <= 8
    assert row["tokens_by"] == "reported" and row["upstream"] == "local"


def test_stream_and_plain_agree(naru):
    asked = chat("smollm2", "What is a ferry?", max_tokens=12, temperature=0, seed=1)
    plain = json.loads(naru.post(CHAT, asked, naru.test_key).body)
    client, events = naru.stream(CHAT, {**asked, "stream": True}, naru.test_key)
    with client:
        frames = [frame for frame in events.frames() if frame.startswith(b"data: ")]
    assert frames[-1] == b"data: [DONE]\n\n"
    chunks = [json.loads(frame[6:]) for frame in frames[:-1]]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    text = "".join(delta.get("content") or "" for delta in deltas)
    assert text == plain["choices"][0]["message"]["content"] and len(chunks) > 3
    assert all("usage" not in chunk and chunk["model"] == "smollm2" for chunk in chunks)
    assert all("timings" not in chunk for chunk in chunks if chunk["choices"])


def test_korean_prompt(naru):
    asked = chat("smollm2", "나루터가 무엇인지 한국어로 말해 주세요.", max_tokens=24, stream=True)
    client, events = naru.stream(CHAT, asked, naru.test_key)
    with client:
        text = events.rest().decode("utf-8")  # whole characters in every event, or this fails
    assert text.endswith("data: [DONE]\n\n") and "\ufffd" not in text.split("data: ")[1]


def test_messages_cross_to_the_engine(naru):
    asked = message("smollm2", "Say one word.", max_tokens=8, system="Be brief.", stream=True)
    client, events = naru.stream(MESSAGES, asked, naru.test_key)
    with client:
        text = events.rest().decode()
    names = [line[7:] for line in text.splitlines() if line.startswith("event: ")]
    assert names[0] == "message_start" and names[-1] == "message_stop"
    assert names.count("content_block_start") == names.count("content_block_stop") == 1
    assert names.count("content_block_delta") >= 1


def test_count_tokens(naru):
    counted = [json.loads(naru.post(f"{MESSAGES}/count_tokens", message("smollm2", text),
                                    naru.test_key).body)["input_tokens"]
               for text in ("one", "one two three four five six")]
    assert 0 < counted[0] < counted[1]


def test_embeddings_in_both_encodings(naru):
    def embed(**fields):
        answer = naru.post(EMBED, {"model": "smollm2", "input": ["나루", "ferry"], **fields},
                           naru.test_key)
        assert answer.status == 200, answer.body
        return [item["embedding"] for item in json.loads(answer.body)["data"]]
    floats, coded = embed(), embed(encoding_format="base64")
    assert len(floats) == 2 and len(floats[0]) > 100
    for vector, text in zip(floats, coded, strict=True):
        data = base64.b64decode(text)
        assert struct.unpack(f"<{len(data) // 4}f", data) == pytest.approx(vector, abs=1e-3)


def test_embeddings_of_token_arrays(naru):
    answer = naru.post(EMBED, {"model": "smollm2", "input": [[1, 2, 3], [4, 5]]}, naru.test_key)
    assert answer.status == 200 and len(json.loads(answer.body)["data"]) == 2


def test_bad_parameter_is_the_clients(naru):
    answer = naru.post(CHAT, chat("smollm2", max_tokens="many"), naru.test_key)
    assert answer.status == 400 and json.loads(answer.body)["error"]["message"]


def test_prompt_beyond_the_context_is_a_400(naru):
    answer = naru.post(CHAT, chat("smollm2", "word " * 5000), naru.test_key)
    assert answer.status == 400


def test_cancelled_call_frees_its_slot(naru):
    asked = chat("smollm2", "Count to a thousand.", max_tokens=900, stream=True,
                 logit_bias={"2": -100})
    client, events = naru.stream(CHAT, asked, naru.test_key)
    events.next()
    wait.until(lambda: state(naru)["in_flight"] == 1, "the call holds a slot")
    client.reset()
    wait.until(lambda: state(naru)["in_flight"] == 0, "the slot is free", 2.0)
    row = naru.exchange(events.message.header("x-request-id"))
    assert row["tokens_by"] == "engine" and row["outcome"] == "abandoned"
    assert row["tokens"]["output"] >= 1 and row["tokens"]["input"] > 10
    answer = naru.post(CHAT, chat("smollm2", max_tokens=4), naru.test_key)
    assert answer.status == 200


def assert_has_no_key(pid: int) -> None:
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert UPSTREAM_KEY.encode() not in environment and b"UPSTREAM_KEY" not in environment


def test_holder_sees_no_secret(naru):
    """The process between naru and the engine, which the engine could look at."""
    holder = processes.parent_of(state(naru)["pid"])
    assert holder != naru.process.pid
    assert b"hold" in Path(f"/proc/{holder}/cmdline").read_bytes().split(b"\0")
    assert_has_no_key(holder)


def test_engine_sees_no_secret_and_no_network(naru):
    pid = state(naru)["pid"]
    assert_has_no_key(pid)
    assert os.getpgid(pid) != os.getpgid(naru.process.pid)
    command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    host = command[command.index(b"--host") + 1]
    assert host.endswith(b".sock") and len(host) <= 107


def test_killed_engine_is_started_again_and_others_go_on(naru):
    before = state(naru)
    os.kill(before["pid"], signal.SIGKILL)
    killed_at = time.monotonic()
    assert naru.post(CHAT, chat("closed"), naru.test_key).status == 200
    wait.until(lambda: (now := state(naru))["phase"] != "ready" or now["pid"] != before["pid"],
               "the death is seen", 2.0)
    assert time.monotonic() - killed_at <= 2.0
    answer = naru.post(CHAT, chat("smollm2", max_tokens=4), naru.test_key)
    assert answer.status == 200
    after = wait_for_phase(naru, "ready")
    assert after["pid"] != before["pid"] and after["restarts"] > before["restarts"]


def test_stream_of_a_killed_engine_ends_with_an_error(naru):
    asked = chat("smollm2", "Count to a thousand.", max_tokens=900, stream=True)
    wait_for_phase(naru, "ready")
    client, events = naru.stream(CHAT, asked, naru.test_key)
    with client:
        while b'"content":"' not in events.next():
            pass
        os.kill(state(naru)["pid"], signal.SIGKILL)
        text = events.rest()
    assert text.count(b'"error"') == 1 and b"[DONE]" not in text
    wait_for_phase(naru, "ready")


SMALL = "context: 512\nparallel: 1"


def test_killed_engine_leaves_another_deployment_alone(start):
    naru = start("".join(documents.deployment(name, extra=SMALL) + documents.model(name, name)
                         for name in ("doomed", "other")))
    key = naru.key()
    doomed, other = (wait_for_phase(naru, "ready", name) for name in ("doomed", "other"))
    os.kill(doomed["pid"], signal.SIGKILL)
    wait.until(lambda: state(naru, "doomed")["pid"] != doomed["pid"], "the death is seen")
    assert naru.post(CHAT, chat("other", max_tokens=4), key).status == 200
    after = state(naru, "other")
    assert (after["pid"], after["restarts"]) == (other["pid"], other["restarts"])


def test_replicas_keep_conversations_where_their_beginning_is_cached(start):
    """Spills when the engine's one slot is taken, as it says itself, and comes back."""
    naru = start("".join(documents.deployment(name, extra=SMALL) for name in ("one", "two")) +
                 documents.model("m", "one", "two", extra="balance: prefix"))
    key = naru.key()
    for name in ("one", "two"):
        wait_for_phase(naru, "ready", name)

    def rows(body):
        answer = naru.post(CHAT, body, key)
        assert answer.status == 200, answer.body
        return naru.exchange(answer.header("x-request-id"))

    asked = chat("m", "Tell a long story of the ferryman at the river Han. " * 4, max_tokens=4)
    first = rows(asked)
    asked["messages"] += [{"role": "assistant", "content": "He"},
                          {"role": "user", "content": "Go on."}]
    second = rows(asked)
    assert (first["rule"], second["rule"]) == ("prefix", "prefix")
    assert second["upstream"] == first["upstream"]
    assert second["tokens"]["cache_read"] > first["tokens"]["cache_read"]
    assert second["tokens"]["cache_read"] > 0.5 * first["tokens"]["input"]

    client, events = naru.stream(CHAT, {**asked, "stream": True, "max_tokens": 300}, key)
    with client:
        events.next()
        spilt = rows(asked)
        assert spilt["rule"] == "spill" and spilt["upstream"] != first["upstream"]
    wait.until(lambda: rows(asked)["rule"] == "prefix", "its slot is free again")


def test_restarted_naru_takes_over_the_running_engine(start):
    naru = start(documents.deployment("local", extra=SMALL) + documents.model("m", "local"))
    before, key = wait_for_phase(naru, "ready"), naru.key()
    naru.kill()
    naru.start()
    after = wait_for_phase(naru, "ready")
    assert after["pid"] == before["pid"] and after["restarts"] == 0
    assert naru.post(CHAT, chat("m", max_tokens=4), key).status == 200
    naru.close()
    assert not processes.is_there(before["pid"])


def test_killed_naru_leaves_no_engine_behind(start):
    naru = start(documents.deployment("local") + documents.model("m", "local"))
    pid = wait_for_phase(naru, "ready")["pid"]
    naru.kill()
    wait.until(lambda: not processes.is_there(pid), "the engine ends with its naru", 5.5)


def test_ended_naru_leaves_no_engine_behind(start):
    naru = start(documents.deployment("local") + documents.model("m", "local"))
    pid = wait_for_phase(naru, "ready")["pid"]
    naru.close()
    assert not processes.is_there(pid)


def test_slots_of_any_number(start):
    """Mean pooling of the engine wants batches that divide by them."""
    naru = start(documents.deployment("local", extra="context: 512\nparallel: 3") +
                 documents.model("m", "local"))
    wait_for_phase(naru, "ready")
    assert naru.post(CHAT, chat("m", max_tokens=4), naru.key()).status == 200


def test_cold_model_holds_the_call_and_unloads_when_idle(start):
    naru = start(documents.deployment("local", extra="start: on_demand\nidle_unload: 1s") +
                 documents.model("m", "local"))
    key = naru.key()
    assert state(naru)["pid"] == 0
    assert json.loads(naru.call("GET", "/v1/models", key=key).body)["data"][0]["id"] == "m"
    assert naru.post(CHAT, chat("m", max_tokens=4), key).status == 200
    wait.until(lambda: state(naru)["pid"] == 0, "the idle engine is unloaded", 10)
    assert naru.post(CHAT, chat("m", max_tokens=4), key).status == 200


@pytest.mark.parametrize("harm", ["magic", "cut", "counts"])
def test_broken_weights_are_told_and_never_opened(tmp_path, start, harm):
    data = bytearray(Path(os.environ["NARU_MODEL"]).read_bytes()[:1 << 20])
    if harm == "magic":
        data[:4] = b"EVIL"
    if harm == "cut":
        data = data[:40]
    if harm == "counts":
        data[8:16] = b"\xff" * 8
    weights = tmp_path / "broken.gguf"
    weights.write_bytes(data)
    with Upstream([openai_answer("closed")]) as upstream:
        naru = start(documents.deployment("local", str(weights)) +
                     documents.upstream("closed", upstream.url) +
                     documents.model("m", "local", "{upstream: closed, tier: 1}") +
                     documents.model("alone", "local", retry="{attempts: 1}"))
        key = naru.key()
        failed = wait_for_phase(naru, "failed", seconds=10)
        assert failed["pid"] == 0 and failed["reason"]
        assert naru.post(CHAT, chat("m"), key).status == 200  # the fallback
        alone = naru.post(CHAT, chat("alone"), key)
        assert alone.status == 503


def test_reload_changes_engines(start):
    naru = start(documents.deployment("local", extra="start: on_demand") +
                 documents.model("m", "local"))
    naru.write(LISTENERS + documents.deployment("other", extra="start: on_demand") +
               documents.model("m", "other"))
    wait.until(lambda: [one["name"] for one in naru.admin("GET", "/admin/v1/deployments")
                        ["deployments"]] == ["other"], "the deployments follow", 10)
    assert naru.post(CHAT, chat("m", max_tokens=4), naru.key()).status == 200
