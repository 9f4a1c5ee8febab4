"""What the benchmark knows of a gateway: how to install it, start it before an upstream, end it."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable
from urllib.error import URLError
from urllib.request import urlopen

from naru_tools.cache import Trouble

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120.0  # Python gateways take their time
END_SECONDS = 10.0


@dataclass
class Running:
    """A gateway that serves. `url` stands before `/v1/…`; `model` is what its clients ask for."""
    url: str
    process: subprocess.Popen | None  # the root of its processes; none: nothing was started
    model: str = "m"
    headers: dict[str, str] = field(default_factory=dict)
    dialect: str = "openai_chat"  # what its clients speak, a key of `requests.DIALECTS`

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_) -> None:
        """Asks it to end, with all it started; kills what has not, its root or what that left."""
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_SECONDS)


@dataclass(frozen=True)
class System:
    """One row of the tables. `start` is given a folder for its files and the URL of an upstream
    that speaks as api.openai.com and api.anthropic.com do, without `/v1`."""
    name: str
    about: str  # how it is set up, for readers of the report
    install: Callable[[], None]
    version: Callable[[], str]
    start: Callable[[Path, str], Running]


def install_debian() -> None:
    """Installs what tools/packages-bench.txt names, or says what to run for it."""
    if subprocess.run([ROOT / "tools/setup", "bench"], check=False).returncode != 0:
        raise Trouble("Debian packages are missing, see above")


def version_in(*command: Path | str) -> str:
    """The first version in what `command` says."""
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(r"\d+\.\d+\.\d+[\w.+-]*", said.stdout + said.stderr)
    if not match:
        raise Trouble(f"{command[0]} tells no version: {(said.stdout + said.stderr)[:200]!r}")
    return match[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def spawn(command: list, folder: Path, environment: dict[str, str] | None = None
          ) -> subprocess.Popen:
    """Starts it in a process group of its own; what it says goes to `folder`/log."""
    with (folder / "log").open("ab") as log:
        return subprocess.Popen([str(word) for word in command], cwd=folder, stdout=log, stderr=log,
                                stdin=subprocess.DEVNULL, start_new_session=True,
                                env={**os.environ, **(environment or {})})


def wait_for(url: str, running: Running, folder: Path) -> Running:
    """Until `url` answers 200. Fails with the last it said if it ends, or takes too long."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and running.process.poll() is None:
        try:
            with urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return running
        except (URLError, OSError):
            time.sleep(0.002)  # the time to be ready is a figure, too
    running.__exit__()
    said = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuntimeError(f"{running.process.args[0]} does not answer at {url}:\n{said}")
