"""Web pages of a listed origin may call from a browser; any other origin learns nothing."""
import pytest
from chats import chat, openai_answer, openai_stream
from harness import documents
from harness.client import Client
from harness.gateway import Gateway
from harness.upstream import Upstream

CHAT = "/v1/chat/completions"
PAGE, PANEL = "https://app.example.com", "http://panel.example:3000"
FOREIGN = ["https://evil.example", f"{PAGE}.evil.example", "http://app.example.com", "null",
           "https://APP.example.com:444"]
GATEWAY = f"""kind: Gateway
data: {{listen: "127.0.0.1:0", cors_origins: ["{PAGE}"]}}
admin: {{listen: "127.0.0.1:0", cors_origins: ["{PANEL}"]}}
"""


@pytest.fixture(scope="module")
def naru(tmp_path_factory):
    with Upstream([openai_answer()]) as upstream:
        text = documents.upstream("u", upstream.url) + documents.model("m", "u")
        with Gateway(tmp_path_factory.mktemp("cors"), text, GATEWAY) as made:
            made.upstream, made.test_key = upstream, made.key()
            yield made


def asked_from(origin: str, method: str = "POST", names: str = "authorization,content-type"):
    return {"origin": origin, "access-control-request-method": method,
            "access-control-request-headers": names}


def admin_call(naru, method: str, path: str, headers: dict[str, str]):
    with Client(naru.admin_address) as client:
        return client.call(method, path, None, headers)


def cors_headers(answer) -> list[str]:
    return [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def words(answer, header: str) -> set[str]:
    return {word.strip().lower() for word in (answer.header(header) or "").split(",")}


def assert_open_to(answer, origin: str) -> None:
    assert answer.header("access-control-allow-origin") == origin
    assert "origin" in words(answer, "vary")


@pytest.mark.parametrize("path", [CHAT, "/v1/messages", "/v1/models", "/v1/models/m"])
def test_preflight_of_the_page_needs_no_key(naru, path):
    answer = naru.call("OPTIONS", path, headers=asked_from(PAGE))
    assert answer.status == 204 and answer.body == b""
    assert_open_to(answer, PAGE)
    assert "post" in words(answer, "access-control-allow-methods")
    assert {"authorization", "content-type"} <= words(answer, "access-control-allow-headers")


@pytest.mark.parametrize("path", ["keys", "usage", "status"])
def test_preflight_of_the_panel_needs_no_token(naru, path):
    answer = admin_call(naru, "OPTIONS", f"/admin/v1/{path}", asked_from(PANEL, "GET"))
    assert answer.status == 204
    assert_open_to(answer, PANEL)


def test_panel_may_use_every_method_the_admin_api_has(naru):
    answer = admin_call(naru, "OPTIONS", "/admin/v1/keys/x", asked_from(PANEL, "DELETE"))
    assert {"get", "post", "patch", "delete"} <= words(answer, "access-control-allow-methods")


@pytest.mark.parametrize("origin", [*FOREIGN, PANEL])
def test_foreign_page_gets_no_cors_header(naru, origin):
    preflight = naru.call("OPTIONS", CHAT, headers=asked_from(origin))
    assert preflight.status >= 400 and cors_headers(preflight) == []
    answer = naru.post(CHAT, chat("m"), naru.test_key, {"origin": origin})
    assert answer.status == 200 and cors_headers(answer) == []


@pytest.mark.parametrize("origin", [*FOREIGN, PAGE])
def test_foreign_panel_gets_no_cors_header(naru, origin):
    preflight = admin_call(naru, "OPTIONS", "/admin/v1/keys", asked_from(origin))
    assert preflight.status == 401 and cors_headers(preflight) == []
    answer = admin_call(naru, "GET", "/admin/v1/status",
                        {"authorization": f"Bearer {naru.token}", "origin": origin})
    assert answer.status == 200 and cors_headers(answer) == []


def test_origin_alone_is_no_key(naru):
    assert naru.call("GET", "/v1/models", headers={"origin": PAGE}).status == 401
    assert admin_call(naru, "GET", "/admin/v1/status", {"origin": PANEL}).status == 401


ERRORS = {  # method, body, key, status
    "stranger": ("POST", chat("m"), "naru-stranger", 401),
    "no_json": ("POST", "{", None, 400),
    "unknown_model": ("POST", chat("nobody"), None, 404),
    "wrong_method": ("PUT", "{}", None, 404),
}


@pytest.mark.parametrize("error", ERRORS)
def test_page_can_read_errors(naru, error):
    method, body, key, status = ERRORS[error]
    answer = naru.call(method, CHAT, body, key or naru.test_key, {"origin": PAGE})
    assert answer.status == status
    assert_open_to(answer, PAGE)
    assert {"x-request-id", "retry-after"} <= words(answer, "access-control-expose-headers")


def test_page_can_read_the_limits_of_its_key(naru):
    key = naru.key("limited", requests_per_minute=60)
    answer = naru.post(CHAT, chat("m"), key, {"origin": PAGE})
    exposed = ", ".join(answer.all("access-control-expose-headers")).split(", ")
    told = [name for name, _ in answer.headers if "ratelimit" in name]
    assert len(told) == 3 and {*told, "x-request-id"} <= set(exposed)


def test_panel_can_read_errors(naru):
    assert_open_to(admin_call(naru, "GET", "/admin/v1/status", {"origin": PANEL}), PANEL)


def test_page_can_read_streams(naru):
    naru.upstream.then(*openai_stream("a"))
    client, events = naru.stream(CHAT, chat("m", stream=True), naru.test_key, {"origin": PAGE})
    with client:
        events.rest()
    assert events.message.status == 200
    assert_open_to(events.message, PAGE)
