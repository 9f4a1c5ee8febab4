"""Fixtures of the whole-process tests."""
import contextlib
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import documents  # noqa: E402
from harness.gateway import LISTENERS, Gateway  # noqa: E402
from harness.relay import Relay  # noqa: E402
from harness.upstream import Upstream  # noqa: E402


@pytest.fixture
def upstream():
    """A scripted upstream of its own for one test."""
    with Upstream() as made:
        yield made
        assert made.errors == []


@pytest.fixture
def start(tmp_path):
    """Starts gateways; each is ended, and must end well, when the test is over."""
    started: list[Gateway] = []

    def make(text: str, name: str = "naru", **options) -> Gateway:
        gateway = Gateway(tmp_path / name, text, **options)
        started.append(gateway)
        return gateway

    yield make
    for gateway in started:
        gateway.close()


@pytest.fixture
def relay(tmp_path):
    """Starts gateways that can be followed; each is ended, and must end well."""
    with contextlib.ExitStack() as started:
        yield lambda text, **options: started.enter_context(
            Relay(tmp_path / "naru", text, **options))


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """One naru for the tests that change nothing of it: two upstreams and their models."""
    with Upstream() as openai, Upstream() as anthropic:
        calm = "failures_to_open: 0"  # no test is to shut an upstream to the next
        text = documents.upstream("openai", openai.url, extra=calm) + \
            documents.upstream("anthropic", anthropic.url, provider="anthropic", extra=calm) + \
            documents.model("gpt", "{upstream: openai, model: up-gpt}") + \
            documents.model("claude", "{upstream: anthropic, model: up-claude}") + \
            documents.model("embed", "{upstream: openai, model: up-embed}")
        with Gateway(tmp_path_factory.mktemp("shared"), text, LISTENERS) as gateway:
            gateway.openai, gateway.anthropic = openai, anthropic
            gateway.test_key = gateway.key("shared")
            yield gateway


@pytest.fixture
def naru(shared):
    """The shared naru, with upstreams that have nothing queued."""
    for upstream in (shared.openai, shared.anthropic):
        upstream.clear()
        upstream.usual = None
    yield shared


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("short")
    yield made
    shutil.rmtree(made, ignore_errors=True)
