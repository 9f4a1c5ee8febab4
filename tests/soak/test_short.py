"""The soak's short form, so that it cannot rot, and the arithmetic of its verdict."""
import time

import pytest
from soak import soak, verdict
from soak.samples import Sample, fit, floors

SECONDS = 30.0


def test_half_a_minute_under_every_fault(tmp_path):
    seed = time.time_ns() % 100000
    print(f"NARU_SEED={seed}")
    outcome = soak.run(tmp_path / "soak", SECONDS, pace=0.25, seed=seed, whole=False)
    print(outcome.report)
    assert not outcome.failed, outcome.report


def test_line_through_points():
    assert fit([(0, 1), (1, 3), (2, 5)]).slope == pytest.approx(2)
    assert fit([(0, 1), (1, 3), (2, 5)]).error == pytest.approx(0)
    assert fit([(0, 1), (1, 1.2), (2, 0.9), (3, 1.1)]).error > 0


def grown(mib_an_hour: float) -> list[Sample]:
    """Twenty minutes of a process that grows so fast, with calls that come and go."""
    return [Sample(at, 100 + mib_an_hour * at / 3600 + at % 7, 50, 9) for at in range(1200)]


def holds(samples: list[Sample]) -> dict[str, bool]:
    made = [soak_call(at) for at in range(1200)]
    checks = verdict.of_time(verdict.minutes(made, samples), samples)
    return {check.what.split(":")[0]: check.holds for check in checks}


def soak_call(at: int):
    return verdict.Made("chat", at, 0.01, "whole")


def test_growth_is_seen_and_unrest_is_not_growth():
    assert len(floors(grown(0), 60)) == 20
    assert holds(grown(0))["memory"] and not holds(grown(3))["memory"]


def test_descriptors_that_are_not_closed_are_seen():
    leaking = [Sample(each.at, each.rss_mib, 50 + int(each.at / 60), 9) for each in grown(0)]
    assert holds(grown(0))["descriptors"] and not holds(leaking)["descriptors"]


def test_slower_and_slower_is_seen():
    made = [verdict.Made("chat", at, 0.01 + at / 60000, "whole") for at in range(1200)]
    checks = verdict.of_time(verdict.minutes(made, grown(0)), grown(0))
    assert not checks[-1].holds
