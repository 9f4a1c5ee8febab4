"""Waiting for what can be observed, with an end."""
import time
from typing import Callable, TypeVar

T = TypeVar("T")
PATIENCE = 20.0  # seconds until something that must happen counts as not happening
PAUSE = 0.005    # between two looks


class Late(AssertionError):
    """What was waited for did not come."""


def until(look: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """The first true value that `look` gives; Late, naming `what`, after `seconds`."""
    give_up = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > give_up:
            raise Late(f"{what}: not within {seconds} s")
        time.sleep(PAUSE)


def gone_by(seconds: float) -> None:
    """So much time: for what takes its time, and what must not happen meanwhile."""
    over = time.monotonic() + seconds
    until(lambda: time.monotonic() >= over, f"{seconds} s have gone by", seconds + PATIENCE)
