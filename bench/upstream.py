"""What all gateways stand before: `naru mock`, told by the model's name what to do."""
import subprocess
import time
from pathlib import Path

from .system import END_SECONDS, START_SECONDS, spawn


class Upstream:
    """Starts at once; its address is its own choice."""

    def __init__(self, folder: Path, binary: Path):
        folder.mkdir(parents=True)
        self.process = spawn([binary, "mock", "--port", "0"], folder)
        self.url = self._address(folder / "log")

    def _address(self, log: Path) -> str:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            words = [word for word in log.read_text().split() if word.startswith("http://")]
            if words:
                return words[0].rstrip(";")
            time.sleep(0.01)
        raise RuntimeError(f"naru mock does not start:\n{log.read_text()}")

    def __enter__(self) -> "Upstream":
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
