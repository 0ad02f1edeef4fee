"""A long list costs no more than a short one: what is counted is at how many tasks and files something looks."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.handles import parse_handle
from core.itemise import shown_order
from core.lineup import GAP
from core.listings import OFF_LOOP_FILES
from core.records import Limits, RemoteFile
from core.roster import Roster
from core.states import TaskState
from core.store.keeper import Keeper
from core.store.memory import MemoryStore
from core.task import Item, Task
from tests.fakes.lined import check_lineup, looked_at
from tests.fakes.rig import EngineRig

LONG = 400
FEW = 12  # those that run, those that come next


@pytest.fixture
def long() -> Iterator[EngineRig]:
    """An engine over a list of 400 models of one file, two of them under way."""
    rig = EngineRig()
    rig.open(limits=Limits(tasks=2, connections=6, connections_per_host=4))
    rig.engine.task_done.disconnect(rig._done)  # it walks over the list itself
    rig.world.answers_at_once = True
    for n in range(LONG):
        repo = f"t/m{n:03}"
        rig.world.repos[repo] = (RemoteFile("a.bin", 10, "", f"https://h.example/{n}"),)
        rig.do(lambda repo=repo: rig.engine.add(parse_handle(repo)))
    while any(task.manifest is None for task in rig.tasks()) or len(rig.world.live) < 2:
        rig.turn()
    yield rig
    rig.world.answers_at_once = False
    rig.do(rig.world.threads.let_all)
    rig.dispose()


def test_what_ends_and_what_comes_next_is_found_without_a_walk_over_the_list(
    long: EngineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [transfer.job.identity.task_id for transfer in long.world.live]
    with looked_at(monkeypatch) as seen:
        for transfer in list(long.world.live):
            long.do(transfer.end)
        long.do(lambda: [transfer.wake() for transfer in long.world.live])
        long.world.loop.now += 0.3
        long.turn(60)
    assert [long.state(task_id) for task_id in first] == [TaskState.DONE] * 2
    assert {transfer.job.identity.task_id for transfer in long.world.live}.isdisjoint(first)
    assert len(seen) <= FEW
    check_lineup(long.engine._roster)


def test_the_totals_are_not_summed_up_anew(long: EngineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    with looked_at(monkeypatch) as seen:
        totals = long.do(lambda: long.engine.totals)
    assert (totals.active, totals.queued, totals.need_bytes) == (2, LONG - 2, 10 * LONG)
    assert len(seen) <= FEW


@pytest.mark.parametrize("command", ["pause", "cancel", "remove"])
def test_a_command_looks_at_its_own_task(long: EngineRig, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    with looked_at(monkeypatch) as seen:
        long.do(lambda: getattr(long.engine, command)("t/m200"))
        long.turn(10)
    assert "t/m200" in seen
    assert len(seen) <= FEW


def test_a_move_in_the_queue_looks_at_few_others(long: EngineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    with looked_at(monkeypatch) as seen:
        long.do(lambda: long.engine.move("t/m399", 2))
        long.turn(10)
    assert long.engine.index_of("t/m399") == 2
    assert len(seen) <= 2 * FEW, "its place is found by halves"
    check_lineup(long.engine._roster)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40))
def test_moves_keep_the_order_however_many_go_between_the_same_two(moves: list[tuple[int, int]]) -> None:
    async def story() -> None:
        roster = Roster(Keeper(MemoryStore()), lambda *_: None)
        for n in range(6):
            roster.add(Task(f"t/{n}", parse_handle(f"t/{n}"), root=Path("models"), added_at=0.0))
        order = list(roster.order)
        for which, index in [*moves, *((n % 2 + 2, 1) for n in range(GAP.bit_length() + 4))]:
            task = roster.get(order[which])
            order.remove(task.id)
            order.insert(index, task.id)
            roster.move(task, index)
            assert roster.order == order
        check_lineup(roster)
        await roster.keeper.aclose()

    asyncio.run(story())


# -- a model of very many files -----------------------------------------------------------------------------

MANY = OFF_LOOP_FILES + 100


@pytest.fixture
def many() -> Iterator[EngineRig]:
    """An engine that has asked for the list of a model of many files; the threads for the disk are held."""
    rig = EngineRig()
    rig.open()
    rig.engine.items_added.disconnect(rig.watch._adopt)  # it walks over the files itself
    rig.patch.setattr("core.listings.OFF_LOOP_FILES", OFF_LOOP_FILES)
    rig.world.repos["t/many"] = tuple(
        RemoteFile(f"part-{n}.bin", 10, "", f"https://h.example/{n}") for n in range(MANY)
    )
    rig.do(lambda: rig.engine.add(parse_handle("t/many")))
    while not rig.world.requests:
        rig.turn()
    rig.do(lambda: rig.world.threads.hold("disk"))
    rig.do(lambda: rig.world.answer(rig.world.requests[0]))
    while not rig.world.threads.waiting:
        rig.turn()
    yield rig
    rig.do(rig.world.threads.let_all)
    rig.dispose()


def test_its_items_are_made_on_a_thread_and_taken_in_without_a_look_at_each(
    many: EngineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[str] = []
    many.engine.items_added.connect(added.append)
    made_on: list[int] = []
    made = Item.__init__

    def make(*args: object, **words: object) -> None:
        made_on.append(threading.get_ident())
        made(*args, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(Item, "__init__", make)
    work = many.world.threads.waiting[0]
    thread = threading.Thread(target=work.do)
    many.world.threads.waiting.remove(work)
    thread.start()
    thread.join()
    assert len(made_on) == MANY and threading.get_ident() not in made_on
    with looked_at(monkeypatch, Item) as seen:
        many.turn(6)
    assert added == ["t/many"] and len(many.engine.task("t/many").items) == MANY
    assert not seen, "nothing of the loop's depends on how many there are"
    many.do(many.world.threads.let_all)
    many.turn(4)
    assert [row.path for row in many.world.store.load()[0].items] == list(many.engine.task("t/many").items)


@pytest.mark.parametrize("command", ["pause", "cancel", "remove"])
def test_a_command_while_they_are_made_is_obeyed_and_no_file_comes_of_it(many: EngineRig, command: str) -> None:
    many.do(lambda: getattr(many.engine, command)("t/many"))
    many.do(many.world.threads.let_all)
    many.turn(20)
    assert not many.world.live
    tasks = many.tasks()
    assert tasks == [] if command == "remove" else (not tasks[0].state.is_live and tasks[0].manifest is None)
    if command == "pause":
        many.world.answers_at_once = True
        many.do(lambda: many.engine.resume("t/many"))
        many.turn(40)
        assert len(many.engine.task("t/many").items) == MANY


def test_a_task_that_goes_to_another_folder_while_they_are_made_has_them_there(many: EngineRig) -> None:
    other = many.world.roots[1]
    many.do(lambda: many.engine.relocate("t/many", other))
    many.do(many.world.threads.let_all)
    many.turn(20)
    paths = [item.local_path for item in many.engine.task("t/many").items.values()]
    assert len(paths) == MANY and all(path is not None and path.is_relative_to(other) for path in paths)


def test_files_are_shown_in_natural_order_those_of_the_selection_first() -> None:
    names = ["README.md", "a/part-10.bin", "a/part-9.bin", "b.bin", f"n-{'9' * 5000}.bin"]
    wanted = {"b.bin", "a/part-10.bin", "a/part-9.bin"}
    shown = sorted(names, key=lambda name: shown_order(name, wanted=name in wanted))
    assert shown == ["a/part-9.bin", "a/part-10.bin", "b.bin", f"n-{'9' * 5000}.bin", "README.md"]
