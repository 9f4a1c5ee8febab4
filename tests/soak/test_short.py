"""The soak's short form, so that it cannot rot."""
import time

from soak import soak

SECONDS = 30.0


def test_half_a_minute_under_every_fault(tmp_path):
    seed = time.time_ns() % 100000
    print(f"NARU_SEED={seed}")
    outcome = soak.run(tmp_path / "soak", SECONDS, pace=0.25, seed=seed, whole=False)
    print(outcome.report)
    assert not outcome.failed, outcome.report
