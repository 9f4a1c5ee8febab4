"""The side-by-side benchmark works from end to end; its figures are judged by nobody here."""
import json
import subprocess
import sys
from pathlib import Path

from harness.gateway import source_dir

SYSTEMS = ["direct", "naru", "naru, translating"]


def test_figures_are_taken_and_reported(tmp_path):
    report = tmp_path / "performance.md"
    subprocess.run([sys.executable, "-m", "bench", "--systems", "; ".join(SYSTEMS),
                    "--measures", "plain; burst", "--rounds", "1", "--scale", "0.1",
                    "--out", report],
                   cwd=source_dir(), check=True, timeout=300)
    seen = json.loads(report.with_suffix(".json").read_text())
    assert [each["troubles"] for each in seen.values()] == [[], [], []]
    for name in SYSTEMS:
        values = seen[name]["values"]
        assert values["requests_s"][0] > 0 and values["burst_events_s"][0] > 0
        assert (values["cpu_us_request"][0] > 0) == (name != "direct")
    text = Path(report).read_text(encoding="utf-8")
    assert all(text.count(f"| {name} | ") >= 3 for name in SYSTEMS) and "Not measured" not in text
