"""Images given by address: providers get the address, engines of naru's own the image, and only
from hosts that the operator has named."""
import base64
import json
import os

import pytest
from chats import chat, message, openai_answer
from harness import certificates, documents, wait, wire
from harness.gateway import LISTENERS, Gateway
from harness.upstream import RESET, STALL, Upstream

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
COUNT = "/v1/messages/count_tokens"
PNG = b"\x89PNG\r\n\x1a\n and pixels"
ENCODED = base64.b64encode(PNG).decode()
KIB = 1 << 10

IMAGES = {
    "/ok.png": [wire.answer(PNG, content_type="image/png")],
    "/odd-type.png": [wire.answer(PNG, content_type="Image/PNG; q=1")],
    "/no-image.html": [wire.answer("<p>", content_type="text/html")],
    "/quote.png": [wire.answer(PNG, content_type='image/png"')],
    "/empty.png": [wire.answer("", content_type="image/png")],
    "/coded.png": [wire.answer(PNG, content_type="image/png",
                               headers={"content-encoding": "gzip"})],
    "/gone.png": [wire.answer(PNG, status=404, content_type="image/png")],
    "/moved.png": [wire.answer("", status=302, headers={"location": "/ok.png"})],
    "/large.png": [wire.answer(b"a" * (401 * KIB), content_type="image/png")],
    "/much.png": [wire.answer(b"a" * (390 * KIB), content_type="image/png")],
    "/slow.png": [STALL],
    "/half.png": [wire.answer(PNG, content_type="image/png")[:-4], RESET],
}


def engine(folder):
    """A stand-in for llama-server: keeps what it was sent, and answers as it was told to."""
    program = folder / "engine.py"
    program.write_text(ENGINE)
    program.chmod(0o755)
    return documents.deployment("local", extra=f"engine_path: {program}")


ENGINE = f"#!{os.environ.get('PYTHON', '/usr/bin/env python3')}\n" + '''
import http.server, json, os, socketserver, sys

class Calls(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer({})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with open(sys.argv[0] + ".seen", "ab") as seen:
            seen.write(body + b"\\n")
        if b"input_tokens" in body or self.path.endswith("count_tokens"):
            return self.answer({"input_tokens": 7})
        if b"fail" in body and not os.path.exists(sys.argv[0] + ".failed"):
            open(sys.argv[0] + ".failed", "w").close()
            return self.answer({}, 503)
        self.answer({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                     "choices": [{"index": 0, "finish_reason": "stop",
                                  "message": {"role": "assistant", "content": "ok"}}],
                     "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}})

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "naru"

    def log_message(self, *_):
        pass

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

Server(sys.argv[sys.argv.index("--host") + 1], Calls).serve_forever()
'''


@pytest.fixture(scope="module")
def naru(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    with Upstream(lambda request: IMAGES[request.target]) as images, \
            Upstream([openai_answer()]) as provider, \
            Upstream([wire.answer(PNG, content_type="image/png")]) as stranger:
        media = f"media: {{fetch: ['{images.url}'], most_bytes: 400KiB, most_items: 2, " \
                "timeout: 1s}\nlimits: {body_bytes: 64KiB, body_memory_bytes: 1MiB}\n"
        text = engine(folder) + documents.upstream("provider", provider.url) + \
            documents.model("ours", "local") + \
            documents.model("strict", "local", extra="on_loss: refuse") + \
            documents.model("once", "local", retry="{attempts: 1}") + \
            documents.model("both", "{upstream: local}", "{upstream: provider, tier: 1}",
                            extra="on_loss: refuse") + \
            documents.model("theirs", "provider")
        with Gateway(folder / "naru", text, LISTENERS + media) as made:
            wait.until(lambda: made.admin("GET", "/admin/v1/deployments")["deployments"][0]
                       ["phase"] == "ready", "the engine is ready", 60)
            made.images, made.provider, made.stranger = images, provider, stranger
            made.seen, made.test_key = folder / "engine.py.seen", made.key()
            yield made


@pytest.fixture(autouse=True)
def fresh(naru):
    naru.images.clear()
    naru.provider.clear()
    yield
    assert naru.stranger.connections == 0, "a host that is not listed was asked"


def last_seen(naru) -> dict:
    """What the engine was sent last."""
    return json.loads(naru.seen.read_bytes().splitlines()[-1])


def asking(model: str, *urls: str, text: str = "look") -> dict:
    """A chat with these images."""
    images = [{"type": "image_url", "image_url": {"url": url, "detail": "low"}} for url in urls]
    return {"model": model, "messages": [
        {"role": "user", "content": [{"type": "text", "text": text}, *images]}]}


def image_urls(body: dict) -> list[str]:
    parts = [part for one in body["messages"] if isinstance(one["content"], list)
             for part in one["content"]]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


def test_listed_image_comes_along(naru):
    answer = naru.post(CHAT, asking("ours", naru.images.url + "/ok.png"), naru.test_key)
    assert answer.status == 200 and answer.header("x-naru-loss") is None
    assert image_urls(last_seen(naru)) == [f"data:image/png;base64,{ENCODED}"]
    assert last_seen(naru)["messages"][0]["content"][1]["image_url"]["detail"] == "low"
    asked = naru.images.requests[0]
    assert asked.message.method == "GET" and asked.body == b""
    assert sorted(name.lower() for name, _ in asked.message.headers) == \
        ["accept", "accept-encoding", "host", "user-agent"]


def test_type_is_told_without_its_parameters(naru):
    assert naru.post(CHAT, asking("ours", naru.images.url + "/odd-type.png"),
                     naru.test_key).status == 200
    assert image_urls(last_seen(naru)) == [f"data:image/png;base64,{ENCODED}"]


def test_client_of_another_dialect_has_its_image_fetched(naru):
    image = {"type": "image", "source": {"type": "url", "url": naru.images.url + "/ok.png"}}
    asked = message("ours")
    asked["messages"][0]["content"] = [{"type": "text", "text": "look"}, image]
    answer = naru.post(MESSAGES, asked, naru.test_key)
    assert answer.status == 200 and answer.header("x-naru-loss") is None
    assert image_urls(last_seen(naru)) == [f"data:image/png;base64,{ENCODED}"]
    count = naru.post(COUNT, {"model": "ours", "messages": asked["messages"]}, naru.test_key)
    assert count.status == 200 and json.loads(count.body)["input_tokens"] == 7
    assert last_seen(naru)["messages"][0]["content"][1]["source"] == \
        {"type": "base64", "media_type": "image/png", "data": ENCODED}


def test_client_of_the_responses_api_has_its_image_fetched(naru):
    image = {"type": "input_image", "image_url": naru.images.url + "/ok.png"}
    answer = naru.post(RESPONSES, {"model": "ours", "store": False,
                                   "input": [{"role": "user", "content": [image]}]},
                       naru.test_key)
    assert answer.status == 200 and answer.header("x-naru-loss") is None
    assert image_urls(last_seen(naru)) == [f"data:image/png;base64,{ENCODED}"]


@pytest.mark.parametrize("path,reason", [
    ("/no-image.html", "is no image"),
    ("/quote.png", "is no image"),
    ("/empty.png", "sent nothing"),
    ("/coded.png", "compressed"),
    ("/gone.png", "status 404"),
    ("/moved.png", "status 302"),
    ("/large.png", "larger than 400KiB (media.most_bytes)"),
    ("/slow.png", "in time (media.timeout)"),
    ("/half.png", "broke off"),
])
def test_image_that_cannot_be_had_is_a_loss(naru, path, reason):
    url = naru.images.url + path
    answer = naru.post(CHAT, asking("ours", url, text="about nothing"), naru.test_key)
    assert answer.status == 200 and answer.header("x-naru-loss") == "messages[0].content[1]"
    assert image_urls(last_seen(naru)) == []
    assert last_seen(naru)["messages"][0]["content"][0]["text"] == "about nothing"
    refused = naru.post(CHAT, asking("strict", url), naru.test_key)
    assert refused.status == 400 and reason in json.loads(refused.body)["error"]["message"]
    assert {one.target for one in naru.images.requests} == {path}


def test_only_listed_hosts_are_asked(naru):
    stranger = naru.stranger.url
    urls = [stranger + "/x.png", naru.images.url.replace("http:", "https:") + "/ok.png",
            naru.images.url.replace("127.0.0.1", "localhost") + "/ok.png",
            naru.images.url.replace("127.0.0.1", "127.1") + "/ok.png",
            naru.images.url.replace("//", f"//{stranger.removeprefix('http://')}@") + "/ok.png",
            "file:///etc/passwd"]
    answer = naru.post(CHAT, asking("ours", *urls), naru.test_key)
    assert answer.status == 200
    assert answer.header("x-naru-loss").split(", ") == \
        [f"messages[0].content[{at}]" for at in range(1, 7)]
    assert image_urls(last_seen(naru)) == [] and naru.images.requests == []
    refused = naru.post(CHAT, asking("strict", urls[0]), naru.test_key)
    assert f"'{stranger}' is not in media.fetch" in json.loads(refused.body)["error"]["message"]


def test_so_many_images_are_fetched_and_no_more(naru):
    answer = naru.post(CHAT, asking("ours", *[naru.images.url + "/ok.png"] * 3), naru.test_key)
    assert answer.status == 200 and answer.header("x-naru-loss") == "messages[0].content[3]"
    assert len(image_urls(last_seen(naru))) == 2 and len(naru.images.requests) == 2


def test_images_count_as_body_memory(naru):
    answer = naru.post(CHAT, asking("once", naru.images.url + "/much.png"), naru.test_key)
    assert answer.status == 413 and b"bytes of memory" in answer.body
    assert naru.post(CHAT, chat("ours"), naru.test_key).status == 200


def test_image_is_fetched_once_however_often_it_is_tried(naru):
    answer = naru.post(CHAT, asking("ours", naru.images.url + "/ok.png", text="fail"),
                       naru.test_key)
    assert answer.status == 200
    assert naru.exchange(answer.header("x-request-id"))["attempts"] == 2
    assert len(naru.images.requests) == 1
    assert image_urls(last_seen(naru)) == [f"data:image/png;base64,{ENCODED}"]


def test_provider_gets_the_address_as_it_came(naru):
    urls = [naru.images.url + "/ok.png", naru.stranger.url + "/x.png"]
    answer = naru.post(CHAT, asking("theirs", *urls), naru.test_key)
    assert answer.status == 200 and answer.header("x-naru-loss") is None
    assert image_urls(json.loads(naru.provider.requests[0].body)) == urls
    assert naru.images.requests == []


def test_provider_behind_an_engine_gets_the_address_as_it_came(naru):
    url = naru.images.url + "/gone.png"
    answer = naru.post(CHAT, asking("both", url), naru.test_key)
    assert answer.status == 200 and answer.header("x-naru-loss") is None
    assert answer.header("x-naru-upstream") == "provider"
    assert image_urls(json.loads(naru.provider.requests[0].body)) == [url]
    assert len(naru.images.requests) == 1


def test_nothing_is_fetched_unless_it_is_listed(start, naru, tmp_path):
    alone = start(engine(tmp_path) + documents.model("strict", "local", extra="on_loss: refuse"))
    refused = alone.post(CHAT, asking("strict", naru.images.url + "/ok.png"), alone.key())
    assert refused.status == 400 and b"is not in media.fetch" in refused.body
    assert naru.images.requests == []


def test_https_is_verified_by_the_systems_authorities(start, tmp_path):
    authority = certificates.authority(tmp_path)
    names = "DNS:localhost,IP:127.0.0.1"
    good = certificates.issue(tmp_path, authority, "good", names)
    other = certificates.self_signed(tmp_path, "other", names)
    answer = [wire.answer(PNG, content_type="image/png")]
    with Upstream(answer, tls=good.server_context()) as trusted, \
            Upstream(answer, tls=other.server_context()) as untrusted:
        listed = f"media: {{fetch: ['localhost:{trusted.port}', '127.0.0.1:{untrusted.port}']}}\n"
        naru = start(engine(tmp_path) + documents.model("ours", "local"),
                     gateway_document=LISTENERS + listed,
                     environment={"SSL_CERT_FILE": str(authority.certificate)})
        naru.seen = tmp_path / "engine.py.seen"
        urls = [f"https://localhost:{trusted.port}/a", untrusted.url + "/b"]
        answer = naru.post(CHAT, asking("ours", *urls), naru.key())
        assert answer.status == 200 and answer.header("x-naru-loss") == "messages[0].content[2]"
        assert image_urls(last_seen(naru)) == [f"data:image/png;base64,{ENCODED}"]
        assert untrusted.requests == []
        assert '"media.failed"' in naru.log()
        untrusted.errors.clear()
