"""Documents in force change by signal, by file, as a whole or not at all."""
import json
import signal
import threading

import pytest
from chats import DONE, chat, openai_answer, openai_chunk
from harness import documents, wait, wire
from harness.gateway import LISTENERS, START

CHAT = "/v1/chat/completions"
SOON = 8.0  # seconds


def of(upstream, *models: str) -> str:
    return documents.upstream("u", upstream.url) + \
        "".join(documents.model(name, "u") for name in models)


def whole(upstream, *models: str) -> str:
    return LISTENERS + "---\n" + of(upstream, *models)


def listed(naru) -> list[str]:
    answer = naru.call("GET", "/v1/models", key=naru.test_key)
    return [model["id"] for model in json.loads(answer.body)["data"]]


@pytest.fixture
def naru(start, upstream):
    made = start(of(upstream, "old"))
    made.test_key = made.key()
    return made


def now_serves(naru, *models: str) -> None:
    wait.until(lambda: listed(naru) == sorted(models), f"models {models}", SOON)


def revision(naru) -> int:
    return naru.admin("GET", "/admin/v1/status")["revision"]


def problems(naru) -> list:
    return naru.admin("GET", "/admin/v1/status")["problems"]


def test_sighup_reloads(naru, upstream):
    naru.config.write_text(whole(upstream, "new"), encoding="utf-8")
    naru.process.send_signal(signal.SIGHUP)
    now_serves(naru, "new")


def test_file_written_in_place_is_taken_up(naru, upstream):
    naru.config.write_text(whole(upstream, "new", "newer"), encoding="utf-8")
    now_serves(naru, "new", "newer")


def test_file_replaced_by_rename_is_taken_up(naru, upstream):
    naru.write(whole(upstream, "renamed"))
    now_serves(naru, "renamed")
    naru.write(whole(upstream, "again"))
    now_serves(naru, "again")


def test_file_changed_while_naru_starts_is_taken_up(start, upstream):
    """Behind the first reading, before anything else is up."""
    made = start(of(upstream, "old"), wait_ready=False)
    wait.until((made.data / "revision").exists, "the first documents are in force", START)
    made.write(whole(upstream, "new"))
    made.wait_ready()
    made.test_key = made.key()
    now_serves(made, "new")


def test_admin_call_reloads_and_says_the_revision(naru, upstream):
    before = revision(naru)
    naru.write(whole(upstream, "new"))
    naru.admin("POST", "/admin/v1/reload")
    now_serves(naru, "new")
    assert revision(naru) > before


def test_bad_document_leaves_the_running_one_and_says_so(naru, upstream):
    before = revision(naru)
    naru.write(whole(upstream, "new") + "---\nkind: Model\nname: broken\ntargets: "
               "[{upstream: nobody}]\nretries: 3\n")
    told = wait.until(lambda: problems(naru), "the problems", SOON)
    text = json.dumps(told)
    assert "nobody" in text and "retries" in text  # all of them at once
    assert all(problem["line"] > 0 for problem in told)
    assert listed(naru) == ["old"] and revision(naru) == before
    naru.write(whole(upstream, "mended"))
    now_serves(naru, "mended")
    assert problems(naru) == []


def test_bad_reload_by_admin_call_is_422(naru, upstream):
    naru.write("kind: Nothing\n")
    body = naru.admin("POST", "/admin/v1/reload", status=422)
    assert body["problems"] and listed(naru) == ["old"]


def test_missing_file_leaves_the_running_one(naru, upstream):
    naru.config.unlink()
    naru.process.send_signal(signal.SIGHUP)
    wait.until(lambda: problems(naru), "the problem", SOON)
    assert listed(naru) == ["old"]
    naru.write(whole(upstream, "back"))
    now_serves(naru, "back")


def test_config_map_swap_is_taken_up(tmp_path, start, upstream):
    """Kubernetes swaps the link ..data to a new folder; the files are links through it."""
    mount = tmp_path / "mount"
    mount.mkdir()

    def publish(version: str, text: str) -> None:
        (mount / version).mkdir()
        (mount / version / "naru.yaml").write_text(text, encoding="utf-8")
        (mount / "..data_tmp").symlink_to(version)
        (mount / "..data_tmp").rename(mount / "..data")

    publish("..v1", whole(upstream, "one"))
    (mount / "naru.yaml").symlink_to("..data/naru.yaml")
    made = start(of(upstream, "unused"), name="map", wait_ready=False)
    made.close(check=False)
    made.config = mount
    made.start()
    made.test_key = made.key()
    assert listed(made) == ["one"]
    publish("..v2", whole(upstream, "two"))
    now_serves(made, "two")
    publish("..v3", whole(upstream, "three"))
    now_serves(made, "three")


def test_folder_takes_up_added_and_removed_files(tmp_path, start, upstream):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.yaml").write_text(whole(upstream, "a"), encoding="utf-8")
    made = start(of(upstream, "unused"), name="folder-naru", wait_ready=False)
    made.close(check=False)
    made.config = folder
    made.start()
    made.test_key = made.key()
    (folder / "b.yaml").write_text(documents.model("b", "u"), encoding="utf-8")
    now_serves(made, "a", "b")
    (folder / "b.yaml").unlink()
    now_serves(made, "a")


def begin_slow_answer(upstream) -> threading.Event:
    """The next call's stream begins at once and ends when the event is set."""
    go = threading.Event()
    upstream.then(wire.stream_head(), wire.chunk(openai_chunk("a")), go,
                  wire.chunk(openai_chunk(finish="stop") + DONE), wire.LAST_CHUNK)
    return go


def test_call_under_way_keeps_what_it_began_with(naru, upstream):
    go = begin_slow_answer(upstream)
    client, events = naru.stream(CHAT, chat("old", stream=True), naru.test_key)
    with client:
        events.next()
        naru.write(whole(upstream, "new"))
        now_serves(naru, "new")
        go.set()
        assert events.rest().endswith(DONE)


def test_ledger_row_names_the_revision_its_call_began_with(naru, upstream):
    go = begin_slow_answer(upstream)
    upstream.then(openai_answer())
    before = revision(naru)
    client, events = naru.stream(CHAT, chat("old", stream=True), naru.test_key)
    with client:
        events.next()
        naru.write(whole(upstream, "new"))
        now_serves(naru, "new")
        go.set()
        events.rest()
    later = naru.post(CHAT, chat("new"), naru.test_key)
    rows = [naru.exchange(message.header("x-request-id")) for message in (events.message, later)]
    assert [row["revision"] for row in rows] == [before, revision(naru)]
    assert revision(naru) > before


def test_credential_file_is_read_again_when_it_changes(tmp_path, start, upstream):
    secret = tmp_path / "secret"
    secret.write_text("first-secret\n")
    made = start(f"kind: Upstream\nname: u\nprovider: openai\nbase_url: {upstream.url}/v1\n"
                 f"credential: {{file: {secret}}}\n" + documents.model("m", "u"))
    key = made.key()
    upstream.usual = [openai_answer()]
    assert made.post(CHAT, chat("m"), key).status == 200
    assert upstream.requests[-1].header("authorization") == "Bearer first-secret"
    part = tmp_path / "secret.part"
    part.write_text("second-secret")
    part.rename(secret)

    def sent() -> str:
        made.post(CHAT, chat("m"), key)
        return upstream.requests[-1].header("authorization")
    wait.until(lambda: sent() == "Bearer second-secret", "the new credential", SOON)


def test_bad_documents_at_start_are_all_told_and_end_it(tmp_path, start, upstream):
    made = start("kind: Model\nname: m\ntargets: [{upstream: nobody}]\nnonsense: 1\n",
                 wait_ready=False)
    assert made.process.wait(30) == 2
    assert "nobody" in made.log() and "nonsense" in made.log()
