"""What a tree of processes takes, by the operating system's own accounting."""
import os
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds; what /proc counts CPU time in


def _stat(pid: int) -> list[str]:
    """Its fields from the state on; the name before them may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()


def tree(root: int) -> list[int]:
    """The process and all it started, theirs too."""
    parents = {}
    for name in os.listdir("/proc"):
        try:
            if name.isdigit():
                parents[int(name)] = int(_stat(int(name))[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the tree so far, of children that ended too."""
    total = 0
    for pid in tree(root):
        try:
            total += sum(int(ticks) for ticks in _stat(pid)[11:15])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total * TICK


def memory_mib(root: int) -> float:
    """Proportional set size of the tree: what it shares is counted once."""
    kib = 0
    for pid in tree(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        kib += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kib / 1024
