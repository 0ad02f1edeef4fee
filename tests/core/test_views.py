"""TaskView: a task at one moment, what its words are, and that it survives the way over a socket."""

import json
from pathlib import Path

import pytest

from core.errors import Stalled
from core.handles import parse_handle
from core.records import Destination, Manifest, RemoteFile
from core.states import Intent, ItemState, TaskState
from core.task import Item, Task
from core.views import TaskView, failure_of, files_text, from_json, refused_view, to_json, view_of

HASH = "sha256:" + "0" * 64


def task_of(*states: ItemState, hashes: tuple[str, ...] = (), admitted: bool = True) -> Task:
    """A task with one file of 1 MB for each state."""
    task = Task("org/repo", parse_handle("org/repo"), root=Path("/models"), added_at=0.0)
    place = Destination(task.root, "huggingface.co/org/repo")
    digests = hashes or (HASH,) * len(states)
    files = [RemoteFile(f"{n}.bin", 1_000_000, digest, "") for n, digest in enumerate(digests)]
    task.manifest = Manifest("huggingface", "org/repo", "main", "c", place.folder, tuple(files))
    task.set_items(Item(file, place, state=state) for file, state in zip(files, states, strict=True))
    task.admitted = admitted
    task.refresh()
    return task


def test_a_task_without_a_list_has_no_figures() -> None:
    task = Task("org/repo", parse_handle("org/repo"), root=Path("/models"), added_at=0.0)
    assert view_of(task, 0.0) == TaskView("org/repo", TaskState.QUEUED)
    task.resolving = True
    task.refresh()
    assert view_of(task, 0.0).status == "fetching file list"


def test_figures_are_those_of_the_chosen_files() -> None:
    task = task_of(ItemState.DONE, ItemState.TRANSFERRING, ItemState.SKIPPED)
    task.set_durable(task.items["0.bin"], 1_000_000)
    task.set_durable(task.items["1.bin"], 999_999)
    task.meter.add(100_000, 10.0)
    view = view_of(task, 10.5)
    assert (view.size, view.durable, view.done, view.wanted) == (2_000_000, 1_999_999, 1, 2)
    assert view.percent == 99, "never 100 before the end"
    assert view.rate > 0 and view.eta_s is not None and view.eta_s < 1
    assert view.status == "1 of 2 files" and files_text(view) == "2 files, 2 MB"


@pytest.mark.parametrize(
    ("hashes", "status"), [((HASH, HASH), "complete, verified"), ((HASH, ""), "complete, size only")]
)
def test_a_complete_task_says_whether_hashes_were_there(hashes: tuple[str, ...], status: str) -> None:
    task = task_of(ItemState.DONE, ItemState.DONE, hashes=hashes)
    task.described = True
    task.refresh()
    view = view_of(task, 0.0)
    assert (view.status, view.percent, view.is_over, view.is_good) == (status, 100, True, True)


def test_a_wait_is_told_with_its_reason_and_the_time_of_the_next_try() -> None:
    task = task_of(ItemState.BACKING_OFF, ItemState.BACKING_OFF, ItemState.WAITING)
    for number, at in ((0, 20.0), (1, 12.4)):
        item = task.items[f"{number}.bin"]
        item.failure, item.retry_at = Stalled(f"No byte came for {number}").failure, at
    view = view_of(task, 4.0)
    assert view.status == "retrying in 8 s: No byte came for 1"
    task.move_item(task.items["0.bin"], ItemState.TRANSFERRING)
    assert view_of(task, 4.0).waiting_text == "", "something comes"


def test_a_failed_task_names_what_failed_and_how_much_more() -> None:
    task = task_of(*[ItemState.FAILED] * 5)
    for item in task.items.values():
        item.failure = Stalled(f"{item.id} stands").failure
    failure = failure_of(task)
    assert failure is not None and failure.message == "0.bin stands; 1.bin stands; 2.bin stands (and 2 more)"
    view = view_of(task, 0.0)
    assert view.problem == (failure.message, Stalled.action) and view.is_over and not view.is_good


@pytest.mark.parametrize("intent", [Intent.PAUSE, Intent.CANCEL])
def test_a_paused_task_is_not_over_and_a_cancelled_one_is(intent: Intent) -> None:
    state = ItemState.PAUSED if intent is Intent.PAUSE else ItemState.CANCELLED
    task = task_of(state)
    task.intent = intent
    task.refresh()
    view = view_of(task, 0.0)
    assert view.is_over == (intent is Intent.CANCEL)
    assert all(view.problem)


def test_a_view_survives_the_way_over_a_socket() -> None:
    views = [
        view_of(task_of(ItemState.DONE, ItemState.TRANSFERRING), 0.0),
        refused_view("a/b", Stalled("it stands").failure),
        TaskView("x", TaskState.RUNNING, waiting="no answer", retry_s=3, is_removed=True, eta_s=1.5),
    ]
    for view in views:
        assert from_json(json.loads(json.dumps({**to_json(view), "new": "field"}))) == view


@pytest.mark.parametrize("value", [{}, {"id": "a"}, {"id": "a", "state": "dancing"}, {"state": "done"}])
def test_what_is_no_view_is_refused(value: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        from_json(value)
