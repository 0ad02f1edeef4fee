"""The real engine in a fake world: any command in any state, slow disks, restarts and lost processes.

The machine acts between two turns of the loop, so that what it asks meets runs, listings and chores in every stage.
"""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.commands import Command
from core.errors import (
    CommandRefused,
    ConnectFailed,
    DownloadError,
    HashMismatch,
    NotFound,
    NotWritable,
    ServerBusy,
)
from core.handles import format_handle, parse_handle
from core.records import Limits, RemoteFile
from core.states import ItemState, TaskState, derive_task_state
from core.store.base import stored_task_state
from core.task import Item
from tests.fakes.rig import EngineRig, rows_of
from tests.fakes.world import MB

HANDLES = ("t/a", "t/a:Q4_K_M", "t/b", "tiny:gguf", "t/c")
PATHS = ("a.bin", "A.bin", "sub/b.bin", "model.yml", "../evil", "con.txt", "z.gguf")
STEERING = (Command.PAUSE, Command.PAUSE, Command.RESUME, Command.RESUME, Command.RETRY, Command.START_NOW)
STEERING += (Command.VERIFY, Command.VERIFY, Command.REPAIR)
ERRORS: tuple[Callable[[], DownloadError], ...] = (
    lambda: ConnectFailed("No connection"),
    lambda: ServerBusy("Busy"),
    lambda: HashMismatch("Wrong bytes"),
    lambda: NotWritable("The disk is gone"),
)

ENDS = ("rest", "rest", "close", "close slowly", "crash")

files = st.builds(
    lambda path, size, host: RemoteFile(path, size, "", f"https://h{host}.example/{path}"),
    path=st.sampled_from(PATHS),
    size=st.sampled_from([10, None, 2 * MB, 64 * MB]),
    host=st.integers(0, 1),
)
repos = st.lists(files, max_size=5, unique_by=lambda file: file.path).map(tuple)
endings = st.tuples(st.sampled_from(["cancel", "cancel", "error", "placed"]), st.integers(0, 6))
numbers = st.integers(0, 11)
afters = st.sampled_from([0, 0, 1, 2, 4, 12])


class Storm(RuleBasedStateMachine):
    """Drives one engine after the other over one store."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = EngineRig()
        self.world = self.rig.world
        self.most_admitted = 0
        self.was_broken = False
        self.lost: set[Path] = set()

    @initialize(
        contents=st.tuples(repos, repos, repos, repos),
        choices=st.lists(st.none() | st.sets(st.sampled_from(PATHS)), min_size=len(HANDLES), max_size=len(HANDLES)),
        slow=st.lists(endings, max_size=4),
        first=st.lists(st.sampled_from(HANDLES), max_size=4),
        turns=st.integers(0, 60),
        answers_at_once=st.booleans(),
    )
    def begin(
        self,
        contents: tuple[tuple[RemoteFile, ...], ...],
        choices: list[set[str] | None],
        slow: list[tuple[str, int]],
        first: list[str],
        turns: int,
        answers_at_once: bool,
    ) -> None:
        self.world.repos.update(zip(("t/a", "t/b", "t/c", "tiny"), contents, strict=True))
        for text, paths in zip(HANDLES, choices, strict=True):
            if paths is not None:
                self.world.chosen[text] = frozenset(paths)
        self.world.endings = slow
        self.rig.open()
        for text in first:
            self.add(text, "", paused=False, after=0)
        self.all_flows_for_a_while(turns)
        self.world.answers_at_once = answers_at_once

    # -- commands ----------------------------------------------------------------------------------------

    def task_id(self, number: int) -> str:
        ids = self.rig.engine._roster.order
        return ids[number % len(ids)] if ids and number < 11 else "no such task"

    def item_id(self, task_id: str, number: int) -> str:
        items = list(self.rig.task(task_id).items) if task_id in self.rig.engine._roster else []
        return items[number % len(items)] if items and number < 11 else "no such file"

    def give(self, command: Command, task_id: str, item_id: str | None, call: Callable[[], object]) -> None:
        """Give a command: accepted where `refusal` is silent, else refused with its words and without a trace."""
        reason = self.rig.engine.refusal(command, task_id, item_id)
        with self.world.loop.inside():
            if not reason:
                call()
                return
            before = self.rig.picture()
            with pytest.raises(CommandRefused) as caught:
                call()
            assert caught.value.message == reason
            assert self.rig.picture() == before

    @rule(
        text=st.sampled_from(HANDLES),
        task_id=st.sampled_from(["", "", "", "mine"]),
        paused=st.booleans(),
        after=afters,
    )
    def add(self, text: str, task_id: str, paused: bool, after: int) -> None:
        with self.world.loop.inside():
            added = self.rig.engine.add(parse_handle(text), task_id=task_id, paused=paused)
        assert added == (task_id or text)
        self.turn(after)

    @rule(command=st.sampled_from(STEERING), number=numbers, item=st.none() | numbers, after=afters)
    def steer(self, command: Command, number: int, item: int | None, after: int) -> None:
        task_id = self.task_id(number)
        item_id = None if item is None else self.item_id(task_id, item)
        self.give(command, task_id, item_id, lambda: getattr(self.rig.engine, command.value)(task_id, item_id))
        self.turn(after)

    @rule(number=numbers, after=afters)
    def stop_verifying(self, number: int, after: int) -> None:
        with self.world.loop.inside():
            self.rig.engine.stop_verifying(self.task_id(number))
        self.turn(after)

    @precondition(lambda self: self.world.finals)
    @rule(which=numbers, is_lost=st.booleans(), task=numbers, after=afters)
    def a_finished_file_is_damaged_and_looked_for(self, which: int, is_lost: bool, task: int, after: int) -> None:
        path = sorted(self.world.finals)[which % len(self.world.finals)]
        if any(transfer.job.final == path for transfer in self.world.live):
            return
        self.world.damaged.add(path)
        if is_lost:
            self.world.set_aside(path)
        self.steer(Command.VERIFY, task, None, after)

    @rule(number=numbers, keep_parts=st.booleans(), after=afters)
    def cancel(self, number: int, keep_parts: bool, after: int) -> None:
        task_id = self.task_id(number)
        self.give(Command.CANCEL, task_id, None, lambda: self.rig.engine.cancel(task_id, keep_parts=keep_parts))
        self.turn(after)

    @rule(number=numbers, delete_files=st.booleans(), again=st.booleans(), after=afters)
    def remove(self, number: int, delete_files: bool, again: bool, after: int) -> None:
        task_id = self.task_id(number)
        self.give(Command.REMOVE, task_id, None, lambda: self.rig.engine.remove(task_id, delete_files=delete_files))
        if again and task_id in HANDLES:
            self.add(task_id, "", paused=False, after=0)
        self.turn(after)

    @rule(take_in=st.booleans(), number=numbers, item=numbers, after=afters)
    def select(self, take_in: bool, number: int, item: int, after: int) -> None:
        task_id = self.task_id(number)
        item_id = self.item_id(task_id, item)
        command = Command.CHOOSE if take_in else Command.SKIP
        self.give(command, task_id, item_id, lambda: getattr(self.rig.engine, command.value)(task_id, item_id))
        self.turn(after)

    @rule(number=numbers, index=st.integers(-1, 6))
    def move(self, number: int, index: int) -> None:
        task_id = self.task_id(number)
        self.give(Command.MOVE, task_id, None, lambda: self.rig.engine.move(task_id, index))

    @rule(tasks=st.integers(1, 4), connections=st.integers(1, 8), per_host=st.integers(1, 4))
    def set_limits(self, tasks: int, connections: int, per_host: int) -> None:
        limits = Limits(tasks=tasks, connections=connections, connections_per_host=per_host)
        with self.world.loop.inside():
            self.rig.engine.set_limits(limits)

    # -- the world ---------------------------------------------------------------------------------------

    def turn(self, turns: int) -> None:
        for _ in range(turns):
            self.world.loop.turn()
            self.limits_hold()

    @rule(turns=st.integers(1, 40), seconds=st.sampled_from([0, 0.3, 2.5]))
    def time_passes(self, turns: int, seconds: float) -> None:
        self.world.loop.now += seconds
        self.turn(turns)

    @rule(turns=st.integers(1, 60))
    def all_flows_for_a_while(self, turns: int) -> None:
        with self.world.loop.inside():
            self.world.flow()
        self.turn(turns)
        self.world.flows = False

    @precondition(lambda self: self.world.live)
    @rule(which=numbers, number=numbers, times=st.integers(1, 4), after=afters)
    def a_download_tells(self, which: int, number: int, times: int, after: int) -> None:
        transfer = self.world.live[which % len(self.world.live)]
        with self.world.loop.inside():
            for n in range(times):
                transfer.say(number + n)
        self.turn(after)

    @precondition(lambda self: self.world.live)
    @rule(which=numbers, error=st.sampled_from([None, None, *ERRORS]), after=afters)
    def a_download_ends(self, which: int, error: Callable[[], DownloadError] | None, after: int) -> None:
        transfer = self.world.live[which % len(self.world.live)]
        with self.world.loop.inside():
            transfer.end(error and error())
        self.turn(after)

    @precondition(lambda self: self.world.requests)
    @rule(which=numbers, fails=st.sampled_from([False, False, True]), after=afters)
    def a_listing_comes(self, which: int, fails: bool, after: int) -> None:
        request = self.world.requests[which % len(self.world.requests)]
        with self.world.loop.inside():
            self.world.answer(request, NotFound("There is no such model") if fails else None)
        self.turn(after)

    @rule(held=st.sampled_from([(), ("disk",), ("disk",), ("store",), ("disk", "store")]), after=afters)
    def threads_become_slow_or_not(self, held: tuple[str, ...], after: int) -> None:
        with self.world.loop.inside():
            self.world.threads.hold(*held)
        self.turn(after)

    @precondition(lambda self: self.world.threads.waiting)
    @rule(which=numbers, after=afters)
    def a_thread_ends(self, which: int, after: int) -> None:
        with self.world.loop.inside():
            self.world.threads.let_one(which)
        self.turn(after)

    @rule(trouble=st.sampled_from(["", "full", "locked", "broken"]))
    def something_is_wrong(self, trouble: str) -> None:
        self.world.disk_is_full = trouble == "full"
        self.world.folder_is_locked = trouble == "locked"
        self.world.store.broken = trouble == "broken"
        self.was_broken |= self.world.store.broken

    # -- ends --------------------------------------------------------------------------------------------

    @rule(how=st.sampled_from(ENDS))
    def it_ends_and_goes_on(self, how: str) -> None:
        if how == "rest":
            self.rig.rest()
            self.nothing_is_left_over()
            self.world.flows = False
            return
        if how == "crash":
            self.rig.crash()
        else:
            before = self.rig.engine
            self.rig.close(turns_held=12 if how == "close slowly" else 0)
            assert self.world.live == []
            if not self.world.store.broken:
                kept = [(task.id, stored_task_state(task.state), rows_of(task)) for task in before.tasks]
                assert self.stored() == kept
        self.open_over_what_is_stored()

    def stored(self) -> list[tuple[str, TaskState, list[tuple[str, ItemState, int]]]]:
        tasks = self.world.store.load()
        return [(task.id, task.state, [(i.path, i.state, i.durable) for i in task.items]) for task in tasks]

    def open_over_what_is_stored(self) -> None:
        stored = self.stored()
        self.rig.open()
        if self.was_broken:  # the list may call complete what was deleted after it could no longer be kept
            done = [i for t in self.rig.engine.tasks for i in t.items.values() if i.state is ItemState.DONE]
            self.lost.update(i.local_path for i in done if i.local_path and i.local_path not in self.world.finals)
        self.was_broken = self.world.store.broken
        self.most_admitted = 0
        assert self.rig.loaded == stored

    def nothing_is_left_over(self) -> None:
        conductor = self.rig.engine._conductor
        assert self.world.live == []
        assert not (conductor._runs or conductor.listings or conductor._chores or conductor._sweeps)
        assert not conductor.checks and all(task.check is None for task in self.rig.engine.tasks)
        assert not any(conductor._targets.values())
        assert self.rig.engine._pulse.ticker is None, "nothing runs, nothing is told"
        for task in self.rig.engine.tasks:
            assert not task.state.is_live, f"{task} waits for ever"
            assert not any(item.state.is_running for item in task.items.values()), list(task.items.values())
            assert task.failure is not None or not task.count(ItemState.WAITING), list(task.items.values())
            if task.state is TaskState.FAILED:
                assert task.failure is not None or task.count(ItemState.FAILED), list(task.items.values())
            assert all(item.connections == 0 for item in task.items.values()), list(task.items.values())

    # -- what holds at any moment ------------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        if self.rig.is_open:
            self.rig.check()
            self.states_and_counters_follow_from_the_items()
            self.what_is_done_is_there()
            self.limits_hold()

    def states_and_counters_follow_from_the_items(self) -> None:
        for task in self.rig.engine.tasks:
            items = list(task.items.values())
            states = None if task.manifest is None else [item.state for item in items]
            assert task.state is derive_task_state(
                task.intent,
                states,
                admitted=task.admitted,
                resolving=task.resolving,
                failed=task.failure is not None,
                described=task.described,
            )
            wanted = [item for item in items if item.state.is_wanted]
            assert task.size == sum(item.size for item in wanted)
            assert task.durable == sum(item.durable for item in wanted)
            assert task.wanted_count == len(wanted)
            counts = Counter(item.state for item in items)
            assert {state: task.count(state) for state in ItemState} == {
                state: counts[state] for state in ItemState
            }
            assert set(task.waiting_items()) == {item for item in items if item.state is ItemState.WAITING}
            assert task.state.is_live or not (task.admitted or task.forced), f"{task} holds a place"

    def what_is_done_is_there(self) -> None:
        for task in self.rig.engine.tasks:
            for item in task.items.values():
                if item.state is ItemState.DONE and item.local_path not in self.lost | self.world.aside:
                    assert item.local_path in self.world.finals, f"{item} of {task} is not on the disk"

    def limits_hold(self) -> None:
        engine = self.rig.engine
        admitted = sum(task.admitted and not task.forced for task in engine.tasks)
        assert admitted <= max(engine.limits.tasks, self.most_admitted)
        self.most_admitted = admitted
        if not engine._conductor._is_due:
            hosts: Counter[str] = Counter()
            for run in engine._conductor.running():
                assert isinstance(run.item, Item)
                hosts[run.item.host] += run.download.allotted  # type: ignore[attr-defined]
            assert sum(hosts.values()) <= engine.limits.connections

    def teardown(self) -> None:
        try:
            if self.rig.is_open:
                self.rig.rest()
                self.nothing_is_left_over()
                self.all_is_well()
                self.rig.close()
        finally:
            self.rig.dispose()


TestStorm = Storm.TestCase
TestStorm.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_handles_of_the_storm_are_their_own_ids() -> None:
    assert [format_handle(parse_handle(text)) for text in HANDLES] == list(HANDLES)
    assert logging.getLogger("core").isEnabledFor(logging.ERROR)
