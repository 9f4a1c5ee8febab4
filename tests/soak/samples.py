"""What the process takes over time, and the arithmetic on it."""
import math
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    at: float       # seconds behind the start
    rss_mib: float
    fds: int
    threads: int


class Sampler:
    """Looks at a process once a second until told to stop."""

    def __init__(self, pid: int):
        self.pid, self.taken = pid, []
        self._start = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            self.taken.append(look(self.pid, time.monotonic() - self._start))


def look(pid: int, at: float) -> Sample:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return Sample(at, int(fields["VmRSS"].split()[0]) / 1024, len(os.listdir(f"/proc/{pid}/fd")),
                  int(fields["Threads"]))


@dataclass(frozen=True)
class Line:
    """A straight line through points: its slope, and how sure that is."""
    slope: float
    error: float  # one standard error of the slope


def fit(points: list[tuple[float, float]]) -> Line:
    """Least squares; no slope of fewer than three points."""
    n = len(points)
    if n < 3:
        return Line(0.0, math.inf)
    mean_x, mean_y = (sum(axis) / n for axis in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
    return Line(slope, math.sqrt(rest / (n - 2) / spread))


def floors(samples: list[Sample], seconds: float) -> list[tuple[float, float]]:
    """(hours, MiB): the least memory of each stretch of so many seconds. What calls under way hold
    comes and goes; what is never given back lifts the floor."""
    stretches: dict[int, list[Sample]] = {}
    for sample in samples:
        stretches.setdefault(int(sample.at / seconds), []).append(sample)
    return [((number + 0.5) * seconds / 3600, min(each.rss_mib for each in stretch))
            for number, stretch in sorted(stretches.items())]
