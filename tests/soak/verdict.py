"""What must hold of a soak, and the table that says whether it did."""
from collections import Counter
from dataclasses import dataclass
from statistics import median

from harness.open_loop import percentile

from .faults import Faults
from .samples import Sample, fit, floors
from .stage import Stage
from .traffic import WHOLE, Made, Traffic

MOST_SLOPE = 1.0     # MiB an hour over the second half, beyond what chance explains
MOST_FDS = 8         # more descriptors at once in the second half than in the first
MOST_DRIFT = 0.10    # of p99 from the first half to the second, beyond the machine's own
QUIET = ("naru_in_flight", "naru_queue_waiting", "naru_upstream_in_flight",
         "naru_engine_in_flight", "naru_body_bytes", "naru_ledger_queue")


@dataclass(frozen=True)
class Check:
    what: str
    seen: str
    holds: bool


@dataclass(frozen=True)
class Minute:
    number: int
    calls: int
    naru: tuple[float, float]    # p50 and p99 of plain chats through naru, ms
    direct: tuple[float, float]  # of calls past it
    sample: Sample               # the last of it


def minutes(made: list[Made], samples: list[Sample]) -> list[Minute]:
    """Whole minutes alone."""
    last = int(samples[-1].at / 60) if samples else 0
    result = []
    for number in range(last):
        calls = [call for call in made if int(call.began / 60) == number]
        result.append(Minute(number + 1, len(calls), _times(calls, "chat"),
                             _times(calls, "direct"),
                             [each for each in samples if int(each.at / 60) == number][-1]))
    return result


def _times(calls: list[Made], kind: str) -> tuple[float, float]:
    times = [call.seconds * 1000 for call in calls if call.kind == kind]
    return percentile(times, 0.5), percentile(times, 0.99)


def halves(values: list) -> tuple[list, list]:
    """The first minute, or first value, is left out: caches fill."""
    values = values[1:]
    return values[:len(values) // 2], values[len(values) // 2:]


def drift(p99s: list[float]) -> float:
    first, second = halves(p99s)
    return median(second) / median(first) - 1 if first and median(first) else 0.0


def is_quiet(stage: Stage) -> dict[str, float]:
    """The gauges of what is under way that are not zero."""
    left = {}
    for line in stage.naru.admin("GET", "/metrics").splitlines():
        name, _, value = line.rpartition(" ")
        if name.split("{")[0] in QUIET and float(value) != 0:
            left[name] = float(value)
    return left


def rows(stage: Stage) -> dict[str, int]:
    """Ledger rows by key."""
    usage = stage.naru.admin("GET", "/admin/v1/usage?by=key")["usage"]
    return {row["key"]: row["exchanges"] for row in usage}


def agree(kind: str, calls: int, written: int) -> bool:
    """Who leaves right behind the request may be gone before naru has begun on it."""
    least = 0.9 * calls if kind == "leaves-before" else calls
    return least <= written <= calls


def of_calls(stage: Stage, traffic: Traffic, faults: Faults) -> list[Check]:
    """What holds however short the soak was."""
    made = Counter(call.kind for call in traffic.made if call.kind != "direct")
    made["burst"] = len(faults.burst)
    written = rows(stage)
    unlike = {kind: (made[kind], written.get(kind, 0)) for kind in made
              if not agree(kind, made[kind], written.get(kind, 0))}
    wrong = traffic.wrong()
    bursts = Counter(call.status for call in faults.burst)
    checks = [
        Check("each call ended in one way, and in one its kind may", _few(wrong, "calls did not"),
              not wrong),
        Check("ledger rows = calls, kind by kind", f"{sum(made.values())} calls; "
              f"(calls, rows) that differ: {unlike or 'none'}", not unlike),
        Check("bursts: served, or 429 at once", f"{dict(sorted(bursts.items()))}",
              set(bursts) <= {200, 429} and bursts[200] > 0),
        Check("faults struck as planned",
              f"{dict(faults.struck)}; {_few(faults.troubles, 'failed')}",
              not faults.troubles and bool(faults.struck)),
    ]
    if stage.has_engine:
        checks.append(of_engine(stage, traffic, faults))
    return checks


def of_engine(stage: Stage, traffic: Traffic, faults: Faults) -> Check:
    ends = sum((counted for kind, counted in traffic.ends().items() if kind.startswith("engine")),
               Counter())
    phase, killed = stage.engine()["phase"], faults.struck["kill -9 of the engine"]
    return Check("the engine is started again, and serves nine calls of ten",
                 f"killed {killed} times; {dict(ends)}; {phase} at the end",
                 killed > 0 and ends[WHOLE] >= 0.9 * ends.total() and phase != "failed")


def of_end(left: dict[str, float], reports: list[str], exit_status: int | None) -> list[Check]:
    return [
        Check("nothing is under way at the end", f"{left or 'all gauges at 0'}", not left),
        Check("sanitizer reports", _few(reports, "reports"), not reports),
        Check("naru ended well", f"status {exit_status}", exit_status == 0),
    ]


def of_memory(samples: list[Sample]) -> Check:
    """Says nothing of a binary with sanitizers, whose allocator grows of itself."""
    half = samples[len(samples) // 2:]
    line = fit(floors(half, 30))
    return Check(f"memory: slope over the second half ≤ {MOST_SLOPE:.0f} MiB/h",
                 f"{line.slope:+.1f} ± {line.error:.1f} MiB/h "
                 f"({half[0].rss_mib:.0f} → {half[-1].rss_mib:.0f} MiB)",
                 line.slope - 2 * line.error <= MOST_SLOPE)


def of_time(table: list[Minute], samples: list[Sample]) -> list[Check]:
    """What else only minutes show."""
    first, second = halves(samples)
    fds = max(each.fds for each in second) - max(each.fds for each in first)
    threads = max(each.threads for each in second) - max(each.threads for each in first)
    own, machine = (drift([minute.naru[1] for minute in table]),
                    drift([minute.direct[1] for minute in table]))
    return [
        Check(f"descriptors: most at once, second half − first ≤ {MOST_FDS}", f"{fds:+d}",
              fds <= MOST_FDS),
        Check("threads: the same", f"{threads:+d}", threads <= 0),
        Check(f"p99 of plain chats: second half − first ≤ {MOST_DRIFT:.0%} beyond the machine's",
              f"{own:+.0%}; calls past naru {machine:+.0%}",
              own <= max(machine, 0) + MOST_DRIFT),
    ]


def _few(texts: list[str], what: str) -> str:
    shown = "; ".join(text[:300] for text in texts[:5])
    return f"{len(texts)} {what}" + (f": {shown}" if texts else "")


def markdown(checks: list[Check], table: list[Minute], traffic: Traffic) -> str:
    lines = ["| what must hold | seen | |", "|---|---|---|"]
    lines += [f"| {each.what} | {each.seen} | {'pass' if each.holds else '**FAIL**'} |"
              for each in checks]
    lines += ["", "| minute | calls | p50 ms | p99 ms | past naru p50 | p99 | RSS MiB | fds "
              "| threads |", "|---|---|---|---|---|---|---|---|---|"]
    lines += [f"| {m.number} | {m.calls} | {m.naru[0]:.0f} | {m.naru[1]:.0f} | {m.direct[0]:.0f} "
              f"| {m.direct[1]:.0f} | {m.sample.rss_mib:.1f} | {m.sample.fds} "
              f"| {m.sample.threads} |" for m in table]
    lines += ["", "| kind of call | how they ended |", "|---|---|"]
    lines += [f"| {kind} | {', '.join(f'{count} {end[:60]}' for end, count in ends.items())} |"
              for kind, ends in sorted(traffic.ends().items())]
    return "\n".join(lines) + "\n"
