"""A running `naru mock`."""
import json
import subprocess
import tempfile
from pathlib import Path

from . import wait
from .client import Client
from .gateway import binary


class Mock:
    """A provider that does what the model's name says: `m?chunks=60&spacing=100ms`."""

    def __init__(self, folder: Path | None = None, port: int = 0):
        self.log = (folder or Path(tempfile.mkdtemp())) / "mock.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([binary(), "mock", "--port", str(port)], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        self.url = wait.until(self._url, "the mock is ready")

    def _url(self) -> str | None:
        text = self.log.read_text()
        assert self.process.poll() is None, text
        words = text.split()
        urls = [word.rstrip(";") for word in words if word.startswith("http://")]
        return urls[0] if urls and text.endswith("\n") else None

    def __enter__(self) -> "Mock":
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        assert self.process.wait(20) == 0, self.log.read_text()

    def kill(self) -> int:
        """Ends it at once, as a crash does; the port where another may take its place."""
        self.process.kill()
        self.process.wait()
        return int(self.url.rsplit(":", 1)[1])

    def journal(self) -> list[dict]:
        with Client(self.url) as client:
            return json.loads(client.call("GET", "/mock/journal").body)["requests"]
