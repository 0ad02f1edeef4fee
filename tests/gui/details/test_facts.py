"""What the overview says about models and files in every condition."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from core.errors import ConnectFailed, DiskFull, DownloadError, FolderGone, GatedModel, Offline, TooLarge
from core.records import RemoteFile
from core.states import ItemState, TaskState
from core.task import Move
from gui.details.facts import facts, trouble, wants_folder
from gui.details.speed_curve import SAMPLES, History, scale_top
from tests.fakes.engine import FakeEngine

GGUF = "model.gguf"


@pytest.fixture
def engine(qapp: QApplication) -> FakeEngine:
    made = FakeEngine()
    made.script_add("org/repo")
    made.script_items("org/repo", {GGUF: 2_020_000_000, "mmproj.gguf": 860_000_000})
    return made


def told(engine: FakeEngine, item_id: str | None = None, average: float | None = None) -> dict[str, str]:
    task = engine.task("org/repo")
    item = None if item_id is None else task.items[item_id]
    return {fact.key: fact.value for fact in facts(task, item, engine.now(), average=average)}


def wrong(engine: FakeEngine, item_id: str | None = None) -> dict[str, str]:
    task = engine.task("org/repo")
    item = None if item_id is None else task.items[item_id]
    return {fact.key: fact.value for fact in trouble(task, item, engine.now())}


def test_a_running_file_says_how_much_how_long_and_from_where(engine: FakeEngine) -> None:
    engine.script_state("org/repo", TaskState.RUNNING)
    engine.script_item("org/repo", GGUF, ItemState.TRANSFERRING, connections=8, host="cdn.example")
    engine.script_progress("org/repo", {GGUF: 1_430_000_000}, rate=48.2e6)
    said = told(engine, GGUF, average=51e6)
    assert said["downloaded"] == "1.43 GB of 2.02 GB"
    assert said["left"] == "12 s at 48.2 MB/s (average 51.0 MB/s)"
    assert said["source"] == "huggingface.co · cdn.example · 8 connections"
    assert said["revision"] == "main @ 5ab33fa"
    assert said["hash"] == "6c" * 32 + "  verified as it arrives"
    assert said["saved"].endswith("org/repo/model.gguf")
    assert trouble(engine.task("org/repo"), None, 0.0) == []


def test_a_model_counts_its_files(engine: FakeEngine) -> None:
    engine.script_state("org/repo", TaskState.RUNNING)
    engine.script_item("org/repo", "mmproj.gguf", ItemState.DONE)
    assert told(engine)["files"] == "1 of 2 complete"
    engine.script_item("org/repo", GGUF, ItemState.DONE)
    assert told(engine, GGUF)["hash"].endswith("  verified")


def test_a_model_of_one_chosen_file_shows_its_hash(engine: FakeEngine) -> None:
    engine.script_item("org/repo", "mmproj.gguf", ItemState.SKIPPED)
    assert told(engine)["hash"].startswith("6c")


def test_a_file_that_stands_still_says_its_status_instead_of_a_time(engine: FakeEngine) -> None:
    engine.script_state("org/repo", TaskState.PAUSED)
    assert told(engine)["status"] == "Paused"
    assert "left" not in told(engine, GGUF)


def test_git_hashes_and_missing_ones_are_named_for_what_they_are(engine: FakeEngine) -> None:
    engine.script_items("org/repo", [RemoteFile("a", 5, "git-sha1:" + "0" * 40, ""), RemoteFile("b", None, "", "")])
    assert told(engine, "a")["git_hash"].startswith("0" * 40)
    assert told(engine, "b")["hash"] == "The hub publishes none; the size is checked"
    assert told(engine, "b")["downloaded"] == "0 B so far; the size is not known"


def test_a_failure_says_what_happened_what_it_means_and_what_to_do(engine: FakeEngine) -> None:
    failure = GatedModel("The terms are not accepted").failure
    engine.script_add("org/gated")
    task = engine.script_state("org/gated", TaskState.FAILED, failure=failure)
    said = {fact.key: fact.value for fact in trouble(task, None, 0.0)}
    assert said == {
        "happened": "The terms are not accepted",
        "means": failure.meaning,
        "do": failure.action,
        "next": "by itself, when the terms are accepted",
    }


def test_a_waiting_file_says_why_and_when_the_next_try_comes(engine: FakeEngine) -> None:
    engine.script_state("org/repo", TaskState.RUNNING)
    engine.script_item("org/repo", "mmproj.gguf", ItemState.DONE)
    failure = ConnectFailed("connection reset").failure
    engine.script_item("org/repo", GGUF, ItemState.BACKING_OFF, failure=failure, retry_in=8)
    assert wrong(engine, GGUF)["next"] == wrong(engine)["next"] == "in 8 s"
    assert wrong(engine)["happened"] == "connection reset"
    engine.clock += 9
    assert wrong(engine, GGUF)["next"] == "now"


def test_line_breaks_and_direction_marks_of_a_hub_do_not_reach_the_window(engine: FakeEngine) -> None:
    engine.script_state("org/repo", TaskState.FAILED, failure=GatedModel("a\nb\u202ec").failure)
    assert wrong(engine)["happened"] == "a b c"


def test_the_history_keeps_a_minute_of_the_rows_looked_at_last() -> None:
    history = History()
    for number in range(SAMPLES + 10):
        history.add(("a", None), float(number))
    assert len(history.of(("a", None))) == SAMPLES
    assert history.of(("a", None))[-1] == SAMPLES + 9
    for number in range(20):
        history.add((f"t{number}", None), 1.0)
    assert history.of(("a", None)) == []
    history.forget("t19")
    assert history.of(("t19", None)) == []
    assert history.average(("t18", None)) is None


@pytest.mark.parametrize(
    ("peak", "top"), [(0.0, 1.0), (48.2e6, 50e6), (51e6, 75e6), (1e6, 1e6), (9.9e6, 10e6), (1.2e9, 1.5e9)]
)
def test_the_scale_ends_at_a_round_number_above_the_peak(peak: float, top: float) -> None:
    assert scale_top(peak) == pytest.approx(top)


def test_a_listing_that_waits_says_why_and_when_it_goes_on(engine: FakeEngine) -> None:
    task = engine.script_add("org/later")
    engine.script_state("org/later", TaskState.RESOLVING)
    assert trouble(task, None, engine.now()) == []
    task.hold, task.retry_at = Offline("This machine is offline").failure, engine.now() + 12
    said = {fact.key: fact.value for fact in trouble(task, None, engine.now())}
    assert said == {
        "happened": "This machine is offline",
        "means": Offline.meaning,
        "do": Offline.action,
        "next": "in 12 s",
    }
    task.retry_at = engine.now() - 1
    assert {fact.key: fact.value for fact in trouble(task, None, engine.now())}["next"] == "now"


@pytest.mark.parametrize(
    ("error", "helps"), [(DiskFull, True), (TooLarge, True), (Offline, False), (FolderGone, False)]
)
def test_another_folder_is_offered_where_it_would_help(
    engine: FakeEngine, error: type[DownloadError], helps: bool
) -> None:
    engine.script_state("org/repo", TaskState.FAILED, failure=error("no").failure)
    assert wants_folder(engine.task("org/repo"), None) is helps


def test_a_model_that_is_being_moved_says_so(engine: FakeEngine, tmp_path: Path) -> None:
    task = engine.task("org/repo")
    task.moving = Move(tmp_path)
    task.moving.total, task.moving.moved = 1000, 410
    assert told(engine)["status"] == "Moving to another folder · 41 %"
