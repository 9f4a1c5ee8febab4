"""What a sanitized naru is told, and how its reports are found."""
import os
from pathlib import Path

SIGNS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
         "runtime error: ", "AddressSanitizer:DEADLYSIGNAL")
TOOLS = ("ASAN", "UBSAN", "LSAN", "TSAN")


def are_in(binary: Path) -> bool:
    data = binary.read_bytes()
    return any(sign in data for sign in (b"__asan_init", b"__tsan_init"))


def that_give_memory_back() -> dict[str, str]:
    """AddressSanitizer keeps 256 MiB of freed memory from being used again, so that resident size
    says nothing of what naru holds; with these settings it keeps little, and gives pages back."""
    return {"ASAN_OPTIONS": _more("ASAN", "quarantine_size_mb=4:thread_local_quarantine_size_kb=16:"
                                  "allocator_release_to_os_interval_ms=500")}


def that_report_to(path: Path, environment: dict[str, str]) -> dict[str, str]:
    """`environment`, with reports going to files whose names begin with `path`."""
    return {**environment,
            **{f"{tool}_OPTIONS": _more(tool, f"log_path={path}", environment) for tool in TOOLS}}


def reports(path: Path, log: str) -> list[str]:
    """The reports in files that begin with `path`, and the lines of `log` that are of one."""
    files = sorted(path.parent.glob(f"{path.name}.*"))
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    return texts + [line for line in log.splitlines() if any(sign in line for sign in SIGNS)]


def _more(tool: str, options: str, environment: dict[str, str] | None = None) -> str:
    name = f"{tool}_OPTIONS"
    given = (environment or {}).get(name) or os.environ.get(name, "")
    return f"{given}:{options}" if given else options
