"""What goes wrong, and when: a table, and a hand that keeps to it."""
import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable

from harness.client import request
from harness.open_loop import Call, offer

from .stage import SMALL_DELAY, SMALL_PLACES, Stage
from .traffic import CHAT, body_of

DOWN = 1.5                                     # seconds an upstream is away
BURST = int(4 * SMALL_PLACES / SMALL_DELAY)    # calls within a second: four times what is served


@dataclass(frozen=True)
class Fault:
    name: str
    every: float  # seconds
    strike: Callable[["Faults"], bool | None]  # False: there was nothing to strike


class Faults:
    """Strikes when due, one fault after the other, beside the traffic."""

    def __init__(self, stage: Stage, seconds: float, pace: float):
        self.stage, self.seconds, self.pace = stage, seconds, pace
        self.struck: Counter = Counter()
        self.burst: list[Call] = []
        self.burst_key = stage.naru.key("burst")
        self.troubles: list[str] = []
        self._over = threading.Event()
        self._hand = ThreadPoolExecutor(1)
        self._done = self._hand.submit(self._keep_to_the_table)

    def stop(self) -> None:
        self._over.set()
        self._done.result()
        self._hand.shutdown()

    def _keep_to_the_table(self) -> None:
        start = time.monotonic()
        due = {fault: min(fault.every * self.pace, self.seconds) / 2 for fault in TABLE}
        while not self._over.wait(0.1):
            for fault in TABLE:
                if time.monotonic() - start >= due[fault] and not self._over.is_set():
                    due[fault] += fault.every * self.pace
                    self._strike(fault)

    def _strike(self, fault: Fault) -> None:
        try:
            if fault.strike(self) is not False:
                self.struck[fault.name] += 1
        except (OSError, AssertionError) as e:
            self.troubles.append(f"{fault.name}: {type(e).__name__}: {e}")


def reload_documents(faults: Faults) -> None:
    """With one model more or less each time."""
    stage = faults.stage
    more = "---\nkind: Model\nname: now\ntargets: [{upstream: chat}]\n"
    text = stage.text + (more if faults.struck["SIGHUP"] % 2 == 0 else "")
    stage.naru.write(text)
    stage.naru.process.send_signal(signal.SIGHUP)


def break_documents(faults: Faults) -> None:
    naru = faults.stage.naru
    naru.write(faults.stage.text + "---\nkind: Nothing\n")
    naru.admin("POST", "/admin/v1/reload", status=422)
    naru.write(faults.stage.text)
    naru.admin("POST", "/admin/v1/reload")


def kill_engine(faults: Faults) -> bool:
    if not faults.stage.has_engine:
        return False
    state = faults.stage.engine()
    if state["phase"] == "ready":
        os.kill(state["pid"], signal.SIGKILL)
    return state["phase"] == "ready"


def kill_upstream(faults: Faults) -> None:
    faults.stage.restart_mortal(lambda: faults._over.wait(DOWN))


def burst(faults: Faults) -> None:
    data = request("POST", CHAT, body_of(CHAT, "small"),
                   {"authorization": f"Bearer {faults.burst_key}"})
    faults.burst += offer(faults.stage.naru.address,
                          [Call("burst", i / BURST, data) for i in range(BURST)])


# At pace 1; the short form strikes faster. An engine that dies five times within ten minutes is
# given up, so it has to be killed less often than that.
TABLE = (
    Fault("SIGHUP", 10, reload_documents),
    Fault("bad documents", 45, break_documents),
    Fault("kill -9 of the engine", 240, kill_engine),
    Fault("kill -9 of an upstream", 40, kill_upstream),
    Fault("burst of four times what is served", 30, burst),
)
