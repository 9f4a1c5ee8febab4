"""What the kernel says of processes (proc(5))."""
from pathlib import Path


def is_there(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its parent does not."""
    try:
        return _stat(pid)[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields behind its name."""
    return Path(f"/proc/{int(pid)}/stat").read_text().rsplit(")", 1)[1].split()
