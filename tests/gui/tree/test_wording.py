"""What the tree says: statuses in words, figures through the locale."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QLocale

from core.errors import Failure, GatedModel
from core.records import RemoteFile
from core.states import ItemState, TaskState
from gui import wording
from gui.filters import StatusGroup
from gui.tree.columns import Column
from tests.fakes.engine import FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine()
    made.script_add("org/repo")
    made.script_items("org/repo", {"a.gguf": 1000, "b.gguf": 2000})
    return made


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "—"), (0, "0 B"), (999, "999 B"), (1100, "1.1 kB"), (64_000_000, "64.0 MB"), (668_788_096, "669 MB"),
        (999_700, "1.0 MB"), (2_020_000_000, "2.02 GB"), (21_700_000_000, "21.7 GB"),
        (7_000_000_000_000, "7.00 TB"),
    ],
)  # fmt: skip
def test_sizes_have_three_figures_in_decimal_units(count: int | None, text: str) -> None:
    assert wording.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0.2, "0 s"), (12.4, "12 s"), (60, "1 min"), (3599, "59 min"), (3900, "1 h 5 min"),
        (2 * 86400 + 3 * 3600, "2 d 3 h"), (1e9, "> 100 d"),
    ],
)  # fmt: skip
def test_durations_have_at_most_two_units(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


def test_a_percentage_is_never_rounded_up_to_all() -> None:
    assert wording.percent(999) == "99%"
    assert wording.percent(1000) == "100%"
    assert wording.percent(None) == ""


def test_figures_follow_the_locale() -> None:
    QLocale.setDefault(QLocale(QLocale.Language.German))
    assert wording.size(2_020_000_000) == "2,02 GB"
    assert wording.speed(48_200_000) == "48,2 MB/s"


def test_plurals_know_one(engine: FakeEngine) -> None:
    assert wording.connections(1) == "1 connection"
    assert wording.connections(8) == "8 connections"
    assert wording.group_spoken(StatusGroup.ALL, 1) == "All, 1 model"


def test_values_with_percent_signs_are_put_in_as_they_are() -> None:
    assert wording.fill("%1 and %2", "100%2", "b%1") == "100%2 and b%1"


def test_a_task_goes_through_its_words(engine: FakeEngine) -> None:
    task = engine.task("org/repo")

    def said(state: TaskState) -> str:
        return wording.task_status(engine.script_state("org/repo", state), 0.0)

    assert wording.task_status(task, 0.0, first=True) == "Queued · starts next"
    assert wording.task_status(task, 0.0) == "Queued"
    assert said(TaskState.RUNNING) == "0 of 2 files"
    engine.script_item("org/repo", "a.gguf", ItemState.DONE)
    assert wording.task_status(task, 0.0) == "1 of 2 files"
    engine.script_item("org/repo", "b.gguf", ItemState.VERIFYING, checked=800)
    assert wording.task_status(task, 0.0) == "Verifying 40 %"
    assert said(TaskState.PAUSED) == "Paused"
    assert said(TaskState.DONE) == "Completed · verified"
    assert said(TaskState.CANCELLED) == "Cancelled"
    engine.script_add("new/one")
    assert wording.task_status(engine.script_state("new/one", TaskState.RESOLVING), 0.0) == "Fetching file list"


def test_a_task_that_only_waits_says_why_and_what_is_next(engine: FakeEngine) -> None:
    engine.script_state("org/repo", TaskState.RUNNING)
    engine.script_item("org/repo", "a.gguf", ItemState.DONE)
    engine.script_item("org/repo", "b.gguf", ItemState.BACKING_OFF, retry_in=8)
    said = wording.task_status(engine.task("org/repo"), engine.now())
    assert said == "1 of 2 files · Retrying in 8 s (connection reset)"


def test_a_task_with_failed_files_counts_them(engine: FakeEngine) -> None:
    engine.script_state("org/repo", TaskState.RUNNING)
    engine.script_item("org/repo", "a.gguf", ItemState.FAILED)
    assert wording.task_status(engine.task("org/repo"), 0.0) == "0 of 2 files · 1 failed"


def test_a_single_file_speaks_for_its_task() -> None:
    engine = FakeEngine()
    engine.script_add("one/file")
    engine.script_items("one/file", {"x": 10})
    engine.script_state("one/file", TaskState.RUNNING)
    engine.script_item("one/file", "x", ItemState.TRANSFERRING, connections=3)
    assert wording.task_status(engine.task("one/file"), 0.0) == "Downloading · 3 connections"


def test_failures_name_their_reason_and_access_is_its_own_word(engine: FakeEngine) -> None:
    task = engine.script_state("org/repo", TaskState.FAILED, failure=Failure("DiskFull", "the disk is full"))
    assert wording.task_status(task, 0.0) == "Failed: the disk is full"
    engine.script_add("gated/model")
    gated = GatedModel("accept the terms on its page").failure
    task = engine.script_state("gated/model", TaskState.FAILED, failure=gated)
    assert wording.task_status(task, 0.0) == "Needs access: accept the terms on its page"
    assert wording.failure_whole(gated).splitlines() == [gated.message, gated.meaning, gated.action]


def test_an_item_goes_through_its_words(engine: FakeEngine) -> None:
    item = engine.task("org/repo").items["a.gguf"]

    def said(state: ItemState, **more: object) -> str:
        engine.script_item("org/repo", "a.gguf", state, **more)  # type: ignore[arg-type]
        return wording.item_status(item, engine.now())

    assert said(ItemState.WAITING) == "Queued"
    assert said(ItemState.CONNECTING) == "Connecting"
    assert said(ItemState.TRANSFERRING, connections=8) == "Downloading · 8 connections"
    assert said(ItemState.BACKING_OFF, retry_in=8.0) == "Retrying in 8 s (connection reset)"
    engine.clock += 9
    assert wording.item_status(item, engine.now()) == "Retrying now (connection reset)"
    assert said(ItemState.VERIFYING, checked=400) == "Verifying 40 %"
    assert said(ItemState.PAUSED) == "Paused"
    assert said(ItemState.SKIPPED) == "Not chosen"
    assert said(ItemState.FAILED) == "Failed: connection reset"
    assert said(ItemState.CANCELLED) == "Cancelled"
    assert said(ItemState.DONE) == "Verified"


def test_a_file_without_a_hash_is_complete_by_size_only() -> None:
    engine = FakeEngine()
    engine.script_add("direct")
    engine.script_items("direct", [RemoteFile("x.bin", 10, "", "https://example.org/x.bin")])
    engine.script_state("direct", TaskState.DONE)
    task = engine.task("direct")
    assert wording.item_status(task.items["x.bin"], 0.0) == "Completed · size only"
    assert wording.task_status(task, 0.0) == "Completed · size only"


def test_a_stalled_download_says_that_it_waits_for_data(engine: FakeEngine) -> None:
    engine.script_state("org/repo", TaskState.RUNNING)
    engine.script_progress("org/repo", {"a.gguf": 10}, rate=1000)
    item = engine.script_item("org/repo", "a.gguf", ItemState.TRANSFERRING, connections=2)
    assert wording.item_status(item, engine.now()) == "Downloading · 2 connections"
    assert wording.item_status(item, engine.now() + 10) == "Downloading · waiting for data"


def test_a_hostile_name_stays_on_one_line_and_in_its_direction() -> None:
    assert wording.one_line("a\nb\u202egguf.exe") == "a b gguf.exe"
    failed = replace(GatedModel("x").failure, message="line\nbreak")
    assert "\n" not in wording.failure(failed)


def test_the_home_folder_is_a_tilde() -> None:
    assert wording.folder(Path.home() / "pulley" / "models") == "~/pulley/models"
    assert wording.folder(Path("/srv/models")) == str(Path("/srv/models"))
    assert wording.folder(None) == ""


def test_every_column_and_group_has_a_title() -> None:
    assert all(wording.column_title(column) for column in Column)
    assert all(wording.group_title(group) for group in StatusGroup)
