"""The real engine in a fake world: any command in any state, slow disks, restarts and lost processes, disks that
fill up or go away and come back, networks that do, sleep, and clocks that are set.

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
    Offline,
    ServerBusy,
    Woken,
)
from core.handles import format_handle, parse_handle
from core.records import Limits, RemoteFile
from core.states import Intent, ItemState, TaskState, derive_task_state
from core.store.base import stored_task_state
from core.task import Item
from core.views import view_of
from tests.fakes.lined import check_lineup
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

LISTING_ERRORS: tuple[Callable[[], DownloadError], ...] = (
    lambda: NotFound("There is no such model"),
    lambda: Offline("This machine has no network"),
    lambda: Woken("This machine slept"),
    lambda: ServerBusy("The hub asks for fewer requests", retry_after_s=1800.0, is_charged=False),
)
AILMENTS = ("full", "away", "gone", "short", "in use")
HOUR_S = 3600.0

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
        self.may_go: set[Path] = set()  # parts that a command gave up
        self.waited: set[str] = set()  # tasks that did nothing but wait for a disk, a turn ago

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
        if not keep_parts:
            self.give_up_parts(task_id)
        self.give(Command.CANCEL, task_id, None, lambda: self.rig.engine.cancel(task_id, keep_parts=keep_parts))
        self.turn(after)

    @rule(number=numbers, delete_files=st.booleans(), again=st.booleans(), after=afters)
    def remove(self, number: int, delete_files: bool, again: bool, after: int) -> None:
        task_id = self.task_id(number)
        if delete_files:
            self.give_up_parts(task_id)
        self.give(Command.REMOVE, task_id, None, lambda: self.rig.engine.remove(task_id, delete_files=delete_files))
        if again and task_id in HANDLES:
            self.add(task_id, "", paused=False, after=0)
        self.turn(after)

    def give_up_parts(self, task_id: str) -> None:
        if task_id in self.rig.engine._roster:
            self.may_go.update(i.local_path for i in self.rig.task(task_id).items.values() if i.local_path)

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

    @rule(which=st.sampled_from([0, 1]))
    def choose_another_models_folder(self, which: int) -> None:
        with self.world.loop.inside():
            self.rig.engine.set_root(self.world.roots[which])

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
    @rule(which=numbers, error=st.sampled_from([None, None, *LISTING_ERRORS]), after=afters)
    def a_listing_comes(self, which: int, error: Callable[[], DownloadError] | None, after: int) -> None:
        request = self.world.requests[which % len(self.world.requests)]
        with self.world.loop.inside():
            self.world.answer(request, error and error())
        self.turn(after)

    @precondition(lambda self: self.world.live)
    @rule(which=numbers, ailment=st.sampled_from(AILMENTS), after=afters)
    def a_download_meets_what_passes_by_itself(self, which: int, ailment: str, after: int) -> None:
        transfer = self.world.live[which % len(self.world.live)]
        if ailment == "short":
            self.world.is_short = True
        elif ailment == "in use":
            self.world.in_use.add(transfer.job.final)
        else:
            self.world.ails[transfer.job.root] = ailment
        with self.world.loop.inside():
            transfer.end(self.world.trouble_of(transfer.job))
        self.turn(after)

    @rule(seconds=st.sampled_from([0.0, 2.5, 70.0]), after=afters)
    def it_passes(self, seconds: float, after: int) -> None:
        self.world.heal()
        self.world.loop.now += seconds
        self.turn(after)

    @rule(
        slept_s=st.sampled_from([0.0, 0.5 * HOUR_S, 8 * HOUR_S, 5000 * HOUR_S]),
        set_by_s=st.sampled_from([0.0, HOUR_S, -HOUR_S, 87_600 * HOUR_S, -87_600 * HOUR_S]),
        is_noticed=st.booleans(),
        after=afters,
    )
    def clocks_leap(self, slept_s: float, set_by_s: float, is_noticed: bool, after: int) -> None:
        self.world.loop.now += slept_s
        self.world.clock.wall += set_by_s
        if is_noticed:
            with self.world.loop.inside():
                for transfer in list(self.world.live):
                    transfer.wake_up()
        self.turn(after)

    @rule()
    def what_holds_lasts_for_long(self) -> None:
        self.rig.settle()
        self.world.flows = False
        self.who_waits_says_why_and_holds_up_nobody_else()

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
            self.lost.update(path for path, item in self.items() if item.durable > self.on_the_disk(path, item))
        self.was_broken = self.world.store.broken
        self.most_admitted = 0
        self.waited = set()
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
            self.who_backs_off_says_why_and_until_when()
            self.what_came_is_kept_and_no_more_is_claimed()
            self.numbers_make_sense()
            check_lineup(self.rig.engine._roster)

    def items(self) -> list[tuple[Path, Item]]:
        items = [item for task in self.rig.engine.tasks for item in task.items.values()]
        return [(item.local_path, item) for item in items if item.local_path is not None]

    def on_the_disk(self, path: Path, item: Item) -> int:
        return self.world.kept(path, item.durable if item.file.size is None else item.file.size)

    def who_backs_off_says_why_and_until_when(self) -> None:
        for task in self.rig.engine.tasks:
            waits = [(task.hold, task.retry_at)] if task.hold is not None else []
            waiting = [item for item in task.items.values() if item.state is ItemState.BACKING_OFF]
            waits += [(item.failure, item.retry_at) for item in waiting]
            for failure, retry_at in waits:
                assert failure is not None and failure.message and failure.meaning and failure.action, task
                assert retry_at is not None, f"{task} does not say until when it waits"
            failures = [task.failure] if task.state is TaskState.FAILED else []
            failures += [item.failure for item in task.items.values() if item.state is ItemState.FAILED]
            for meaning in (failure.meaning for failure in failures if failure is not None):
                promises = "by itself" in meaning or "by themselves" in meaning
                assert not promises, f"{task} stands still and says that it goes on: {meaning}"

    def what_came_is_kept_and_no_more_is_claimed(self) -> None:
        assert self.may_go.issuperset(self.world.removed), "a part is gone that nobody gave up"
        excused = self.lost | self.world.aside | self.world.damaged
        for path, item in self.items():
            if item.state is not ItemState.SKIPPED and path not in excused:
                assert item.durable <= self.on_the_disk(path, item), f"{item} claims more than is on the disk"

    def numbers_make_sense(self) -> None:
        now = self.rig.engine.now()
        for task in self.rig.engine.tasks:
            assert 0 <= task.durable <= task.size and 0.0 <= (task.fraction or 0.0) <= 1.0
            assert 0.0 <= task.rate(now) < 1e9
            assert (task.eta_s(now) or 0.0) >= 0.0
            assert (view_of(task, now).retry_s or 0) >= 0
        totals = self.rig.engine.totals
        assert totals.rate >= 0.0 and totals.need_bytes >= 0

    def who_waits_says_why_and_holds_up_nobody_else(self) -> None:
        engine, now = self.rig.engine, self.world.loop.now
        held = {transfer.job.final for transfer in self.world.live}
        for transfer in self.world.live:
            assert self.world.trouble_of(transfer.job), f"{transfer.job.final} waits for nothing"
        for task in engine.tasks:
            waiting = [item for item in task.items.values() if item.state is ItemState.BACKING_OFF]
            assert all(item.retry_at is not None and item.retry_at > now for item in waiting), f"{task} is late"
            assert {item.local_path for item in waiting} <= held
            if waiting and task.intent is Intent.RUN:
                view = view_of(task, now)
                assert view.waiting and view.retry_s is not None, f"{task} does not say why it waits"
            if task.hold is not None:
                assert task.retry_at is not None and task.retry_at > now, f"{task} is late"
            elif task.state.is_live and not waiting:
                is_behind = any(item.local_path in held for item in task.waiting_items())
                assert is_behind or engine._crew.disks.is_held(task.root), f"{task} waits for nothing"
            elif task.state.is_live and not engine._crew.disks.is_held(task.root):
                others = [item for item in task.items.values() if item.state.is_live and item not in waiting]
                assert all(item.local_path in held for item in others), f"{task} holds up {others}"

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
        # Who only waits gives its place away, and takes it again without asking.
        admitted = {task.id for task in engine.tasks if task.admitted and not task.forced}
        waits = engine._conductor._held()
        assert len(admitted - waits - self.waited) <= max(engine.limits.tasks, self.most_admitted)
        self.most_admitted = len(admitted - waits)
        self.waited = waits
        if not engine._conductor._is_due:
            runs = [run for run in engine._conductor.running() if run.report.is_alive]
            # What comes in one go keeps its connection to the end, whatever the limits are by then.
            holding = sum(run.download.is_in_one_go and not run.report.is_held for run in runs)
            allotted = sum(run.download.allotted for run in runs)  # type: ignore[attr-defined]
            assert allotted <= max(engine.limits.connections, holding)

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
    max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_model_whose_description_meets_a_full_disk_waits_holds_up_nobody_and_goes_on_by_itself() -> None:
    rig = EngineRig()
    try:
        world = rig.world
        for name in ("a", "b"):
            world.repos[f"t/{name}"] = (RemoteFile("x.bin", 10, "", f"https://h.example/{name}"),)
        engine = rig.open(limits=Limits(tasks=1, connections=1, connections_per_host=1))
        rig.do(lambda: engine.add(parse_handle("t/a")))
        while not (rig.task("t/a").items and rig.task("t/a").count(ItemState.DONE)):
            rig.do(world.flow)
            rig.turn()
        world.ails[world.root] = "full"
        rig.settle()
        task = rig.task("t/a")
        assert task.state is TaskState.VERIFYING
        assert task.hold is not None and task.hold.kind == "DiskFull"
        assert view_of(task, engine.now()).status == "retrying in 2 s: No space left"
        rig.do(lambda: engine.set_root(world.roots[1]))
        rig.do(lambda: engine.add(parse_handle("t/b")))
        rig.settle()
        assert (rig.state("t/a"), rig.state("t/b")) == (TaskState.VERIFYING, TaskState.DONE)
        rig.do(lambda: engine.pause("t/a"))
        rig.turn()
        assert task.hold is None and task.retry_at is None
        rig.do(lambda: engine.resume("t/a"))
        rig.settle()
        assert task.hold is not None
        rig.rest()
        assert rig.state("t/a") is TaskState.DONE and task.hold is None
        rig.close()
    finally:
        rig.dispose()


def test_the_handles_of_the_storm_are_their_own_ids() -> None:
    assert [format_handle(parse_handle(text)) for text in HANDLES] == list(HANDLES)
    assert logging.getLogger("core").isEnabledFor(logging.ERROR)
