"""A running `naru serve` with documents and a data directory of its own."""
import json
import os
import signal
import subprocess
from pathlib import Path

from . import wait, wire
from .client import Client, EventStream, request

START = 60.0  # seconds; sanitizers and busy machines are slow
LISTENERS = """kind: Gateway
data: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
log: {level: debug, format: json}
"""
UPSTREAM_KEY = "sk-upstream-secret-canary"


def binary() -> Path:
    return Path(os.environ["NARU_BINARY"])


def source_dir() -> Path:
    return Path(os.environ.get("NARU_SOURCE_DIR", Path(__file__).parents[2]))


class Gateway:
    """Starts at once; `close` ends it and says whether it ended well."""

    def __init__(self, folder: Path, documents: str, gateway_document: str = LISTENERS,
                 environment: dict[str, str] | None = None, wait_ready: bool = True,
                 arguments: tuple[str, ...] = (), open_files: int | None = None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "naru.yaml"
        self.data = folder / "data"
        self.log_path = folder / "stderr.log"
        self.arguments = arguments
        self.limiter = [] if open_files is None else ["prlimit", f"--nofile={open_files}"]
        self.environment = {**os.environ, "UPSTREAM_KEY": UPSTREAM_KEY, **(environment or {})}
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
            for spelling in (name, name.lower()):
                if spelling not in (environment or {}):
                    self.environment.pop(spelling, None)
        self.write(gateway_document + "---\n" + documents)
        self.process: subprocess.Popen | None = None
        self.exit_status: int | None = None
        self.start(wait_ready)

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, kind, *_) -> None:
        self.close(check=kind is None)

    def binary(self) -> Path:
        return binary()

    def write(self, documents: str) -> None:
        """Replaces the documents by rename, as an editor does."""
        part = self.config.with_suffix(".part")
        part.write_text(documents, encoding="utf-8")
        part.rename(self.config)

    def start(self, wait_ready: bool = True) -> None:
        for name in ("data.address", "admin.address"):
            (self.data / name).unlink(missing_ok=True)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.limiter, self.binary(), "--data-dir", self.data, "serve", "--config",
                 self.config,
                 *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        if wait_ready:
            self.wait_ready()

    def wait_ready(self) -> None:
        wait.until(self._ready_or_dead, "naru is ready", START)
        if self.process.poll() is not None:
            raise AssertionError(f"naru ended with {self.process.returncode}:\n{self.log()}")

    def _ready_or_dead(self) -> bool:
        files = (self.data / "data.address", self.data / "admin.address",
                 self.data / "admin.token")
        return self.process.poll() is not None or \
            all(file.is_file() and file.read_text().strip() for file in files)

    @property
    def address(self) -> str:
        return (self.data / "data.address").read_text().strip()

    @property
    def admin_address(self) -> str:
        return (self.data / "admin.address").read_text().strip()

    @property
    def token(self) -> str:
        return (self.data / "admin.token").read_text().strip()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    # Calls

    def connect(self) -> Client:
        return Client(self.address)

    def call(self, method: str, path: str, body=None, key: str | None = None,
             headers: dict[str, str] | None = None) -> wire.Message:
        with self.connect() as client:
            return client.call(method, path, body, self._with_key(key, headers))

    def post(self, path: str, body, key: str, headers: dict[str, str] | None = None):
        return self.call("POST", path, body, key, headers)

    def stream(self, path: str, body, key: str, headers: dict[str, str] | None = None):
        """A connection and the events of the answer to `body`, read as the test goes on."""
        client = self.connect()
        client.send(request("POST", path, body, self._with_key(key, headers)))
        return client, EventStream(client)

    @staticmethod
    def _with_key(key: str | None, headers: dict[str, str] | None) -> dict[str, str]:
        own = {"authorization": f"Bearer {key}"} if key is not None else {}
        return {**own, **(headers or {})}

    def admin(self, method: str, path: str, body=None, status: int = 200):
        """A call of the management API, as JSON; checks the status."""
        with Client(self.admin_address) as client:
            answer = client.call(method, path, body, {"authorization": f"Bearer {self.token}"})
        assert answer.status == status, f"{method} {path}: {answer.start} {answer.body!r}"
        is_json = (answer.header("content-type") or "").startswith("application/json")
        return json.loads(answer.body) if is_json else answer.body.decode()

    def key(self, name: str = "test", **fields) -> str:
        return self.admin("POST", "/admin/v1/keys", {"name": name, **fields}, status=201)["key"]

    def exchange(self, request_id: str, seconds: float = 1.0) -> dict:
        """The ledger row of an exchange, which must be there within a second."""
        def look():
            with Client(self.admin_address) as client:
                answer = client.call("GET", f"/admin/v1/exchanges/{request_id}", None,
                                     {"authorization": f"Bearer {self.token}"})
                return json.loads(answer.body) if answer.status == 200 else None
        return wait.until(look, f"the ledger row of {request_id}", seconds)

    def verb(self, *words: str) -> str:
        """What a verb of naru's own command line prints about this gateway."""
        done = subprocess.run([binary(), "--data-dir", self.data, *words], capture_output=True,
                              text=True, env=self.environment, timeout=START, check=False)
        assert done.returncode == 0, f"naru {' '.join(words)}: {done.stderr}"
        return done.stdout

    # The process

    def rss_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    def cpu_seconds(self) -> float:
        """Of all its threads, so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self, check: bool = True) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.exit_status = self.process.wait(START)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.exit_status = None
        if check:
            assert self.exit_status == 0, \
                f"naru ended with {self.exit_status}:\n{self.log()[-4000:]}"
