"""Without a network a task waits, says why and until when, and goes on by itself; it costs no try."""

import asyncio

import pytest

from core.api.shapes import task_json
from core.demo.server import DemoHub
from core.errors import Offline, ServerBusy
from core.states import TaskState
from core.terminal import news
from core.transfer import retry
from core.views import view_of
from gui.wording import task_status
from tests.core.conftest import Rig, Watch

REPO = "bartowski/Llama-3.2-1B-Instruct-GGUF"


class Sources:
    """Stands before the sources of an engine and fails as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, engine: object) -> None:
        self.error: Exception | None = None
        self.asked = 0
        for source in engine._conductor.listings._sources:  # type: ignore[attr-defined]
            monkeypatch.setattr(source, "resolve", self._before(source.resolve))

    def _before(self, resolve):  # type: ignore[no-untyped-def]
        async def instead(*given: object) -> object:
            self.asked += 1
            if self.error is not None:
                raise self.error
            return await resolve(*given)

        return instead


async def test_a_listing_waits_for_the_network_and_says_so(
    rig: Rig, hub: DemoHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await rig.engine()
    watch, sources = Watch(engine), Sources(monkeypatch, engine)
    sources.error = Offline("This machine has no network: no way to hub.example")
    task = engine.task(rig.add(engine, REPO, globs=("*Q8_0*",)))
    await watch.until(lambda: task.hold is not None)
    now = engine.now()
    view = view_of(task, now)
    assert task.state is TaskState.RESOLVING and task.failure is None
    assert view.waiting_text == f"retrying in {round(retry.HOLD_S)} s: {sources.error.args[0]}" == view.status
    assert view.waiting_text in news(None, view)
    assert "no network" in task_status(task, now) and "Retrying in" in task_status(task, now)
    assert task_json(task, now)["error"]["kind"] == "Offline"
    engine.pause(task.id)
    assert task.state is TaskState.PAUSED and task_json(task, now)["error"] is None


async def test_it_goes_on_by_itself_after_more_looks_than_there_are_tries(
    rig: Rig, hub: DemoHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "HOLD_S", 0.01)
    engine = await rig.engine()
    watch, sources = Watch(engine), Sources(monkeypatch, engine)
    sources.error = Offline("This machine has no network: no way to hub.example")
    task_id = rig.add(engine, REPO, globs=("*Q8_0*",))
    await asyncio.wait_for(_until(lambda: sources.asked > 2 * retry.TRIES_WITHOUT_A_BYTE), 20)
    sources.error = None
    await watch.until_ended(task_id)
    assert engine.task(task_id).state is TaskState.DONE and rig.is_right(engine, task_id)


async def test_a_hub_that_asks_for_a_pause_is_waited_for_and_holds_nobody_else_up(
    rig: Rig, hub: DemoHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await rig.engine()
    watch, sources = Watch(engine), Sources(monkeypatch, engine)
    sources.error = ServerBusy("hub.example asks for fewer requests (429)", retry_after_s=600.0)
    slow = [engine.task(rig.add(engine, f"nobody/{name}")) for name in "abcdef"]  # more than list at once
    await watch.until(lambda: all(task.hold is not None for task in slow))
    assert 590 < (slow[0].retry_at or 0.0) - engine.now() <= 600
    sources.error = None
    task_id = rig.add(engine, REPO, globs=("*Q8_0*",))
    await watch.until_ended(task_id)
    assert engine.task(task_id).state is TaskState.DONE
    assert all(task.state is TaskState.RESOLVING for task in slow)


async def test_a_program_that_asks_first_is_answered_at_once(
    rig: Rig, hub: DemoHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.handles import parse_handle
    from core.records import Selection

    engine = await rig.engine()
    sources = Sources(monkeypatch, engine)
    sources.error = Offline("This machine has no network: no way to hub.example")
    with pytest.raises(Offline):
        await engine.prepare(parse_handle(REPO, endpoint=hub.endpoint), Selection())


async def _until(condition) -> None:  # type: ignore[no-untyped-def]
    while not condition():
        await asyncio.sleep(0.001)
