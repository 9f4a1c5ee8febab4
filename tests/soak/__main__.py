"""python -m soak MINUTES FOLDER: soaks, prints the table and leaves it in FOLDER/report.md, and
what the process took each second in FOLDER/samples.csv."""
import sys
import time
from pathlib import Path

from . import soak


def main() -> int:
    minutes, folder = float(sys.argv[1]), Path(sys.argv[2])
    seed = time.time_ns() % 100000
    print(f"NARU_SEED={seed}", flush=True)
    outcome = soak.run(folder, minutes * 60, pace=1.0, seed=seed, whole=minutes >= 4)
    (folder / "report.md").write_text(outcome.report, encoding="utf-8")
    lines = [f"{each.at:.0f},{each.rss_mib:.2f},{each.fds},{each.threads}\n"
             for each in outcome.samples]
    (folder / "samples.csv").write_text("second,rss_mib,fds,threads\n" + "".join(lines),
                                        encoding="utf-8")
    print(outcome.report)
    print(f"{len(outcome.checks) - len(outcome.failed)} passed, {len(outcome.failed)} failed")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
