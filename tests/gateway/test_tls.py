"""TLS on both sides: naru's listeners and the upstreams it verifies."""
import json
import ssl

import pytest
from chats import chat, openai_answer
from harness import certificates, documents, wait
from harness.client import Client
from harness.proxy import Proxy
from harness.upstream import Upstream

CHAT = "/v1/chat/completions"
LOCAL = "DNS:localhost,IP:127.0.0.1"
ONCE = "{attempts: 1}"


@pytest.fixture(scope="module")
def identities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    ca = certificates.authority(folder)
    return {"authority": ca,
            "good": certificates.issue(folder, ca, "good", LOCAL),
            "next": certificates.issue(folder, ca, "next", LOCAL),
            "expired": certificates.issue(folder, ca, "expired", LOCAL, days=-1),
            "wrong_host": certificates.issue(folder, ca, "wrong-host", "DNS:other.example"),
            "far": certificates.issue(folder, ca, "far", "DNS:upstream.invalid"),
            "self_signed": certificates.self_signed(folder, "self-signed", LOCAL)}


def behind(identities, identity: str, ca: bool):
    """An upstream with that certificate, and documents that call it by host name."""
    upstream = Upstream([openai_answer()], tls=identities[identity].server_context())
    extra = f"ca_file: {identities['authority'].certificate}" if ca else ""
    url = upstream.url.replace("127.0.0.1", "localhost")
    return upstream, documents.upstream("u", url, extra=extra) + \
        documents.model("m", "u", retry=ONCE)


def test_private_authority_is_trusted_when_named(start, identities):
    upstream, text = behind(identities, "good", ca=True)
    with upstream:
        naru = start(text)
        assert naru.post(CHAT, chat("m"), naru.key()).status == 200
        assert len(upstream.requests) == 1


@pytest.mark.parametrize("identity,ca,word", [
    ("good", False, "certificate"),
    ("expired", True, "expired"),
    ("wrong_host", True, "localhost"),
    ("self_signed", True, "self"),
])
def test_untrusted_upstream_gets_no_request(start, identities, identity, ca, word):
    upstream, text = behind(identities, identity, ca)
    with upstream:
        naru = start(text)
        answer = naru.post(CHAT, chat("m"), naru.key())
        assert answer.status == 502
        assert json.loads(answer.body)["error"]["code"] == "upstream_failed"
        assert upstream.requests == []
        wait.until(lambda: word in naru.log(), f"'{word}' in the log")


GATEWAY = """kind: Gateway
data:
  listen: "127.0.0.1:0"
  tls: {{certificate: {folder}/listener.pem, key: {folder}/listener.key}}
admin:
  listen: "127.0.0.1:0"
  tls: {{certificate: {folder}/listener.pem, key: {folder}/listener.key}}
"""


def lay(identity, folder) -> None:
    """Puts an identity where the listeners look, by rename, the key first."""
    for name, source in (("listener.key", identity.key), ("listener.pem", identity.certificate)):
        part = folder / f"{name}.part"
        part.write_bytes(source.read_bytes())
        part.rename(folder / name)


def trusting(identities) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=identities["authority"].certificate)


def common_name(client: Client) -> str:
    subject = client.connection.getpeercert()["subject"]
    return dict(pair[0] for pair in subject)["commonName"]


def name_at(address: str, context: ssl.SSLContext) -> str:
    """Who a listener says it is; it must speak HTTP behind that."""
    with Client(address, tls=context) as client:
        assert client.call("GET", "/health/live").status in (200, 401)
        return common_name(client)


def test_listeners_speak_tls_and_take_up_a_new_certificate(tmp_path, start, identities, upstream):
    lay(identities["good"], tmp_path)
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"),
                 gateway_document=GATEWAY.format(folder=tmp_path))
    assert naru.address.startswith("https://") and naru.admin_address.startswith("https://")
    context = trusting(identities)

    def names_now() -> list[str]:
        return [name_at(address, context) for address in (naru.address, naru.admin_address)]

    with Client(naru.address, tls=context) as kept, \
            Client(naru.admin_address, tls=context) as kept_admin:
        assert names_now() == ["good", "good"]
        lay(identities["next"], tmp_path)
        wait.until(lambda: names_now() == ["next", "next"], "the new certificate on both", 10)
        assert kept.call("GET", "/health/live").status == 200  # old connections live on
        assert kept_admin.call("GET", "/metrics").status == 401


def test_plain_http_to_a_tls_listener_is_closed(tmp_path, start, identities, upstream):
    lay(identities["good"], tmp_path)
    naru = start(documents.upstream("u", upstream.url) + documents.model("m", "u"),
                 gateway_document=GATEWAY.format(folder=tmp_path))
    with Client(naru.address) as client:
        client.send(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        try:
            while piece := client.connection.recv(4096):
                assert not piece.startswith(b"HTTP/1.1 200")
        except ConnectionResetError:
            pass  # closed with bytes unread, which is as good


def test_proxy_of_the_environment_is_used_but_for_no_proxy(start, upstream):
    """A plain HTTP upstream goes through HTTP_PROXY with the whole URL in the request line."""
    with Upstream([openai_answer()]) as proxy:
        naru = start(documents.upstream("u", "http://upstream.invalid") +
                     documents.upstream("near", upstream.url) +
                     documents.model("far", "u", retry=ONCE) +
                     documents.model("near", "near", retry=ONCE),
                     environment={"HTTP_PROXY": proxy.url, "NO_PROXY": "127.0.0.1"})
        key = naru.key()
        upstream.then(openai_answer())
        assert naru.post(CHAT, chat("near"), key).status == 200
        assert proxy.requests == []
        assert naru.post(CHAT, chat("far"), key).status == 200
        assert proxy.requests[0].target in ("http://upstream.invalid/v1/chat/completions",
                                            "upstream.invalid:80")


def behind_proxy(start, identities, upstream, no_proxy: str = ""):
    """A naru that is to reach an upstream of a name that is nowhere, and its answer to a call."""
    text = documents.upstream("u", f"https://upstream.invalid:{upstream.port}",
                              extra=f"ca_file: {identities['authority'].certificate}")
    with Proxy(upstream.port) as proxy:
        naru = start(text + documents.model("m", "u", retry=ONCE),
                     environment={"HTTPS_PROXY": proxy.url, "NO_PROXY": no_proxy})
        return naru.post(CHAT, chat("m"), naru.key()), proxy.targets


@pytest.mark.parametrize("identity,status", [("far", 200), ("good", 502)])
def test_https_upstream_is_reached_through_a_tunnel(start, identities, identity, status):
    """HTTPS_PROXY sees host and port alone; the certificate within is verified for the host."""
    with Upstream([openai_answer()], tls=identities[identity].server_context()) as upstream:
        answer, targets = behind_proxy(start, identities, upstream)
        assert answer.status == status
        assert targets == [f"upstream.invalid:{upstream.port}"]
        assert len(upstream.requests) == (1 if status == 200 else 0)


def test_no_proxy_keeps_an_https_upstream_out_of_the_tunnel(start, identities):
    with Upstream([openai_answer()], tls=identities["far"].server_context()) as upstream:
        answer, targets = behind_proxy(start, identities, upstream, no_proxy=".invalid")
        assert answer.status == 502 and targets == []  # the name is nowhere
