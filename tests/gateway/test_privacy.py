"""Secrets and prompts are in no log, no metric, no error and no file but where they belong."""
import json
from pathlib import Path

import pytest
from chats import (DONE, chat, message, openai_answer, openai_chunk, openai_error, openai_stream)
from harness import documents, wait, wire
from harness.client import Client
from harness.gateway import UPSTREAM_KEY, Gateway
from harness.upstream import CLOSE, Upstream

PROMPT, ANSWER = "prompt-canary-7f3a", "answer-canary-91bc"
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
LAST_LOGGED = -3  # of all answers: the two behind it are of no exchange


def drive_every_path(naru, upstream, key: str) -> list[wire.Message]:
    """Calls that end in each way; all carry the canaries."""
    said = chat("m", PROMPT)
    upstream.then(openai_answer(ANSWER))
    answers = [naru.post(CHAT, said, key)]
    quoted = json.dumps({"error": {"message": f"bad input '{PROMPT}' with key {UPSTREAM_KEY}"}})
    upstream.then(wire.answer(quoted, 400))
    answers.append(naru.post(CHAT, said, key))
    assert PROMPT.encode() in answers[-1].body
    twice = '{"model":"m","%s":1,"%s":1}' % (PROMPT, PROMPT)
    answers.append(naru.post(CHAT, twice, key))
    for script in ([openai_error(500)], [wire.answer(f"<{ANSWER}")],
                   [b"HTTP/1.1 200\r\n\r\n", CLOSE],
                   [wire.answer('{"error":{"message":"key %s"}}' % UPSTREAM_KEY, 401)]):
        for _ in range(3):
            upstream.then(*script)
        answers.append(naru.post(CHAT, said, key))
        upstream.queue.clear()
    for script in (openai_stream(ANSWER), [wire.stream_head(), wire.chunk(openai_chunk(ANSWER)),
                                           CLOSE],
                   [wire.stream_head(), wire.chunk(openai_chunk(ANSWER) + b"data: {nonsense}\n\n" +
                                                   DONE), wire.LAST_CHUNK]):
        upstream.then(*script)
        client, events = naru.stream(MESSAGES, message("m", PROMPT, stream=True), key)
        with client:
            events.rest()
    said_late = json.dumps({"error": {"message": f"refused: {UPSTREAM_KEY}"}}).encode()
    upstream.then(wire.stream_head(), wire.chunk(openai_chunk(ANSWER) + b"data: " + said_late +
                                                 b"\n\n"), wire.LAST_CHUNK)
    client, events = naru.stream(CHAT, chat("m", PROMPT, stream=True), key)
    with client:
        text = events.rest()
    assert b'"error"' in text and UPSTREAM_KEY.encode() not in text
    answers.append(naru.post(CHAT, chat(PROMPT, PROMPT), key))
    answers.append(naru.post(CHAT, '{"model":"m","messages":[{"content":"%s"' % PROMPT, key))
    answers.append(naru.post(CHAT, chat("m", PROMPT), key + "x"))
    answers.append(naru.post(f"/v1/nowhere/{PROMPT}", said, key))
    return answers



@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    with Upstream() as upstream:
        # Each way to fail is to be seen, so none may shut the upstream to the next.
        calm = documents.upstream("u", upstream.url, extra="failures_to_open: 0")
        with Gateway(tmp_path_factory.mktemp("privacy"),
                     calm + documents.model("m", "u")) as naru:
            naru.test_key = naru.key("canary")
            naru.answers = drive_every_path(naru, upstream, naru.test_key)
            naru.secrets = [naru.test_key, naru.token, UPSTREAM_KEY]
            yield naru


def test_log_has_no_secret_and_no_prompt(driven):
    last = driven.answers[LAST_LOGGED].header("x-request-id")
    wait.until(lambda: last in driven.log(), "lines that were held back are written")
    log = driven.log().replace(f"admin.token): {driven.token}", "")  # the first start shows it
    assert "exchange.end" in log
    for canary in [*driven.secrets, ANSWER]:
        assert canary not in log
    assert PROMPT not in log.replace(f'"model":"{PROMPT}"', "").replace(f"/v1/nowhere/{PROMPT}", "")


def test_metrics_have_no_secret_no_prompt_and_no_made_up_name(driven):
    metrics = driven.admin("GET", "/metrics")
    assert "naru_exchanges_total" in metrics
    for canary in [*driven.secrets, PROMPT, ANSWER]:
        assert canary not in metrics


def test_errors_have_no_secret_of_the_operator(driven):
    for answer in driven.answers:
        text = answer.raw.decode("utf-8", errors="replace")
        assert UPSTREAM_KEY not in text and driven.token not in text


def test_admin_calls_show_no_secret(driven):
    for path in ("keys", "exchanges", "upstreams", "models", "deployments", "status", "usage"):
        with Client(driven.admin_address) as client:
            answer = client.call("GET", f"/admin/v1/{path}", None,
                                 {"authorization": f"Bearer {driven.token}"})
        for canary in [*driven.secrets, ANSWER]:
            assert canary.encode() not in answer.body


def test_files_hold_no_key_and_no_prompt(driven):
    for file in driven.data.rglob("*"):
        if not file.is_file() or file.name == "admin.token":
            continue
        data = file.read_bytes()
        for canary in [*driven.secrets, ANSWER]:
            assert canary.encode() not in data, file


def test_process_shows_no_key_in_its_command_line(driven):
    line = Path(f"/proc/{driven.process.pid}/cmdline").read_bytes()
    for canary in driven.secrets:
        assert canary.encode() not in line


def test_client_never_sees_the_providers_account(driven):
    for answer in driven.answers:
        assert answer.all("openai-organization") == [] and answer.all("server") == []
