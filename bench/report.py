"""The report: one table a question, medians of the rounds, ratios to nginx of the same run."""
import datetime
import os
import platform
from pathlib import Path

from .measures import RATES
from .rounds import Seen
from .system import System

FLOOR = "nginx"

# Title, and for each column: heading, figure, digits.
TABLES = (
    ("Requests: a chat of 2.2 KB, no stream, 32 connections", (
        ("CPU µs a request", "cpu_us_request", 1), ("requests/s", "requests_s", 0))),
    ("Streams, burst: 600 events, many in a read, 32 connections", (
        ("CPU µs an event", "burst_cpu_us_event", 2), ("events/s", "burst_events_s", 0))),
    ("Streams, paced: 500 streams, 50 events a second each", (
        ("CPU µs an event", "paced_cpu_us_event", 2), ("events/s", "paced_events_s", 0))),
    ("Memory, MiB (proportional set size)", (
        ("idle", "idle_mib", 0), ("with 2,000 open streams", "streams_mib", 0),
        ("after", "after_mib", 0))),
    ("Start", (("ms to ready", "ready_ms", 0),)),
)


def markdown(systems: list[System], seen: dict[str, Seen], rounds: int) -> str:
    parts = [head(systems, rounds)]
    for title, columns in TABLES:
        parts.append(table(title, columns, systems, seen))
    parts.append(latency(systems, seen))
    parts.append(troubles(systems, seen))
    return "\n".join(part for part in parts if part)


def head(systems: list[System], rounds: int) -> str:
    lines = ["# Performance", "",
             f"Made by `make bench` on {datetime.date.today().isoformat()}; edit nothing here.", "",
             f"Machine: {machine()}. Generator, upstream (`naru mock`) and gateway share it. Each",
             f"figure is the median of {rounds} rounds, in which the systems take turns; ± is half",
             "the distance between the least and the most. Every answer was whole.", "",
             "| system | version | set up |", "|---|---|---|"]
    lines += [f"| {each.name} | {each.version()} | {each.about} |" for each in systems]
    return "\n".join(lines) + "\n"


def machine() -> str:
    models = [line.split(":", 1)[1].strip()
              for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]
    return f"{os.cpu_count()} × {models[0] if models else platform.machine()}, {platform.release()}"


def table(title: str, columns: tuple, systems: list[System], seen: dict[str, Seen]) -> str:
    first = columns[0][1]
    rows = []
    for system in systems:
        cells = [cell(seen[system.name], figure, digits) for _, figure, digits in columns]
        if any(cells):
            rows.append(f"| {system.name} | {' | '.join(cells)} | {ratio(seen, system, first)} |")
    if not rows:
        return ""
    names = " | ".join(name for name, _, _ in columns)
    return "\n".join([f"## {title}", "", f"| | {names} | × {FLOOR} |",
                      "|---|" + "---|" * (len(columns) + 1), *rows]) + "\n"


def cell(seen: Seen, figure: str, digits: int) -> str:
    middle, spread = seen.middle(figure), seen.spread(figure)
    if not middle:  # not taken, or no process whose it would be
        return ""
    text = f"{middle:,.{digits}f}"
    return f"{text} ± {spread * 50:.0f}%" if spread else text


def ratio(seen: dict[str, Seen], system: System, figure: str) -> str:
    floor = seen[FLOOR].middle(figure) if FLOOR in seen else None
    own = seen[system.name].middle(figure)
    return f"{own / floor:.2f}" if floor and own else ""


def latency(systems: list[System], seen: dict[str, Seen]) -> str:
    """What each adds to direct calls at the same rate."""
    if "direct" not in seen:
        return ""
    names = " | ".join(f"{rate}/s p50 | p99" for rate in RATES)
    lines = ["## Added latency at a fixed rate of arrivals, µs", "",
             "Open loop: arrivals by chance, timed from when they were due. *Behind*: it answered",
             "less than 95 % of them.", "",
             f"| | {names} |", "|---|" + "---|" * (2 * len(RATES))]
    for system in systems:
        cells = [added(seen[system.name], seen["direct"], rate, name)
                 for rate in RATES for name in ("p50", "p99")]
        if any(cells):
            lines.append(f"| {system.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def added(own: Seen, direct: Seen, rate: int, name: str) -> str:
    figure = f"{name}_us_at_{rate}"
    value, floor = own.middle(figure), direct.middle(figure)
    if value is None or floor is None:
        return ""
    answered = f"answered_at_{rate}"
    if (own.middle(answered) or 0) < 0.95 * (direct.middle(answered) or 1):
        return "behind"
    return f"{value:,.0f} (direct)" if own is direct else f"{value - floor:+,.0f}"


def troubles(systems: list[System], seen: dict[str, Seen]) -> str:
    lines = [f"- {each.name}: {trouble.splitlines()[0]}" for each in systems
             for trouble in seen[each.name].troubles]
    return "\n".join(["## Not measured", "", *lines]) + "\n" if lines else ""
