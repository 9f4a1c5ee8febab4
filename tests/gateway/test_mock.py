"""naru in front of `naru mock`: what clients see when a provider of each dialect misbehaves."""
import base64
import json

import pytest
from dialects import ENDS, ERRORS, PAIRS, PATHS, body, errors, texts
from harness import documents
from harness.gateway import Gateway
from harness.mock import Mock

# What the mock does, by the name of a model.
PLANS = {
    "whole": "text=one two three",
    "dripped": "text=one two three&bytes_a_second=20KiB&cut_within=character",
    "crlf": "text=one two three&line_end=crlf&cut_within=line_end",
    "squeezed": "text=one two three&cut_every=1",
    "calling": "text=&tool=look_up&arguments={\"place\":\"Seoul\"}",
    "error": "text=one two three&ending=error&after=2",
    "failed": "text=one two three&ending=failed&after=2",
    "malformed": "text=one two three&ending=malformed&after=2",
    "reset": "text=one two three&ending=cut&after=2",
    "half_close": "text=one two three&ending=half_close&after=2",
    "no_end": "text=one two three&ending=no_end&after=2",
    "quota": "refuse=quota",
    "billing": "refuse=billing",
    "tokens": "refuse=tokens&retry_form=seconds&retry_in=7s",
    "overloaded": "refuse=overloaded",
    "unavailable": "refuse=unavailable",
    "broken": "refuse=broken",
}
# What each refusal is taken for, and what clients get.
REFUSALS = {"quota": ("upstream_spent", 502), "billing": ("upstream_spent", 502),
            "tokens": ("rate_limited", 429), "overloaded": ("overloaded", 503),
            "unavailable": ("overloaded", 503), "broken": ("upstream_failed", 502)}
WHOLE = ["whole", "dripped", "crlf", "squeezed"]
BROKEN = ["error", "failed", "malformed", "reset", "half_close", "no_end"]


def upstream(mock: Mock, speaks: str) -> str:
    provider = "anthropic" if speaks == "anthropic" else "openai"
    return documents.upstream(speaks.replace("_", "-"), mock.url, provider,
                              extra=f"speaks: [{speaks}]")


def model(speaks: str, plan: str) -> str:
    name = json.dumps(f"m?{PLANS[plan].replace(' ', '%20')}")
    target = f"{{upstream: {speaks.replace('_', '-')}, model: {name}}}"
    return documents.model(f"{speaks}-{plan}", target, retry="{attempts: 1}")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Mock() as mock:
        text = "".join(upstream(mock, speaks) for speaks in PATHS) + \
            "".join(model(speaks, plan) for speaks in PATHS for plan in PLANS)
        with Gateway(tmp_path_factory.mktemp("mock"), text) as gateway:
            gateway.mock, gateway.test_key = mock, gateway.key()
            yield gateway


def streamed(stage, client: str, name: str) -> bytes:
    connection, events = stage.stream(PATHS[client], body(client, name, stream=True),
                                      stage.test_key)
    with connection:
        assert events.message.status == 200
        return events.rest()


@pytest.mark.parametrize("plan", WHOLE)
@pytest.mark.parametrize("client,speaks", PAIRS)
def test_whole_stream_arrives_whole(stage, client, speaks, plan):
    stream = streamed(stage, client, f"{speaks}-{plan}")
    assert texts(client, stream) == "one two three"
    assert stream.count(ENDS[client]) == 1 and ERRORS[client] not in stream


@pytest.mark.parametrize("plan", BROKEN)
@pytest.mark.parametrize("client,speaks", PAIRS)
def test_broken_stream_ends_with_one_error_and_no_end(stage, client, speaks, plan):
    stream = streamed(stage, client, f"{speaks}-{plan}")
    assert texts(client, stream) == "one two"
    assert errors(client, stream) == 1 and ENDS[client] not in stream, stream


@pytest.mark.parametrize("client,speaks", PAIRS)
def test_tool_call_arrives_whole(stage, client, speaks):
    tool = {"name": "look_up", "parameters": {"type": "object"}}
    tools = {"openai_chat": {"type": "function", "function": tool},
             "openai_responses": {"type": "function", **tool},
             "anthropic": {"name": "look_up", "input_schema": {"type": "object"}}}
    answer = stage.post(PATHS[client], body(client, f"{speaks}-calling", tools=[tools[client]]),
                        stage.test_key)
    assert answer.status == 200, answer.body
    said = answer.body.replace(b'\\"', b'"').replace(b" ", b"")
    assert b'"look_up"' in said and b'{"place":"Seoul"}' in said


@pytest.mark.parametrize("plan", REFUSALS)
@pytest.mark.parametrize("client,speaks", PAIRS)
def test_refusal_reaches_the_client_in_its_own_shape(stage, client, speaks, plan):
    answer = stage.post(PATHS[client], body(client, f"{speaks}-{plan}", stream=True),
                        stage.test_key)
    outcome, status = REFUSALS[plan]
    assert stage.exchange(answer.header("x-request-id"))["outcome"] == outcome
    assert answer.status == status, answer.body
    error = json.loads(answer.body)
    assert error["error"]["message"] and "org" not in answer.body.decode()
    assert (error.get("type") == "error") == (client == "anthropic")


def test_journal_has_the_bytes_and_times_of_a_request(stage):
    stage.post("/v1/messages", body("anthropic", "anthropic-whole"), stage.test_key)
    entry = stage.mock.journal()[-1]
    assert entry["line"].startswith("POST /v1/messages ")
    assert json.loads(base64.b64decode(entry["body_base64"]))["model"].startswith("m?text=one")
    assert entry["close"] == "answered" and entry["closed_us"] >= entry["arrived_us"]
