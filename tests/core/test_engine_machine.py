"""Every command is legal in every moment or refused with a reason, whatever downloads, listings and restarts do."""

import asyncio
import logging
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core import conductor as conductor_module
from core import engine as engine_module
from core import library
from core.commands import Command
from core.engine import Engine
from core.errors import CommandRefused, NotFound
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.records import Handle, Limits, Manifest, RemoteFile, Selection
from core.states import ItemState, TaskState, derive_task_state
from core.store import keeper as keeper_module
from core.store.base import stored_task_state
from core.store.memory import MemoryStore
from tests.fakes.download import FakeCrew, FakeDownload
from tests.fakes.watch import Watch

NAMES = [f"org/m{n}" for n in range(5)]
FILES = {
    "org/m0": ("a.bin",),
    "org/m1": ("a.bin", "b.bin", "c.bin"),
    "org/m2": ("a.bin", "../evil.bin", "A.bin"),
    "org/m3": tuple(f"{n}.bin" for n in range(12)),
    "org/m4": (),
}
ORDERS = st.sampled_from(["bytes", "bytes", "back off", "verify", "done", "done", "fail", "break"])
names = st.sampled_from(NAMES)
item_numbers = st.none() | st.integers(0, 11)


class InlineExecutor(Executor):
    """Does work at once."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__()

    def submit(self, work, *args):  # type: ignore[no-untyped-def]
        future: Future[object] = Future()
        try:
            future.set_result(work(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class FakeSource:
    """Lists what the table above says, when it is let."""

    hub = "huggingface"

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.fails = False

    def matches(self, handle: Handle) -> bool:
        return True

    async def resolve(self, handle: Handle, selection: Selection) -> Manifest:
        await self.gate.wait()
        paths = FILES[handle.repo]
        if self.fails or not paths:
            raise NotFound(f"{handle.repo} does not exist")
        sizes = [40, None, 100, 7]
        files = tuple(
            RemoteFile(path, sizes[n % 4], "", f"http://hub/{path}", wanted=n % 5 != 4)
            for n, path in enumerate(paths)
        )
        return Manifest("huggingface", handle.repo, "", "c", f"huggingface.co/{handle.repo}", files)


class EngineMachine(RuleBasedStateMachine):
    """Commands at random against an engine whose downloads do as they are told."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(conductor_module, "Download", FakeDownload)
        self.patch.setattr(engine_module, "Crew", FakeCrew)
        self.patch.setattr(keeper_module, "ThreadPoolExecutor", InlineExecutor)
        self.patch.setattr(library, "find_complete", lambda *args: None)
        self.patch.setattr(library, "check_space", lambda *args: None)
        self.patch.setattr(library, "free_bytes", lambda root: 10**12)
        self.patch.setattr(library, "describe", lambda task: {})
        self.patch.setattr(library, "delete_files", lambda task, kept: None)
        self.patch.setattr(conductor_module, "remove_part", lambda path: None)
        FakeDownload.live.clear()
        FakeDownload.two_writers.clear()
        logging.getLogger("core").setLevel(logging.CRITICAL)  # a bug of a download is part of the script
        self.loop_errors: list[object] = []
        self.loop.set_exception_handler(lambda loop, context: self.loop_errors.append(context))
        self.store = MemoryStore()
        self.limits = Limits(tasks=2, connections_per_host=4, connections=6)

    @initialize()
    def begin(self) -> None:
        self.open()

    def open(self) -> None:
        async def make() -> None:
            self.source = FakeSource()
            self.engine = Engine(
                net=Net(Credentials(), offline=True),
                store=self.store,
                sources=[self.source],
                root=Path("/models"),
                limits=self.limits,
            )
            await self.engine.load()
            self.watch = Watch(self.engine)

        self.loop.run_until_complete(make())

    def run(self, turns: int) -> None:
        async def turn() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turn())

    def in_loop(self, call) -> None:  # type: ignore[no-untyped-def]
        async def inside() -> None:
            call()

        self.loop.run_until_complete(inside())

    def command(self, command: Command, name: str, number: int | None, call) -> None:  # type: ignore[no-untyped-def]
        """Give a command: accepted exactly where the engine said so, and without effect where it is refused."""
        items = [] if name not in [t.id for t in self.engine.tasks] else list(self.engine.task(name).items)
        item_id = None if number is None else items[number] if number < len(items) else "no such file"
        refusal = self.engine.refusal(command, name, item_id)
        before = repr(self.engine.tasks)
        if command in (Command.SKIP, Command.CHOOSE) and item_id is None:
            return

        def give() -> None:
            if refusal:
                with pytest.raises(CommandRefused) as caught:
                    call(name, item_id)
                assert caught.value.message == refusal
                assert repr(self.engine.tasks) == before
            else:
                try:
                    call(name, item_id)
                except CommandRefused:
                    unsafe = self.engine.task(name).items[item_id].local_path is None if item_id else False
                    assert command is Command.CHOOSE and unsafe

        self.in_loop(give)

    # -- commands ----------------------------------------------------------------------------------------

    @rule(name=names, paused=st.booleans())
    def add(self, name: str, paused: bool) -> None:
        self.in_loop(lambda: self.engine.add(parse_handle(name), paused=paused))

    @rule(name=names, number=item_numbers)
    def pause(self, name: str, number: int | None) -> None:
        self.command(Command.PAUSE, name, number, lambda t, i: self.engine.pause(t, i))

    @rule(name=names, number=item_numbers)
    def resume(self, name: str, number: int | None) -> None:
        self.command(Command.RESUME, name, number, lambda t, i: self.engine.resume(t, i))

    @rule(name=names, number=item_numbers)
    def retry(self, name: str, number: int | None) -> None:
        self.command(Command.RETRY, name, number, lambda t, i: self.engine.retry(t, i))

    @rule(name=names)
    def start_now(self, name: str) -> None:
        self.command(Command.START_NOW, name, None, lambda t, i: self.engine.start_now(t))

    @rule(name=names, keep=st.booleans())
    def cancel(self, name: str, keep: bool) -> None:
        self.command(Command.CANCEL, name, None, lambda t, i: self.engine.cancel(t, keep_parts=keep))

    @rule(name=names, files=st.booleans())
    def remove(self, name: str, files: bool) -> None:
        self.command(Command.REMOVE, name, None, lambda t, i: self.engine.remove(t, delete_files=files))

    @rule(name=names, number=item_numbers, take_in=st.booleans())
    def choose(self, name: str, number: int | None, take_in: bool) -> None:
        command = Command.CHOOSE if take_in else Command.SKIP
        self.command(command, name, number, self.engine.choose if take_in else self.engine.skip)

    @rule(name=names, index=st.integers(-1, 6))
    def move(self, name: str, index: int) -> None:
        self.command(Command.MOVE, name, None, lambda t, i: self.engine.move(t, index))

    @rule(tasks=st.integers(1, 3), per_host=st.integers(1, 5))
    def set_limits(self, tasks: int, per_host: int) -> None:
        self.limits = Limits(tasks=tasks, connections_per_host=per_host, connections=6)
        self.in_loop(lambda: self.engine.set_limits(self.limits))

    # -- the world ---------------------------------------------------------------------------------------

    @rule(turns=st.integers(1, 12))
    def time_passes(self, turns: int) -> None:
        self.run(turns)

    @rule(opened=st.booleans(), fails=st.booleans())
    def listings(self, opened: bool, fails: bool) -> None:
        self.source.fails = fails
        self.in_loop(self.source.gate.set if opened else self.source.gate.clear)
        self.run(4)

    @precondition(lambda self: FakeDownload.live)
    @rule(which=st.integers(0, 50), order=ORDERS)
    def a_download_goes_on(self, which: int, order: str) -> None:
        running = list(FakeDownload.live.values())
        self.in_loop(lambda: running[which % len(running)].order(order))
        self.run(3)

    @rule(clean=st.booleans())
    def the_program_ends_and_starts_again(self, clean: bool) -> None:
        states = {task.id: task.state for task in self.engine.tasks}
        order = [task.id for task in self.engine.tasks]
        self.run(6)  # what was told is kept by then
        if clean:
            self.loop.run_until_complete(self.engine.aclose())
            states = {task.id: task.state for task in self.engine.tasks}
        else:
            states = {task.id: task.state for task in self.engine.tasks}
            self.kill()
        assert not FakeDownload.live
        self.open()
        assert [task.id for task in self.engine.tasks] == order
        for task in self.engine.tasks:
            assert stored_task_state(task.state) is stored_task_state(states[task.id]), task

    def kill(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks))
        self.run(5)
        FakeDownload.live.clear()

    # -- what always holds -------------------------------------------------------------------------------

    @invariant()
    def every_move_was_legal_and_told_as_it_is(self) -> None:
        assert self.watch.illegal == []
        assert self.loop_errors == []

    @invariant()
    def no_file_ever_has_two_writers(self) -> None:
        assert FakeDownload.two_writers == []

    @invariant()
    def states_and_numbers_follow_from_the_items(self) -> None:
        for task in self.engine.tasks:
            states = [item.state for item in task.items.values()]
            derived = derive_task_state(
                task.intent,
                None if task.manifest is None else states,
                admitted=task.admitted,
                resolving=task.resolving,
                failed=task.failure is not None,
                described=task.described,
            )
            assert task.state is derived, task
            assert task.size == sum(item.size for item in task.wanted_items())
            assert task.durable == sum(item.durable for item in task.wanted_items())
            for state in ItemState:
                assert task.count(state) == states.count(state)
            waiting = [item for item in task.items.values() if item.state is ItemState.WAITING]
            assert sorted(i.id for i in task.waiting_items()) == sorted(i.id for i in waiting)

    @invariant()
    def limits_hold(self) -> None:
        self.run(4)
        live = list(FakeDownload.live.values())
        assert sum(download.allotted for download in live) <= self.limits.connections
        standing = [t for t in self.engine.tasks if not t.state.is_live]
        assert not any(task.admitted for task in standing)

    def teardown(self) -> None:
        """Let everything end well: whatever is live comes to an end, nothing waits for ever."""
        try:
            self.source.fails = False
            self.in_loop(self.source.gate.set)
            for _ in range(200):
                self.run(8)
                if not any(task.state.is_live for task in self.engine.tasks):
                    break
                for download in list(FakeDownload.live.values()):
                    self.in_loop(lambda download=download: download.order("done"))
            assert not any(task.state.is_live for task in self.engine.tasks), self.engine.tasks
            self.run(20)
            assert not FakeDownload.live
            assert all(t.state is not TaskState.RUNNING for t in self.engine.tasks)
            self.every_move_was_legal_and_told_as_it_is()
            self.loop.run_until_complete(self.engine.aclose())
        finally:
            self.kill()
            self.patch.undo()
            self.loop.close()
            logging.getLogger("core").setLevel(logging.NOTSET)


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
