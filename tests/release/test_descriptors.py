"""No descriptors left. With the release binary: UBSan's check of objects opens a pipe itself, and
calls sound objects broken where it cannot."""
import json
import time

from harness import documents, wait, wire
from harness.client import request
from harness.gateway import Gateway
from harness.storm import LIVE, RECOVERS, burst, close_all, seconds_to_serve
from harness.upstream import Upstream

MOST = 256  # open files
ANSWER = wire.answer(json.dumps({
    "id": "c", "object": "chat.completion", "created": 1, "model": "up", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}))


def test_it_is_calm_meanwhile_and_recovers(tmp_path):
    with Upstream([ANSWER]) as upstream:
        text = documents.upstream("u", upstream.url) + documents.model("m", "u")
        with Gateway(tmp_path / "naru", text, open_files=MOST) as naru:
            check(naru)


def check(naru: Gateway) -> None:
    call = request("POST", "/v1/chat/completions",
                   {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
                   {"x-api-key": naru.key()})
    with naru.connect() as early:
        early.send(call)
        assert early.answer().status == 200
        crowd = burst(naru.address, 2 * MOST, LIVE)
        try:
            wait.until(lambda: "listen.no_descriptors" in naru.log(), "there are none left")
            before, began = naru.cpu_seconds(), time.monotonic()
            wait.gone_by(1.0)
            busy = (naru.cpu_seconds() - before) / (time.monotonic() - began)
            print(f"{naru.open_files()} open files, {busy:.1%} of a core")
            assert naru.open_files() >= MOST - 2 and busy < 0.2
            early.send(call)  # on connections that are there
            assert early.answer().status == 200
        finally:
            close_all(crowd)
    took = seconds_to_serve(naru.address)
    print(f"served again {took:.2f} s behind")
    assert took < RECOVERS
    with naru.connect() as late:
        late.send(call)
        assert late.answer().status == 200
    assert naru.log().count("listen.no_descriptors") <= 20  # told, and not for ever
