"""One soak: the stage, the traffic, the faults, and what was seen of them."""
import time
from dataclasses import dataclass
from pathlib import Path

from harness import sanitizers, wait
from harness.gateway import binary

from . import verdict
from .faults import Faults
from .samples import Sample, Sampler
from .stage import Stage
from .traffic import Traffic

QUIET_AT_LAST = 60.0  # seconds until nothing may be under way any more


@dataclass
class Outcome:
    checks: list[verdict.Check]
    report: str  # Markdown
    samples: list[Sample]

    @property
    def failed(self) -> list[verdict.Check]:
        return [check for check in self.checks if not check.holds]


def run(folder: Path, seconds: float, pace: float, seed: int, whole: bool) -> Outcome:
    """Lasts so long, with faults `pace` times as far apart as their table says; `whole` also
    judges what only minutes show."""
    with Stage(folder) as stage:
        traffic = Traffic(stage, seed)
        faults, sampler = Faults(stage, seconds, pace), Sampler(stage.naru.process.pid)
        try:
            wait.until(lambda: time.monotonic() - traffic.start >= seconds or
                       stage.naru.process.poll() is not None, "the end", seconds + 60)
        finally:
            faults.stop()
            traffic.stop()
            sampler.stop()
        assert stage.naru.process.poll() is None, f"naru died:\n{stage.naru.log()[-4000:]}"
        left = settled(stage)
        checks = verdict.of_calls(stage, traffic, faults)
        table = verdict.minutes(traffic.made, sampler.taken)
        if whole:
            checks += verdict.of_time(table, sampler.taken)
            if not sanitizers.are_in(binary()):
                checks.append(verdict.of_memory(sampler.taken))
        stage.naru.close(check=False)
        checks += verdict.of_end(left, stage.found_reports(), stage.naru.exit_status)
    return Outcome(checks, verdict.markdown(checks, table, traffic), sampler.taken)


def settled(stage: Stage) -> dict[str, float]:
    """What is still under way when all clients have gone and some time has passed."""
    try:
        wait.until(lambda: not verdict.is_quiet(stage), "nothing is under way", QUIET_AT_LAST)
    except wait.Late:
        pass
    return verdict.is_quiet(stage)
