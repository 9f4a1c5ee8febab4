"""What is measured of a system: a table of measures, each of which gives figures by name."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import processes
from .load import Figures, Load, run
from .system import Running

WORDS = "text=~&input_tokens=1"
BURST = Load(f"{WORDS}&chunks=600&cut_every=16384", marks=600)
PACED = Load(f"{WORDS}&chunks=200&spacing=20ms", connections=500, marks=200, warm_up=5)
RATES = (500, 1000, 2000)  # requests a second
HELD = Load(f"{WORDS}&chunks=40&spacing=500ms", connections=2000, marks=40, warm_up=6, seconds=15)
REST = 3.0  # seconds behind a load until memory is looked at


@dataclass(frozen=True)
class Measure:
    """`take` gives its figures; `scale` shortens it for trials."""
    name: str
    take: Callable[[Running, Path, float], dict[str, float]]


def scaled(load: Load, scale: float, **changes) -> Load:
    fields = {**load.__dict__, "seconds": load.seconds * scale, **changes}
    return Load(**fields)


def plain(running: Running, folder: Path, scale: float) -> dict[str, float]:
    """As many requests as it takes, over 32 connections."""
    got = run(scaled(Load(), scale), running, folder)
    return {"cpu_us_request": got.cpu_seconds / got.answers * 1e6,
            "requests_s": got.answers / got.told["seconds"]}


def _events(got: Figures) -> dict[str, float]:
    return {"cpu_us_event": got.cpu_seconds / got.told["marks"] * 1e6,
            "events_s": got.told["marks"] / got.told["seconds"]}


def burst(running: Running, folder: Path, scale: float) -> dict[str, float]:
    return {f"burst_{name}": value
            for name, value in _events(run(scaled(BURST, scale), running, folder)).items()}


def paced(running: Running, folder: Path, scale: float) -> dict[str, float]:
    return {f"paced_{name}": value
            for name, value in _events(run(scaled(PACED, scale), running, folder)).items()}


def latency(running: Running, folder: Path, scale: float) -> dict[str, float]:
    """Requests that arrive by chance, whether or not those before them have their answer."""
    figures = {}
    for rate in RATES:
        got = run(scaled(Load(rate=rate, connections=512), scale), running, folder)
        for name in ("p50", "p99"):
            figures[f"{name}_us_at_{rate}"] = got.told["whole_us"][name]
        figures[f"answered_at_{rate}"] = got.answers / got.told["seconds"] / rate
    return figures


def memory(running: Running, folder: Path, scale: float) -> dict[str, float]:
    """Now, while it holds 2,000 streams, and when they have gone."""
    if not running.process:
        return {}
    root, figures = running.process.pid, {}
    figures["idle_mib"] = processes.memory_mib(root)
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(run, scaled(HELD, scale), running, folder)
        threading.Event().wait(HELD.warm_up + 1)
        figures["streams_mib"] = processes.memory_mib(root)
        load.result()
    time.sleep(REST)
    figures["after_mib"] = processes.memory_mib(root)
    return figures


MEASURES = (Measure("memory", memory), Measure("plain", plain), Measure("burst", burst),
            Measure("paced", paced), Measure("latency", latency))
