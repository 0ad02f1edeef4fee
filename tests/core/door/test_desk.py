"""Which task a person means, and the stored tasks that an engine did not load."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.demo.repos import GeneratedFile, Repo
from core.door.desk import Desk, find_task
from core.door.rest import Rest
from core.engine import Engine
from core.errors import CommandRefused
from core.handles import format_handle, parse_handle
from core.records import Selection
from core.roster import Roster
from core.states import TaskState
from core.store.base import Batch
from core.store.keeper import Keeper
from core.store.memory import MemoryStore
from core.task import Task
from tests.core.conftest import Rig

REPO = "t/big"


def tasks(*texts: str) -> list[Task]:
    return [Task(text, parse_handle(text), root=Path("/m"), added_at=0.0) for text in texts]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Org/Repo:Q4_K_M", "Org/Repo:Q4_K_M"),
        ("org/repo", "org/repo"),
        ("ORG/REPO:q4_k_m", "Org/Repo:Q4_K_M"),
        ("https://huggingface.co/org/repo/tree/main", "org/repo"),
        ("tinyllama", "tinyllama:gguf"),
        ("hf download other/one", "other/one"),
    ],
)
def test_a_task_is_found_by_id_then_whatever_the_case_then_by_handle(text: str, found: str) -> None:
    there = tasks("Org/Repo:Q4_K_M", "org/repo", "tinyllama:gguf", "other/one")
    assert find_task(text, there, short=format_handle(parse_handle(text))).id == found


def test_two_that_may_be_meant_are_both_named_and_none_is_taken() -> None:
    there = tasks("tinyllama:gguf", "tinyllama:main")
    with pytest.raises(CommandRefused, match="may be tinyllama:gguf, tinyllama:main"):
        find_task("tinyllama", there, short="tinyllama")
    with pytest.raises(CommandRefused, match="No download is called 'who'; there is"):
        find_task("who", there, short="who")
    with pytest.raises(CommandRefused, match="list is empty"):
        find_task("who", [])


class Partly:
    """An engine that loaded nothing of a store with one task, half pulled."""

    def __init__(self, engine: Engine, store: MemoryStore) -> None:
        self.engine = engine
        self.store = store
        self.rest = Rest(engine, self._stored)
        self.desk = Desk(engine, self.rest)

    async def _stored(self) -> list[Task]:
        roster = Roster(Keeper(self.store), lambda *_: None)
        await roster.load(None)
        return roster.all()


@pytest.fixture
async def partly(rig: Rig) -> AsyncIterator[Partly]:
    rig.hub.add_repo(Repo(REPO, [GeneratedFile("big.bin", 4 * 2**20)]))
    rig.hub.knobs.bytes_per_s_total = 0
    first = await rig.engine()
    rig.add(first, REPO)
    await first.aclose()
    engine = await rig.engine(load=False)
    await engine.load(only=frozenset())
    assert isinstance(rig.store, MemoryStore)
    yield Partly(engine, rig.store)


async def test_what_was_not_loaded_is_listed_and_left_alone(partly: Partly) -> None:
    assert [task.id for task in await partly.desk.tasks()] == [REPO]
    assert partly.engine.tasks == []


async def test_it_can_be_paused_without_ever_starting(partly: Partly, rig: Rig) -> None:
    rig.hub.requests.clear()
    task = await partly.desk.steer("pause", REPO)
    assert task.state is TaskState.PAUSED and [t.id for t in partly.engine.tasks] == [REPO]
    assert [task.id for task in await partly.desk.tasks()] == [REPO], "it is listed once"
    assert len(rig.hub.requests) == 0


async def test_resuming_it_is_loading_it(partly: Partly) -> None:
    assert (await partly.desk.steer("resume", REPO)).state.is_live
    with pytest.raises(CommandRefused, match="nothing to resume"):
        await partly.desk.steer("resume", REPO)


async def test_what_was_only_partly_loaded_keeps_its_order_when_a_task_goes(rig: Rig) -> None:
    first = await rig.engine()
    for name in "abcdef":
        rig.add(first, f"o/{name}", paused=True)
    await first.aclose()
    engine = await rig.engine(load=False)
    await engine.load(only=frozenset())
    assert isinstance(rig.store, MemoryStore)
    partly = Partly(engine, rig.store)
    await partly.rest.fetch({"o/d": Selection(globs=("*.x",)), "o/e": None, "o/f": None})
    rig.add(engine, "o/d", globs=("*.x",), paused=True)
    await engine._roster.keeper.kept()
    assert [task.id for task in await partly._stored()] == ["o/a", "o/b", "o/c", "o/e", "o/f", "o/d"]


def test_an_order_that_still_waits_lets_go_of_a_task_that_goes() -> None:
    batch = Batch(order=["a", "b", "c"])
    batch.absorb(Batch(removed={"b"}))
    assert batch.order == ["a", "c"]


async def test_it_is_loaded_once_and_goes_where_other_files_are_asked_for(partly: Partly) -> None:
    assert await partly.rest.fetch({REPO: Selection(globs=("*.json",))}) == set()
    assert partly.engine.tasks == []
    assert await partly.rest.fetch({REPO: None}) == set(), "it was looked for, and taken off the list"
