"""Keys: made once, shown once, revoked at once."""
import json
import time

import pytest
from chats import chat, openai_answer
from harness import documents, wait
from harness.client import Client

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("header", ["Authorization: Bearer {}", "authorization: bearer {}",
                                    "x-api-key: {}", "X-Api-Key: {}", "api-key: {}"])
def test_key_in_each_header(naru, header):
    name, value = header.format(naru.test_key).split(": ")
    assert naru.call("GET", "/v1/models", headers={name: value}).status == 200


def test_key_is_shown_once(naru):
    made = naru.admin("POST", "/admin/v1/keys", {"name": "shown"}, status=201)
    assert made["key"].endswith(made["hint"])
    listed = naru.admin("GET", "/admin/v1/keys")
    assert any(key["name"] == "shown" for key in listed["keys"])
    assert made["key"] not in json.dumps(listed)


def test_names_are_not_taken_twice(naru):
    naru.key("twice")
    naru.admin("POST", "/admin/v1/keys", {"name": "twice"}, status=409)
    again = naru.key("twice", replace=True)
    assert naru.call("GET", "/v1/models", key=again).status == 200


def test_revoked_key_ends_within_a_second(naru):
    key = naru.key("revoked")
    assert naru.call("GET", "/v1/models", key=key).status == 200
    naru.admin("DELETE", "/admin/v1/keys/revoked")
    revoked_at = time.monotonic()
    wait.until(lambda: naru.call("GET", "/v1/models", key=key).status == 401, "refused", 3.0)
    assert time.monotonic() - revoked_at <= 1.0


def test_key_made_after_it_was_refused_works(naru):
    """Unknown keys are remembered as unknown; a new key must not be."""
    assert naru.call("GET", "/v1/models", key="naru-unknown").status == 401
    assert naru.call("GET", "/v1/models", key=naru.key("fresh")).status == 200


def test_expired_key_is_refused(naru):
    key = naru.key("short", expires_in_s=1)
    assert naru.call("GET", "/v1/models", key=key).status == 200
    wait.until(lambda: naru.call("GET", "/v1/models", key=key).status == 401, "expired", 3.0)


def test_allow_list_bounds_calls_and_list(naru):
    key = naru.key("list", models=["emb*"])
    listed = json.loads(naru.call("GET", "/v1/models", key=key).body)
    assert [model["id"] for model in listed["data"]] == ["embed"]
    assert naru.post(CHAT, chat("gpt"), key).status in (403, 404)
    naru.openai.then(openai_answer())
    assert naru.post(CHAT, chat("embed"), key).status == 200


def test_keys_outlive_a_restart(start, upstream):
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"))
    key, gone = naru.key("kept"), naru.key("gone")
    naru.admin("DELETE", "/admin/v1/keys/gone")
    naru.close()
    naru.start()
    assert naru.call("GET", "/v1/models", key=key).status == 200
    assert naru.call("GET", "/v1/models", key=gone).status == 401


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 5}, {"name": "x", "models": "m"},
                                  {"name": "x", "expires_in_s": 0}, {"name": "x", "extra": 1}])
def test_bad_order_is_refused(naru, body):
    naru.admin("POST", "/admin/v1/keys", body, status=400)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"},
                                     {"authorization": "Basic wrong"}])
@pytest.mark.parametrize("path", ["/metrics", "/admin/v1/keys", "/admin/v1/status", "/nowhere"])
def test_admin_listener_wants_its_token(naru, headers, path):
    with Client(naru.admin_address) as client:
        assert client.call("GET", path, headers=headers).status == 401


def test_clients_key_is_no_admin_token(naru):
    with Client(naru.admin_address) as client:
        answer = client.call("GET", "/admin/v1/keys",
                             headers={"authorization": f"Bearer {naru.test_key}"})
    assert answer.status == 401


def test_admin_token_is_no_clients_key(naru):
    assert naru.call("GET", "/v1/models", key=naru.token).status == 401


def test_data_directory_is_closed_to_others(naru):
    assert naru.data.stat().st_mode & 0o777 == 0o700
    for file in naru.data.rglob("*"):
        if file.is_file() and not file.name.endswith(".address"):
            assert file.stat().st_mode & 0o077 == 0, file
