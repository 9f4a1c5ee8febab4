"""Runs a long command with its output in a log and a short sign of progress for a person."""
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .cache import Refused, Trouble, explain, say

STEP = re.compile(r"^\[(\d+)/(\d+)\] |^ *(\d+)/(\d+) Test ")
QUIET_SECONDS = 15.0  # between two lines when nobody looks at a terminal


class Meter:
    """Shows `label [n/m]`: in place on a terminal, else a line now and then."""

    def __init__(self, label: str):
        self.label = label
        self.terminal = sys.stderr.isatty()
        self.shown = time.monotonic()

    def feed(self, line: str) -> None:
        step = STEP.match(line)
        if not step:
            return
        text = f"  {self.label}: {step[1] or step[3]} of {step[2] or step[4]} steps"
        if self.terminal:
            print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self.shown >= QUIET_SECONDS:
            self.shown = time.monotonic()
            say(text)

    def end(self) -> None:
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def run(label: str, command: list[str], log: Path, **options) -> int:
    """Exit status of `command`; everything it prints is appended to `log`."""
    if shutil.which(command[0]) is None:
        raise Trouble(f"{command[0]} is missing; run tools/setup serve test")
    try:
        return run_logged(Meter(label), command, log, options)
    except OSError as e:
        raise Refused(f"{label}: {explain(e, log, 'free some', 'mend that')}") from e


def run_logged(meter: Meter, command: list[str], log: Path, options: dict) -> int:
    with open(log, "a", encoding="utf-8") as out:
        out.write(f"$ {' '.join(map(str, command))}\n")
        with subprocess.Popen(command, text=True, errors="replace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              **options) as child:
            try:
                for line in child.stdout:
                    out.write(line)
                    out.flush()
                    meter.feed(line)
            except BaseException:
                child.terminate()
                raise
        meter.end()
        return child.returncode


def tail(log: Path, lines: int = 40) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def must_run(label: str, command: list[str], log: Path, **options) -> None:
    status = run(label, command, log, **options)
    if status != 0:
        text = tail(log)
        hint = "the disk is full; free some space" if "No space left" in text else "see above"
        say(text)
        raise Trouble(f"{label} ended with status {status} ({hint}); its whole log is {log}")
