"""Runs every transcript through the real binary: as written, cut at every byte, cut by chance."""
import os
import random
from pathlib import Path
from string import Template

import pytest
from harness import transcript, wait
from harness.client import Client
from harness.gateway import UPSTREAM_KEY, Gateway
from harness.upstream import CLOSE, READ, RESET, STALL, Upstream

CASES = transcript.cases()
SETUPS = transcript.FOLDER / "setups"
SEED = int(os.environ.get("NARU_SEED", random.SystemRandom().randrange(1 << 32)))
ENDINGS = {"close": CLOSE, "reset": RESET, "stall": STALL}
GATEWAY = """kind: Gateway
data: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
power_safe_ledger: false
"""


class Stage:
    """One naru with the documents of a setup, and the upstreams these name."""

    def __init__(self, setup: str, folder: Path):
        text = Template((SETUPS / f"{setup}.yaml").read_text(encoding="utf-8"))
        self.upstreams = {name: Upstream() for name in text.get_identifiers()}
        self.gateway = Gateway(folder, text.substitute(
            {name: upstream.url for name, upstream in self.upstreams.items()}), GATEWAY)
        self.words = {"key": self.gateway.key("all"), "secret": UPSTREAM_KEY,
                      "limited": self.gateway.key("limited", models=["gpt", "team/*"])}

    def close(self) -> None:
        self.gateway.close()
        for upstream in self.upstreams.values():
            upstream.close()


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    made: dict[str, Stage] = {}

    def of(setup: str) -> Stage:
        if setup not in made:
            made[setup] = Stage(setup, tmp_path_factory.mktemp(setup))
        return made[setup]

    yield of
    for stage in made.values():
        stage.close()


def steps_of(data: transcript.Bytes) -> list:
    """Each piece is read by naru before the next is written."""
    steps: list = []
    for piece in data.pieces:
        steps += [piece, READ] if piece else []
    if steps and not data.ending:
        steps.pop()
    return steps + ([ENDINGS[data.ending]] if data.ending else [])


def send(client: Client, data: transcript.Bytes) -> None:
    for index, piece in enumerate(data.pieces):
        if index in data.held:
            assert client.head().status == 100, "the client was not told to go on"
        client.send(piece)


def play(stage: Stage, case: transcript.Case, recut=lambda data: data, recut_client=None) -> None:
    """Runs a case; `recut` lays other cuts over the last bytes an upstream sends."""
    for upstream in stage.upstreams.values():
        upstream.clear()
    sends = [(name, transcript.to_send(section, stage.words))
             for name, _, section in case.upstream if section]
    for index, (name, data) in enumerate(sends):
        last = index == len(sends) - 1
        stage.upstreams[name].then(*steps_of(recut(data) if last else data))
    with stage.gateway.connect() as client:
        for section in case.client:
            data = transcript.to_send(section, stage.words)
            send(client, recut_client(data) if recut_client else data)
        methods = [section.lines()[0][0].split(" ")[0] for section in case.client]
        answers = [client.answer(method) for method in methods[:len(case.answers)]]
    for section, answer in zip(case.answers, answers, strict=True):
        transcript.check(section, answer, stage.words, "client")
    check_upstreams(stage, case)


def check_upstreams(stage: Stage, case: transcript.Case) -> None:
    expected: dict[str, list] = {name: [] for name in stage.upstreams}
    for name, section, _ in case.upstream:
        expected[name].append(section)
    for name, sections in expected.items():
        upstream = stage.upstreams[name]
        assert upstream.errors == []
        wait.until(lambda u=upstream, s=sections: len(u.requests) >= len(s), f"requests at {name}")
        assert len(upstream.requests) == len(sections), f"{name} got more requests than expected"
        for section, request in zip(sections, upstream.requests, strict=True):
            transcript.check(section, request.message, stage.words, name)


def pick(*wanted: str) -> list:
    return [pytest.param(case, id=case.id) for case in CASES
            if case.options.get("cuts", "chance") in wanted]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_as_written(case, stages):
    play(stages(case.setup), case)


@pytest.mark.parametrize("case", pick("every"))
def test_upstream_cut_at_every_byte(case, stages):
    length = len(transcript.to_send(case.upstream[-1][2], stages(case.setup).words).whole)
    for place in range(1, length):
        try:
            play(stages(case.setup), case, lambda data, at=place: transcript.cut_at(data, [at]))
        except AssertionError as e:
            raise AssertionError(f"cut behind byte {place}: {e}") from e


@pytest.mark.parametrize("case", pick("every", "chance"))
def test_cut_by_chance(case, stages):
    for seed in range(SEED, SEED + 3):
        chance = random.Random(seed)
        try:
            play(stages(case.setup), case, lambda data: transcript.random_cuts(data, chance),
                 lambda data: transcript.random_cuts(data, chance))
        except AssertionError as e:
            raise AssertionError(f"NARU_SEED={seed}: {e}") from e
