"""A naru that is followed by others: its binary can be replaced, and its process changes."""
import os
import signal
import subprocess
from pathlib import Path

from . import processes, wait
from .gateway import START, Gateway, binary


class Relay(Gateway):
    """Started from a path of its own, where a test may put what it likes."""

    def __init__(self, folder: Path, documents: str, **options):
        self.program = folder / "bin" / "naru"
        self.program.parent.mkdir(parents=True, exist_ok=True)
        self.put()
        super().__init__(folder, documents, **options)

    def binary(self) -> Path:
        return self.program

    def put(self, script: str | None = None, mode: int = 0o755) -> None:
        """Replaces the binary by rename, as installers do: by naru itself, or by a script."""
        part = self.program.with_suffix(".part")
        part.unlink(missing_ok=True)
        if script is None:
            part.symlink_to(binary())
        else:
            part.write_text(script, encoding="utf-8")
            part.chmod(mode)
        part.rename(self.program)

    def upgrade(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([binary(), "--data-dir", self.data, "upgrade", *words],
                              capture_output=True, text=True, env=self.environment,
                              timeout=START * 2, check=False)

    def upgraded(self, *words: str) -> int:
        """Carries an upgrade out, which must go well; the process id that serves then."""
        before = self.state()["pid"]
        done = self.upgrade(*words)
        assert done.returncode == 0, f"{done.stderr}\n{self.log()[-4000:]}"
        after = self.state()
        assert after["pid"] != before
        assert f"(pid {before}) has handed over to naru" in done.stdout
        assert f"(pid {after['pid']})" in done.stdout
        return after["pid"]

    def state(self) -> dict:
        return self.admin("GET", "/admin/v1/upgrade")

    def has_ended(self, pid: int) -> bool:
        if pid == self.process.pid:
            return self.process.poll() is not None
        return not processes.is_there(pid)

    def wait_for_end(self, pid: int, seconds: float = START) -> None:
        wait.until(lambda: self.has_ended(pid), f"the process {pid} has ended", seconds)

    def close(self, check: bool = True) -> None:
        """Ends the one that serves now; the first one must have ended well if it was followed."""
        locks = self.data / "naru.lock"
        pid = int(locks.read_text()) if locks.is_file() else self.process.pid
        if pid == self.process.pid:
            super().close(check)
            return
        if processes.is_there(pid):
            os.kill(pid, signal.SIGTERM)
        try:
            self.wait_for_end(pid)
            self.exit_status = self.process.wait(START)
        finally:
            for left in (pid, self.process.pid):
                if not self.has_ended(left):
                    os.kill(left, signal.SIGKILL)
        if check:
            assert self.exit_status == 0, \
                f"naru ended with {self.exit_status}:\n{self.log()[-4000:]}"
