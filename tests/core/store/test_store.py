"""Both stores behave alike, and SQLite's survives a restart; the keeper writes in groups."""

import asyncio
import queue
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Failure, StoreError
from core.records import Manifest
from core.spawn import spawn
from core.states import ItemState, TaskState
from core.store.base import Batch, StoredItem, StoredTask, stored_item_state, stored_task_state
from core.store.keeper import Keeper
from core.store.memory import MemoryStore
from core.store.sqlite import SqliteStore

MANIFEST = Manifest("huggingface", "o/r", "", "c0ffee", "huggingface.co/o/r", (), "https://x/o/r", "x")


def task(task_id: str, **changes) -> StoredTask:
    fields = {"handle": task_id, "root": "/models", "state": TaskState.QUEUED, "added_at": 1.5} | changes
    return StoredTask(id=task_id, **fields)


def item(path: str, **changes) -> StoredItem:
    fields = {"size": 9, "hash": "", "url": "http://x/" + path, "state": ItemState.WAITING} | changes
    return StoredItem(path, **fields)


batches = st.lists(
    st.builds(
        Batch,
        tasks=st.dictionaries(st.sampled_from("abc"), st.sampled_from([TaskState.DONE, TaskState.PAUSED])).map(
            lambda states: {k: task(k, state=v, manifest=MANIFEST, globs=("*.gguf",)) for k, v in states.items()}
        ),
        items=st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(0, 9)).map(
            lambda rows: {key: item(key[1], durable=n, failure=Failure("A", "b")) for key, n in rows.items()}
        ),
        order=st.none() | st.permutations("abc").map(list),
        removed=st.sets(st.sampled_from("abc"), max_size=1),
    ),
    max_size=8,
)


@given(batches)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sqlite_and_its_memory_twin_keep_the_same(tmp_path_factory, batches) -> None:
    path = tmp_path_factory.mktemp("store") / "tasks.sqlite"
    memory, store = MemoryStore(), SqliteStore(path)
    for batch in batches:
        memory.write(batch)
        store.write(batch)
    store.close()
    again = SqliteStore(path)

    def seen(tasks):
        return {t.id: (t.state, t.manifest, t.globs, {i.path: i for i in t.items}) for t in tasks}

    assert seen(again.load()) == seen(memory.load())
    again.close()


def test_the_order_of_the_queue_survives(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    for store in (SqliteStore(path), MemoryStore()):
        store.write(Batch(tasks={name: task(name) for name in "abc"}))
        store.write(Batch(order=["c", "a", "b"]))
        store.write(Batch(tasks={"d": task("d"), "a": task("a", state=TaskState.DONE)}))
        assert [t.id for t in store.load()] == ["c", "a", "b", "d"]
        store.close()
    again = SqliteStore(path)
    assert [t.id for t in again.load()] == ["c", "a", "b", "d"]
    again.close()


def test_items_come_back_in_the_order_of_the_hub(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.sqlite")
    store.write(Batch(tasks={"a": task("a")}, items={("a", p): item(p) for p in ("z", "a", "m")}))
    store.write(Batch(items={("a", "z"): item("z", durable=5)}))
    assert [i.path for i in store.load()[0].items] == ["z", "a", "m"]
    store.close()


def test_a_batch_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.sqlite")
    store.write(Batch(tasks={"a": task("a")}))
    with pytest.raises(StoreError):
        store.write(Batch(tasks={"b": task("b")}, items={("b", "x"): item("x", size=2**70)}))
    assert [t.id for t in store.load()] == ["a"]
    store.close()


def test_a_store_of_a_newer_version_is_refused_kindly(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    SqliteStore(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="newer"):
        SqliteStore(path)


def test_a_damaged_store_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError) as caught:
        SqliteStore(path)
    assert caught.value.action


@pytest.mark.parametrize("state", ItemState)
def test_what_ran_when_the_process_ended_is_kept_as_waiting(state: ItemState) -> None:
    kept = stored_item_state(state)
    assert kept is (ItemState.WAITING if state.is_running else state)
    assert stored_task_state(TaskState.RUNNING) is TaskState.QUEUED


class CountingStore(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.fails = False

    def write(self, batch: Batch) -> None:
        self.writes += 1
        if self.fails:
            raise StoreError("full")
        super().write(batch)


async def test_a_thousand_changes_are_kept_in_a_few_writes() -> None:
    store = CountingStore()
    keeper = Keeper(store)
    keeper.put_task(task("a"))
    for n in range(1000):
        keeper.put_item("a", item(str(n)))
        if n % 100 == 0:
            await asyncio.sleep(0)
    await keeper.kept()
    assert len(store.load()[0].items) == 1000
    assert store.writes <= 12
    await keeper.aclose()


async def test_whoever_waits_for_a_change_to_be_kept_does_not_wait_for_later_ones() -> None:
    begun, may_end = queue.SimpleQueue[None](), [threading.Event() for _ in range(3)]

    class Slow(CountingStore):
        def write(self, batch: Batch) -> None:
            begun.put(None)
            may_end[self.writes].wait()
            super().write(batch)

    keeper = Keeper(Slow())
    keeper.put_task(task("a"))
    await asyncio.to_thread(begun.get)
    keeper.put_item("a", item("1"))
    kept = spawn(keeper.kept(), name="kept")
    await asyncio.sleep(0)
    may_end[0].set()
    await asyncio.to_thread(begun.get)
    keeper.put_item("a", item("2"))
    assert not kept.done()
    may_end[1].set()
    await kept
    await asyncio.to_thread(begun.get)
    for event in may_end:
        event.set()
    await keeper.aclose()


async def test_what_could_not_be_kept_is_tried_again_with_the_next_change() -> None:
    store = CountingStore()
    store.fails = True
    keeper = Keeper(store)
    keeper.put_task(task("a"))
    await keeper.kept()
    assert keeper.error is not None
    store.fails = False
    keeper.put_task(task("b"))
    await keeper.kept()
    assert keeper.error is None
    assert [t.id for t in store.load()] == ["a", "b"]
    await keeper.aclose()


async def test_a_task_that_was_removed_and_added_again_starts_empty() -> None:
    store = CountingStore()
    keeper = Keeper(store)
    keeper.put_task(task("a"))
    keeper.put_item("a", item("old"))
    keeper.remove("a")
    keeper.put_task(task("a", state=TaskState.PAUSED))
    await keeper.kept()
    (kept,) = store.load()
    assert kept.state is TaskState.PAUSED and kept.items == ()
    await keeper.aclose()


def test_a_task_that_is_added_finds_its_place_without_a_walk_over_the_list(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.sqlite")
    steps: list[int] = []

    def write(first: int) -> int:
        """Return how many steps of SQLite's machine, in hundreds, a task more takes."""
        steps.clear()
        store._db.set_progress_handler(lambda: steps.append(1), 100)
        store.write(Batch(tasks={f"{first}": task(f"{first}")}))
        store._db.set_progress_handler(None, 0)
        return len(steps)

    write(0)
    few = write(1)
    store.write(Batch(tasks={f"{n}": task(f"{n}") for n in range(2, 2000)}))
    assert write(2000) <= few + 1
    store.close()
