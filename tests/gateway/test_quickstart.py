"""The quick start's text: its key works, its curl line works when pasted, and both are fresh."""
import re
import subprocess

import pytest
from chats import chat, openai_answer, openai_stream
from harness import documents, wait
from harness.gateway import LISTENERS, START, source_dir

CHAT = "/v1/chat/completions"
END = "Stop it with"  # the last words of the text


def text_of_start(naru, number: int = 1) -> str:
    """What the start of that number printed, once it is there."""
    wait.until(lambda: naru.log().count(END) >= number, f"the text of start {number}", START)
    return naru.log().split(END)[number - 1]


def key_in(text: str) -> str:
    return re.search(r"^ +key +(\S+)$", text, re.MULTILINE)[1]


def curl_in(text: str) -> str:
    """The lines a newcomer marks and copies."""
    return re.search(r"^  curl .*?[^\\]$", text, re.MULTILINE | re.DOTALL)[0]


def paste(line: str) -> str:
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=START,
                          env={"PATH": "/usr/bin:/bin"}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def naru(start, upstream):
    return start(documents.upstream("u", upstream.url) + documents.model("m", "u"),
                 arguments=("--quickstart",))


def test_printed_key_and_addresses_work(naru, upstream):
    text = text_of_start(naru)
    assert naru.address in text and naru.admin_address in text
    upstream.then(openai_answer())
    assert naru.post(CHAT, chat("m"), key_in(text)).status == 200


def test_printed_curl_line_streams_when_pasted(naru, upstream):
    upstream.then(*openai_stream("a ", "boat"))
    shown = paste(curl_in(text_of_start(naru)))
    assert '"a "' in shown and '"boat"' in shown and shown.endswith("data: [DONE]\n\n")


def test_second_start_prints_another_key_and_ends_the_first(naru, upstream):
    first = key_in(text_of_start(naru))
    naru.close()
    naru.start()
    second = key_in(text_of_start(naru, 2))
    assert second != first
    assert naru.call("GET", "/v1/models", key=second).status == 200
    wait.until(lambda: naru.call("GET", "/v1/models", key=first).status == 401, "the first key "
               "is refused", 1.0)


def test_example_is_ready_when_it_says_so(start):
    """The file `make serve` serves, but for its ports: the line it prints has an answer at once."""
    example = (source_dir() / "examples/quickstart.yaml").read_text(encoding="utf-8")
    naru = start(example.replace("kind: Gateway\n", LISTENERS), gateway_document="",
                 arguments=("--quickstart",))
    line = curl_in(text_of_start(naru)).replace('"stream": true', '"stream": true, "max_tokens": 8')
    assert naru.admin("GET", "/admin/v1/deployments")["deployments"][0]["phase"] == "ready"
    shown = paste(line)
    assert shown.count('"content":"') >= 2 and shown.endswith("data: [DONE]\n\n")
