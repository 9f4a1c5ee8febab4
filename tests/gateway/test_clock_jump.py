"""The wall clock jumps a day, on and back, under a running naru: waits are as long as they were to
be, limits as they were. A library put before the system's own says what the time is."""
import shutil
import struct
import subprocess
import threading
import time

import pytest
from chats import DONE, chat, openai_answer, openai_chunk
from harness import documents, wire
from harness.gateway import LISTENERS
from harness.upstream import STALL

CHAT, DAY = "/v1/chat/completions", 86_400
CLOCK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile int64_t* jump;
__attribute__((constructor)) static void map(void) {
  const char* path = getenv("TEST_CLOCK");
  const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* at = mmap(0, sizeof *jump, PROT_READ, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) jump = at;
  close(fd);
}
int clock_gettime(clockid_t clock, struct timespec* time) {
  const int failed = syscall(SYS_clock_gettime, clock, time);
  if (!failed && clock == CLOCK_REALTIME && jump) time->tv_sec += *jump;
  return failed;
}
"""


class Clock:
    def __init__(self, folder):
        self.file, source = folder / "clock", folder / "clock.c"
        self.library = folder / "clock.so"
        source.write_text(CLOCK)
        compiler = shutil.which("clang-19") or "cc"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self.library, source],
                       check=True)
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """From here on the wall clock is so many seconds off."""
        with open(self.file, "r+b" if self.file.exists() else "w+b") as file:
            file.write(struct.pack("<q", seconds))

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "TEST_CLOCK": str(self.file)}


@pytest.fixture(params=[DAY, -DAY], ids=["on", "back"])
def stage(tmp_path, start, upstream, request):
    clock = Clock(tmp_path)
    naru = start(documents.upstream("u", upstream.url, extra="timeouts: {between_tokens: 1s}\n"
                                    "failures_to_open: 0") + documents.model("m", "u"),
                 gateway_document=LISTENERS + "limits: {ping: 100ms}\n",
                 environment=clock.environment)
    naru.upstream, naru.test_key = upstream, naru.key()
    naru.jump = lambda: clock.jump(request.param)
    naru.off = request.param
    return naru


def day_of(answer: wire.Message) -> str:
    return answer.header("date")


def test_it_is_seen_at_all(stage):
    before = day_of(stage.call("GET", "/health/live"))
    stage.jump()
    assert day_of(stage.call("GET", "/health/live"))[:16] != before[:16]


def test_stream_goes_on(stage):
    go = threading.Event()
    stage.upstream.then(wire.stream_head(), wire.chunk(openai_chunk("half")), go,
                        wire.chunk(openai_chunk("late") + openai_chunk(finish="stop") + DONE),
                        wire.LAST_CHUNK)
    client, events = stage.stream(CHAT, chat("m", stream=True), stage.test_key)
    with client:
        assert b"half" in events.next()
        stage.jump()
        assert b": ping" in events.line()
        go.set()
        text = events.rest()
    assert b"late" in text and text.count(DONE) == 1 and b'"error"' not in text
    assert stage.exchange(events.message.header("x-request-id"))["outcome"] == "ok"


def test_silence_is_as_long_as_before(stage):
    stage.upstream.then(wire.stream_head(), wire.chunk(openai_chunk("half")), STALL)
    client, events = stage.stream(CHAT, chat("m", stream=True), stage.test_key)
    with client:
        assert b"half" in events.next()
        began = time.monotonic()
        stage.jump()
        text = events.rest()
    assert b"upstream_timeout" in text and 0.9 < time.monotonic() - began < 3


def test_pause_of_a_retry_is_as_long_as_before(stage):
    stage.upstream.then(wire.answer("{}", 429, headers={"retry-after": "1"}))
    stage.upstream.then(openai_answer())
    threading.Thread(target=lambda: (stage.upstream.wait_for(1), stage.jump())).start()
    began = time.monotonic()
    assert stage.post(CHAT, chat("m"), stage.test_key).status == 200
    assert 0.9 < time.monotonic() - began < 3


def test_minutes_of_a_key_are_as_long_as_before(stage):
    stage.upstream.usual = [openai_answer()]
    key = stage.key("one a minute", requests_per_minute=1)
    first = stage.post(CHAT, chat("m"), key)
    stage.jump()
    assert (first.status, stage.post(CHAT, chat("m"), key).status) == (200, 429)
    rows = stage.admin("GET", "/admin/v1/exchanges")["exchanges"]
    assert first.header("x-request-id") in [row["request_id"] for row in rows]
