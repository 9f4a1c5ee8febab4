"""The cache of what others made: `$NARU_CACHE`, else `~/.cache/naru`.

An entry appears under its final name only when it is whole: it is made in `<name>.part` beside it
under a lock and renamed at the end, so a killed run leaves nothing that the next one would trust.
"""
import contextlib
import errno
import fcntl
import os
import shutil
import sys
from pathlib import Path
from typing import Callable


class Trouble(Exception):
    """What stopped a tool, with what to do about it; printed as one message, exit 1."""


def say(text: str) -> None:
    """Progress for a person goes to stderr: stdout carries results alone."""
    print(text, file=sys.stderr, flush=True)


def cache_dir() -> Path:
    named = os.environ.get("NARU_CACHE")
    if not named:
        named = os.path.join(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "naru")
    path = Path(named).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise Trouble(f"cache folder {path} cannot be made ({e.strerror}); "
                      "set NARU_CACHE to a folder you may write to") from e
    return path


ELSEWHERE = "free some, or set NARU_CACHE to a folder on another disk"


def need_space(path: Path, mib: int, remedy: str) -> None:
    free = shutil.disk_usage(path).free >> 20
    if free < mib:
        raise Trouble(f"disk too full: {path} has {free} MiB free, this step needs {mib} MiB; "
                      f"{remedy}")


def explain(e: OSError, where: Path) -> str:
    if e.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"disk full in {where}; {ELSEWHERE}; then run again"
    if isinstance(e, PermissionError):
        return f"{e.filename or where}: no permission; set NARU_CACHE to a folder you may write to"
    return f"{e.filename or where}: {e.strerror or e}"


@contextlib.contextmanager
def locked(name: str):
    """Holds the lock of one entry; the kernel drops it when the process dies."""
    path = cache_dir() / f"{name}.lock"
    try:
        file = open(path, "a", encoding="ascii")
    except OSError as e:
        raise Trouble(explain(e, path)) from e
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run is making {name}; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def entry(name: str, mib: int, make: Callable[[Path], None]) -> Path:
    """The folder `name` of the cache; `make` fills an empty one when it is not there yet."""
    done = cache_dir() / name
    if done.is_dir():
        return done
    with locked(name):
        if done.is_dir():
            return done
        need_space(done.parent, mib, ELSEWHERE)
        part = done.with_name(f"{name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            make(part)
            part.rename(done)
        except OSError as e:
            raise Trouble(explain(e, part)) from e
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return done


def run_tool(main: Callable[[], int]) -> None:
    """Runs a tool's main; troubles become one readable message and exit 1, ^C exit 130."""
    try:
        sys.exit(main())
    except Trouble as e:
        say(f"{Path(sys.argv[0]).name}: {e}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("stopped; run it again to continue")
        sys.exit(130)
