"""Shepherd Model Gateway (Rust, from PyPI) as a router before an OpenAI provider."""
from pathlib import Path

from naru_tools import sdks

from ..system import Running, System, free_port, spawn, version_in, wait_for

REQUIREMENTS = Path(__file__).with_name("smg.txt")


def python() -> Path:
    return sdks.python(REQUIREMENTS)


def start(folder: Path, upstream: str) -> Running:
    port = free_port()
    # Its monitor of loads asks the upstream for what only inference engines answer.
    process = spawn([python(), "-m", "smg", "launch", "--backend", "openai",
                     "--worker-urls", upstream, "--host", "127.0.0.1", "--port", port,
                     "--prometheus-host", "127.0.0.1", "--prometheus-port", free_port(),
                     "--disable-load-monitoring", "--log-level", "warn"], folder)
    running = Running(f"http://127.0.0.1:{port}", process)
    return wait_for(f"{running.url}/readiness", running, folder)


SYSTEM = System(
    name="SMG",
    about="Shepherd Model Gateway with --backend openai and one worker, the upstream: as it comes "
          "but for its log (warnings) and its load monitor (off)",
    install=python,
    version=lambda: version_in(python(), "-m", "smg", "--version"),
    start=start)
