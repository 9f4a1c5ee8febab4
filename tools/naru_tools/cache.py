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
    status = 1


class Refused(Trouble):
    """What the system refused: room, rights, a file in the way. Exit 2."""
    status = 2


def say(text: str) -> None:
    """Progress for a person goes to stderr: stdout carries results alone."""
    print(text, file=sys.stderr, flush=True)


def cache_dir() -> Path:
    named = os.environ.get("NARU_CACHE")
    if not named:
        named = Path.home() / ".cache/naru"
    path = Path(named).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise Refused(f"cache folder {path} cannot be made ({e.strerror}); "
                      "set NARU_CACHE to a folder you may write to") from e
    return path


ELSEWHERE = "free some, or set NARU_CACHE to a folder on another disk"


def need_space(path: Path, mib: int, remedy: str) -> None:
    free = shutil.disk_usage(path).free >> 20
    if free < mib:
        raise Trouble(f"disk too full: {path} has {free} MiB free, this step needs {mib} MiB; "
                      f"{remedy}")


def explain(e: OSError, where: Path | str, room: str = ELSEWHERE,
            rights: str = "set NARU_CACHE to a folder you may write to") -> str:
    """One sentence with what to do: `room` when there is no space, `rights` when it may not."""
    if e.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"disk full in {e.filename or where}; {room}; then run again"
    if isinstance(e, PermissionError):
        return f"{e.filename or where}: no permission; {rights}"
    return f"{e.filename or where}: {e.strerror or e}; mend that, then run again"


def clear(part: Path) -> None:
    """Takes away what a killed run left, be it a folder or a file."""
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(name: str):
    """Holds the lock of one entry; the kernel drops it when the process dies."""
    path = cache_dir() / f"{name}.lock"
    try:
        file = open(path, "a", encoding="ascii")
    except OSError as e:
        raise Refused(explain(e, path)) from e
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
        try:
            clear(part)
            part.mkdir()
            make(part)
            part.rename(done)
        except OSError as e:
            raise Refused(explain(e, part)) from e
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return done


def run_tool(main: Callable[[], int]) -> None:
    """Runs a tool's main; troubles become one readable message and exit 1 or 2, ^C exit 130."""
    try:
        sys.exit(main())
    except Trouble as e:
        say(f"{Path(sys.argv[0]).name}: {e}")
        sys.exit(e.status)
    except OSError as e:
        say(f"{Path(sys.argv[0]).name}: {explain(e, Path.cwd(), 'free some', 'mend that')}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("stopped; run it again to continue")
        sys.exit(130)
