"""python -m bench: installs the systems, measures them side by side, writes docs/performance.md.

    python -m bench                       all systems, three rounds
    python -m bench --systems "nginx; naru" --rounds 1 --scale 0.25 --out /tmp/performance.md
"""
import argparse
import json
import subprocess
from pathlib import Path

from naru_tools.cache import Trouble, run_tool

from . import report, rounds
from .measures import MEASURES
from .system import ROOT
from .systems import all_systems


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--systems", help="names, with ; between them; all if left out")
    parser.add_argument("--measures", help="names, with ; between them; all if left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the time a measure takes")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/performance.md")
    return parser.parse_args()


def chosen(all_of_them: list, wanted: str | None) -> list:
    if not wanted:
        return all_of_them
    words = [word.strip().lower() for word in wanted.split(";")]
    names = [each.name.lower() for each in all_of_them]
    if unknown := [word for word in words if word not in names]:
        raise Trouble(f"there is no {', '.join(unknown)}; there are: {'; '.join(names)}")
    return [each for each in all_of_them if each.name.lower() in words]


def main() -> int:
    options = arguments()
    systems = chosen(all_systems(), options.systems)
    measures = tuple(chosen(list(MEASURES), options.measures))
    for system in systems:
        system.install()
    subprocess.run(["cmake", "--build", ROOT / "build/release", "--target", "naru_load"],
                   check=True)
    seen = rounds.run(systems, measures, options.rounds, options.scale,
                      ROOT / "build/release/naru")
    text = report.markdown(systems, seen, options.rounds)
    options.out.write_text(text, encoding="utf-8")
    raw = {name: {"values": dict(each.values), "troubles": each.troubles}
           for name, each in seen.items()}
    options.out.with_suffix(".json").write_text(json.dumps(raw, indent=1), encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    run_tool(main)
