"""naru with clients of one provider before another: each event is read and written anew."""
from pathlib import Path

from ..system import Running, System
from . import naru


def start(folder: Path, upstream: str) -> Running:
    running = naru.start(folder, upstream)
    running.dialect = "anthropic"
    return running


SYSTEM = System("naru, translating", "Anthropic clients, an OpenAI upstream", naru.install,
                naru.version, start)
