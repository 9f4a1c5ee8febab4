"""A running naru with authored providers behind it, and the real engine where it is asked for.

As a program, for tests in other languages: prints one line of JSON that says where all is, and ends
when its standard input does. With `authored` as its argument it starts no engine.
"""
import json
import os
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from answers import Anthropic, Answers, Chat, Responses  # noqa: E402
from harness import documents, wait  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.upstream import Upstream  # noqa: E402

ENGINE_START = 60.0  # seconds; it takes one on an idle machine
ONCE = "{attempts: 1}"  # a provider's failure is to be seen, not to be tried again
LISTED = ["smollm2", "team/gpt-echo"]  # patterns are in no list
PROVIDERS = {"gpt": Chat, "resp": Responses, "claude": Anthropic}  # by the first word of a model


@dataclass
class Stage:
    """What a client needs, and the naru it calls."""
    gateway: Gateway
    url: str
    key: str
    limited_key: str  # may use gpt-echo alone

    def outcome(self, request_id: str) -> str:
        """How the ledger says that an exchange ended; it must say so within a second."""
        return self.gateway.exchange(request_id)["outcome"]


def configuration(gpt: str, resp: str, claude: str) -> str:
    return "".join([
        documents.upstream("openai", gpt, extra="speaks: [openai_chat]"),
        documents.upstream("responses", resp, extra="speaks: [openai_responses]"),
        documents.upstream("anthropic", claude, provider="anthropic"),
        documents.model("gpt-*", "openai", retry=ONCE),
        documents.model("resp-*", "responses", retry=ONCE),
        documents.model("claude-*", "anthropic", retry=ONCE),
        documents.model("team/gpt-echo", "{upstream: openai, model: gpt-echo}", retry=ONCE),
    ])


def engine_configuration() -> str:
    if "NARU_MODEL" not in os.environ:
        raise SystemExit("NARU_MODEL is not set; tools/fetch engine model prints both paths")
    # Several threads wait for each other in every layer: a busy machine is too slow then.
    return (documents.deployment("local", extra="threads: 1") +
            documents.model("smollm2", "local"))


def engine_is_ready(gateway: Gateway) -> bool:
    answer = gateway.call("GET", "/health/ready")
    return answer.status == 200 and json.loads(answer.body)["deployments"] == {"local": "ready"}


@contextmanager
def running(folder: Path, engine: bool = True) -> Iterator[Stage]:
    with ExitStack() as stack:
        urls = {name: stack.enter_context(Upstream(Answers(speak()))).url
                for name, speak in PROVIDERS.items()}
        written = configuration(**urls) + (engine_configuration() if engine else "")
        gateway = stack.enter_context(Gateway(folder, written))
        if engine:
            wait.until(lambda: engine_is_ready(gateway), "the engine is ready", ENGINE_START)
        yield Stage(gateway, url=gateway.address, key=gateway.key("sdk"),
                    limited_key=gateway.key("limited", models=["gpt-echo"]))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="naru-sdk-") as made, \
            running(Path(made), engine="authored" not in sys.argv) as stage:
        print(json.dumps({"url": stage.url, "key": stage.key}), flush=True)
        sys.stdin.read()
