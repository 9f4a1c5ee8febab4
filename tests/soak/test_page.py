"""docs/reliability.md names the test behind each promise; none of the names is made up."""
import re
from pathlib import Path

from harness.gateway import source_dir


def test_every_test_that_the_page_names_exists():
    page = (source_dir() / "docs/reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", page)
    assert len(named) > 40
    missing = [f"{file}::{name}" for file, name in named if not is_there(file, name)]
    assert not missing


def is_there(file: str, name: str) -> bool:
    path: Path = source_dir() / "tests/gateway" / file
    return path.is_file() and f"\ndef {name}(" in path.read_text(encoding="utf-8")
