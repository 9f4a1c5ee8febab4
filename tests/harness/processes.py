"""What the kernel says of processes (proc(5))."""
from pathlib import Path
from typing import Callable


def is_there(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its parent does not."""
    try:
        return _stat(pid)[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def zombies_of(parent: int) -> set[int]:
    """Children that have ended and were not asked how."""
    return {pid for pid in _all()
            if _fits(lambda: _stat(pid)[0] == "Z" and parent_of(pid) == parent)}


def naming(path: Path) -> set[int]:
    """Those whose command line has `path` in it."""
    wanted = bytes(path)
    return {pid for pid in _all()
            if _fits(lambda: wanted in Path(f"/proc/{pid}/cmdline").read_bytes())}


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _fits(asked: Callable[[], bool]) -> bool:
    """What `asked` says of a process, or no where it has ended meanwhile."""
    try:
        return asked()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _stat(pid: int) -> list[str]:
    """The fields behind its name."""
    return Path(f"/proc/{int(pid)}/stat").read_text().rsplit(")", 1)[1].split()
