"""Rounds: each system in turn, all measures of one before the next, and again; then medians."""
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from .measures import Measure
from .system import System
from .upstream import Upstream


@dataclass
class Seen:
    """Figures of one system by name, a value a round; and what kept some from being taken."""
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    troubles: list[str] = field(default_factory=list)

    def middle(self, name: str) -> float | None:
        return median(self.values[name]) if self.values.get(name) else None

    def spread(self, name: str) -> float | None:
        """Between the least and the most, as a share of the middle."""
        values, middle = self.values.get(name), self.middle(name)
        return (max(values) - min(values)) / middle if values and middle else None


def run(systems: list[System], measures: tuple[Measure, ...], rounds: int, scale: float,
        binary: Path) -> dict[str, Seen]:
    """A system that fails in a measure goes on with the next; what it said is kept."""
    seen = {system.name: Seen() for system in systems}
    with tempfile.TemporaryDirectory(prefix="naru-bench-") as scratch:
        with Upstream(Path(scratch) / "upstream", binary) as upstream:
            for number in range(rounds):
                for system in systems:
                    folder = Path(scratch) / f"{number}" / system.name.replace(" ", "_")
                    folder.mkdir(parents=True)
                    say(f"round {number + 1} of {rounds}: {system.name}")
                    take(system, measures, seen[system.name], folder, upstream.url, scale)
    return seen


def take(system: System, measures: tuple[Measure, ...], seen: Seen, folder: Path, upstream: str,
         scale: float) -> None:
    began = time.monotonic()
    try:
        running = system.start(folder, upstream)
    except (RuntimeError, OSError) as e:
        return note(seen, f"start: {e}")
    with running:
        if running.process:
            seen.values["ready_ms"].append((time.monotonic() - began) * 1000)
        for measure in measures:
            try:
                for name, value in measure.take(running, folder, scale).items():
                    seen.values[name].append(value)
            except RuntimeError as e:
                note(seen, f"{measure.name}: {e}")


def note(seen: Seen, trouble: str) -> None:
    say(f"  {trouble}")
    seen.troubles.append(trouble)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
