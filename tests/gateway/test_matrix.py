"""Runs every cell of the translation matrix through the real binary, plain and streamed, and keeps
what became of it for docs/dialects.md."""
import json
import os
import re
from pathlib import Path

import pytest
from harness import documents, matrix
from harness.gateway import Gateway, source_dir
from harness.upstream import Upstream

CELLS = matrix.cells()
APPLICABLE = [cell for cell in CELLS if cell.is_applicable()]
TOLD = [cell for cell in APPLICABLE if not cell.missing()]
MADE_ID = "[0-9A-Za-z]{24}"
HEAD = "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n"
GATEWAY = """kind: Gateway
data: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
power_safe_ledger: false
"""


class Stage:
    """One naru before an upstream of each dialect, which its models begin with."""

    def __init__(self, folder: Path):
        self.upstreams = {dialect: Upstream() for dialect in matrix.DIALECTS}
        text = "".join(documents.upstream(matrix.name_of(dialect), upstream.url,
                                          "openai_compatible",
                                          f"speaks: [{dialect}]\nfailures_to_open: 0")
                       for dialect, upstream in self.upstreams.items())
        for name in sorted({cell.feature.model for cell in CELLS}):
            text += "".join(documents.model(
                f"{dialect}/{name}", f"{{upstream: {matrix.name_of(dialect)}, model: {name}}}")
                for dialect in matrix.DIALECTS)
        self.gateway = Gateway(folder, text, GATEWAY)
        self.key = self.gateway.key()

    def close(self) -> None:
        self.gateway.close()
        for upstream in self.upstreams.values():
            upstream.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("matrix"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def passed():
    """Ids of the cells that hold. Written down at the end, if all have run."""
    held: set[str] = set()
    yield held
    if len(held) == len(TOLD):
        default = source_dir() / "build/test-logs/matrix.json"
        write_down(Path(os.environ.get("NARU_MATRIX_OUT", default)))


def write_down(path: Path) -> None:
    features: dict[str, dict] = {}
    for cell in CELLS:
        row = features.setdefault(cell.feature.name, {"title": cell.feature.title, "cells": {}})
        row["cells"][f"{cell.client} {cell.upstream}"] = outcome(cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    results = {"dialects": matrix.DIALECTS, "pairs": matrix.PAIRS, "features": features}
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")


def outcome(cell: matrix.Cell) -> dict:
    if not cell.is_applicable():
        return {"is": "not applicable"}
    if cell.missing():
        return {}
    lost = cell.request_losses() + cell.answer_losses()
    return {"is": "loss", "fields": lost} if lost else {"is": "carried"}


def asked(cell: matrix.Cell, streaming: bool) -> str:
    text = cell.rendered(cell.asked(), cell.client_side()).rstrip()
    return with_stream(text, cell.client) if streaming else text


def with_stream(text: str, dialect: str) -> str:
    return text.removesuffix("}").rstrip() + f", {matrix.said_of(dialect, 'asks stream')}}}"


def exchange(stage: Stage, cell: matrix.Cell, body: str, answer: str, streaming: bool):
    """The request the upstream got, and the answer the client got."""
    upstream = stage.upstreams[cell.upstream]
    upstream.clear()
    kind = "text/event-stream" if streaming else "application/json"
    data = answer.encode()
    upstream.then(HEAD.format(kind, len(data)).encode() + data)
    got = stage.gateway.post(matrix.said_of(cell.client, "path"), body, stage.key)
    assert got.status == 200, got.body.decode()
    assert upstream.errors == []
    return upstream.wait_for(1), got


def check_request(cell: matrix.Cell, request, body: str, streaming: bool) -> None:
    assert request.target == matrix.upstream_path(cell.upstream)
    wanted = cell.rendered(cell.expected_request(), cell.upstream_side()).rstrip()
    if streaming:
        wanted = with_stream(wanted, cell.upstream)
    assert spelled_request(request.body.decode()) == spelled_request(wanted)
    if cell.same and cell.expected_request() == cell.asked():
        assert request.body.decode() == body.replace(f'"{cell.public_model}"',
                                                     f'"{cell.feature.model}"', 1)


def spelled_request(text: str):
    return matrix.spelled(json.loads(text), of_request=True)


def check_losses(cell: matrix.Cell, got, streaming: bool) -> None:
    """The head of a stream is gone before all of the answer's losses are known."""
    named = {name for name in (got.header("x-naru-loss") or "").split(", ") if name}
    of_answer = {name for name in named if name.startswith("answer.")}
    assert sorted(named - of_answer) == cell.request_losses()
    assert of_answer <= set(cell.answer_losses())
    assert streaming or sorted(of_answer) == cell.answer_losses()


def compared(cell: matrix.Cell, text: str) -> tuple[str, str]:
    """What the client got in the form that is compared, and the answer's id."""
    if cell.same:
        return text, ""
    prefix = matrix.said_of(cell.client, "ids")
    made = re.search(f'"id":"({prefix}{MADE_ID})"', text)
    assert made or not prefix, f"no id of the client's form: {text[:300]}"
    text = re.sub(r'("created(?:_at)?":)[0-9]+', rf"\g<1>{matrix.CREATED}", text)
    return matrix.with_items_counted(text, cell.client), made[1] if made else ""


def test_every_feature_is_told_in_every_dialect():
    """Or its file says which dialect lacks it, never answers so, or never gets it."""
    missing = {f"tests/matrix/{cell.feature.name}.txt has no '--- {heading}'"
               for cell in APPLICABLE for heading in cell.missing()}
    assert not missing, "\n".join(["", *sorted(missing)])


def cell_of(kinds: str, heads: dict[str, str]) -> matrix.Cell:
    """Of a feature from openai_chat to anthropic, whose own sections are of these kinds."""
    sections = {f"{one} {kind}": "{}" for one in matrix.DIALECTS for kind in kinds.split()}
    usual = matrix.read(matrix.FOLDER / "default.txt")
    return matrix.Cell(matrix.Feature("sampling/seed", "", heads, sections), usual,
                       "openai_chat", "anthropic")


@pytest.mark.parametrize("head", ["never from: anthropic", "never to: openai_chat"])
def test_nothing_excuses_what_a_request_loses(head):
    word, _, dialect = head.partition(": ")
    cell = cell_of("request answer stream", {word: dialect, "loses anthropic": "seed",
                                             "shows not openai_chat": "answer.content[0]"})
    assert cell.is_applicable()
    assert cell.request_losses() == ["seed"]
    assert cell.answer_losses() == []
    assert cell.answered("answer") == tuple(cell.usual.sections[f"{one} answer"]
                                            for one in ("anthropic", "openai_chat"))
    assert not cell_of("answer stream", {word: dialect}).is_applicable()


def test_a_client_without_the_words_gets_every_answer_it_has_not_asked_for():
    assert not cell_of("request answer stream", {"lacks": "openai_chat"}).is_applicable()
    assert cell_of("answer stream", {"lacks": "openai_chat"}).is_applicable()


def test_lines_of_a_dialect_hold_as_if_the_features_file_said_so(monkeypatch):
    monkeypatch.setitem(matrix.DIALECTS, "anthropic", {
        "title": "sampling/seed", "lacks": "media/* sampling/*", "loses seed": "sampling/seed",
        "loses n from openai_chat": "sampling/s*", "loses top_k": "sampling/top_k"})
    seed = matrix.Feature("sampling/seed", "", {"lacks": "openai_responses"})
    matrix.add_said(seed, "anthropic")
    assert seed.names("lacks", "anthropic") and seed.names("lacks", "openai_responses")
    lost = {one: seed.fields("loses", "anthropic", one) for one in matrix.DIALECTS}
    assert lost["openai_chat"] == ["n", "seed"]
    assert lost["openai_responses"] == ["seed"]
    assert lost["anthropic"] == [], "it is no crossing"

    told = matrix.Feature("sampling/seed", "", {"loses anthropic": "stop"})
    matrix.add_said(told, "anthropic")
    assert told.fields("loses", "anthropic", "openai_chat") == ["stop"]


@pytest.mark.parametrize("cell", [pytest.param(cell, id=cell.id) for cell in TOLD])
def test_cell(cell, stage, passed):
    for streaming in (False, True):
        kind = "stream" if streaming else "answer"
        sent, wanted = cell.answered(kind)
        lay_out = cell.streamed if streaming else cell.rendered
        body = asked(cell, streaming)
        request, got = exchange(stage, cell, body, lay_out(sent, cell.upstream_side()), streaming)
        check_request(cell, request, body, streaming)
        check_losses(cell, got, streaming)
        text, made_id = compared(cell, got.body.decode())
        wanted = lay_out(wanted, cell.client_side(made_id))
        if cell.same:
            assert text.rstrip() == wanted.rstrip()
        elif streaming:
            assert matrix.events(text) == matrix.events(wanted)
        else:
            assert matrix.spelled(json.loads(text)) == matrix.spelled(json.loads(wanted))
    passed.add(cell.id)
