"""One run of the load generator against a system, and what that cost the system."""
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import processes, requests
from .system import Running

ROOT = Path(__file__).resolve().parents[1]
GENERATOR = ROOT / "build/release/naru_load"


@dataclass(frozen=True)
class Load:
    """`plan`: what the upstream is told (docs/mock.md). Answers with `marks` are streams."""
    plan: str = "text=~&input_tokens=1"
    connections: int = 32
    rate: float = 0  # requests a second; 0: as many as it takes
    marks: int = 0
    warm_up: float = 1.0
    seconds: float = 4.0
    size: int = requests.CHAT_BYTES


@dataclass(frozen=True)
class Figures:
    """`told` is what the generator prints: answers, marks, whole_us, first_us, troubles, …"""
    told: dict
    cpu_seconds: float  # of the system, while it was measured

    @property
    def answers(self) -> int:
        return self.told["answers"]


def command(load: Load, running: Running, body: Path) -> list[str]:
    dialect = requests.DIALECTS[running.dialect]
    model = f"{running.model}?{load.plan}"
    make = requests.stream if load.marks else requests.plain
    body.write_bytes(make(running.dialect, model, load.size))
    words = [GENERATOR, "--port", running.url.rsplit(":", 1)[1], "--path", dialect.path,
             "--body", body, "--connections", load.connections, "--rate", load.rate,
             "--warm-up", load.warm_up, "--seconds", load.seconds, "--mark", requests.MARK,
             "--marks", load.marks or 1, "--end", dialect.end if load.marks else "}"]
    for name, value in running.headers.items():
        words += ["--header", f"{name}: {value}"]
    return [str(word) for word in words]


def run(load: Load, running: Running, folder: Path) -> Figures:
    """Fails if an answer was not whole, or none came."""
    with subprocess.Popen(command(load, running, folder / "body.json"), text=True,
                          stdout=subprocess.PIPE) as generator:
        assert generator.stdout is not None
        generator.stdout.readline()  # it begins to measure
        before = cpu(running)
        told = generator.stdout.readline()
        taken = cpu(running) - before
    if generator.returncode != 0:
        raise RuntimeError("the load generator failed")
    figures = Figures(json.loads(told), taken)
    if troubles := figures.told["troubles"]:
        raise RuntimeError(f"answers that were not whole: {troubles}")
    if not figures.answers and not figures.told["marks"]:
        raise RuntimeError("no answer came")
    return figures


def cpu(running: Running) -> float:
    return processes.cpu_seconds(running.process.pid) if running.process else 0.0
