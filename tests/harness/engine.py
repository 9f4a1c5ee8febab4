"""An engine that a test plays: a deployment's process whose listener the test answers on, with
scripts as for an upstream."""
import array
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from . import documents, wait, wire
from .upstream import Upstream

# Runs as the engine: gives its listener away and stays, as the process naru looks after.
PROGRAM = """#!{python}
import array, socket, sys, threading
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[sys.argv.index("--host") + 1])
listener.listen(512)
control = socket.socket(socket.AF_UNIX)
control.connect("{control}")
control.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                          array.array("i", [listener.fileno()]))])
threading.Event().wait()
"""
PROPS = '{"total_slots": %d, "default_generation_settings": {"n_ctx": 4096}}'
METRICS = "llamacpp:requests_processing 0\nllamacpp:n_decode_total 0\n"
READY = 60.0  # seconds; sanitizers and busy machines are slow


class Engine:
    """A deployment `local` whose one engine answers as its `upstream` is told."""

    def __init__(self, slots: int = 4):
        self.slots = slots
        self.folder = Path(tempfile.mkdtemp(prefix="engine-"))  # short: paths of sockets are
        self.program = self.folder / "engine"
        control = self.folder / "control"
        self.program.write_text(PROGRAM.format(python=sys.executable, control=control))
        self.program.chmod(0o755)
        self._control = socket.socket(socket.AF_UNIX)
        self._control.bind(str(control))
        self._control.listen()
        self.upstream: Upstream | None = None

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_) -> None:
        self._control.close()
        if self.upstream is not None:
            self.upstream.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def document(self, extra: str = "") -> str:
        return documents.deployment("local", extra=f"engine_path: {self.program}\n{extra}")

    def play(self) -> Upstream:
        """Answers from here on, once naru has started the process."""
        self._control.settimeout(READY)
        connection, _ = self._control.accept()
        with connection:
            _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(4))
        given = array.array("i", ancillary[0][2][:4])[0]
        self.upstream = PlayedEngine(self.slots, socket.socket(fileno=given))
        return self.upstream


class PlayedEngine(Upstream):
    """Answers what naru itself asks of an engine; the rest by script."""

    def __init__(self, slots: int, listener: socket.socket):
        self.slots = slots
        super().__init__(listener=listener)

    def own_answer(self, message: wire.Message) -> bytes | None:
        if message.method == "GET":
            body = {"/props": PROPS % self.slots, "/metrics": METRICS}.get(message.target, "{}")
            return wire.answer(body)
        return wire.answer("{}") if b'"cache_prompt":false' in message.body and \
            b'"content":"hi"}],"max_tokens":1,' in message.body else None


def state(naru, name: str = "local") -> dict:
    """What naru says of a deployment."""
    every = naru.admin("GET", "/admin/v1/deployments")["deployments"]
    return next(one for one in every if one["name"] == name)


def wait_ready(naru, name: str = "local") -> None:
    wait.until(lambda: state(naru, name)["phase"] == "ready", f"{name} is ready", READY)
