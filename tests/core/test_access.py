"""A closed gate says which of five things is wrong, and a model goes on by itself when the gate opens."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from core.access import AccessWatch, access_failure
from core.engine import Engine
from core.states import TaskState
from tests.core.conftest import Rig

GEMMA = "google/gemma-3-27b-it"
CONFIG = ("config.json",)
TOKEN = "hf_a_token_of_a_person"


class Stage:
    """An engine that is watched, and its credentials."""

    def __init__(self, rig: Rig, engine: Engine) -> None:
        self.rig = rig
        self.hub = rig.hub
        self.engine = engine
        self.watch = AccessWatch(engine, looks_s=(0.01, 0.02), gap_s=0.0)
        self.watch.start()
        self.failed: list[str] = []
        engine.task_failed.connect(self._note)

    def _note(self, task_id: str) -> None:
        failure = access_failure(self.engine.task(task_id))
        self.failed.append("" if failure is None else failure.kind)

    def use(self, token: str) -> None:
        """Let a token be entered."""
        self.rig._open[0][1].credentials.put_or_forget(self.hub.endpoint, token)
        self.watch.token_changed(("huggingface", "cortexso"))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.002)

    async def fails(self, task_id: str, kind: str) -> str:
        """Wait for a failure and return what it says."""
        await self.until(lambda: bool(self.failed) and self.failed[-1] == kind)
        failure = access_failure(self.engine.task(task_id))
        assert failure is not None
        return f"{failure.message}. {failure.meaning} {failure.action}"


@pytest.fixture
async def stage(rig: Rig) -> AsyncIterator[Stage]:
    rig.token = ""
    made = Stage(rig, await rig.engine())
    yield made
    await made.watch.aclose()


async def test_a_model_goes_through_all_five_troubles_and_out_of_them(stage: Stage) -> None:
    hub, engine = stage.hub, stage.engine
    task_id = stage.rig.add(engine, GEMMA, globs=CONFIG)
    said = await stage.fails(task_id, "TokenMissing")
    assert "no access token" in said and "Settings > Accounts" in said and f"{hub.endpoint}/{GEMMA}" in said
    stage.use("hf_invalid")
    assert "does not accept the access token" in await stage.fails(task_id, "TokenRefused")
    stage.use(TOKEN)
    said = await stage.fails(task_id, "GatedModel")
    assert "accepted its terms" in said and f"{hub.endpoint}/{GEMMA}" in said
    hub.pending_tokens.add(TOKEN)  # a person asks on the page; nothing happens here
    assert "have not answered yet" in await stage.fails(task_id, "AccessPending")
    hub.pending_tokens.clear()
    hub.rejected_tokens.add(TOKEN)
    assert "did not grant" in await stage.fails(task_id, "AccessRefused")
    hub.granted_tokens.add(TOKEN)  # the authors think again, and a person comes back from the page
    stage.watch.came_back()
    await stage.until(lambda: engine.task(task_id).state is TaskState.DONE)
    assert stage.failed == ["TokenMissing", "TokenRefused", "GatedModel", "AccessPending", "AccessRefused"]
    assert stage.rig.is_right(engine, task_id)


async def test_while_the_hub_says_the_same_no_row_changes_and_it_is_asked_on(stage: Stage) -> None:
    hub = stage.hub
    stage.rig._open[0][1].credentials.put(hub.endpoint, TOKEN)
    task_id = stage.rig.add(stage.engine, GEMMA, globs=CONFIG)
    await stage.fails(task_id, "GatedModel")
    asked = len(hub.requests)
    await stage.until(lambda: len(hub.requests) >= asked + 9)
    assert stage.failed == ["GatedModel"] and stage.engine.task(task_id).state is TaskState.FAILED


async def test_without_a_token_only_a_person_makes_it_look_again(stage: Stage) -> None:
    task_id = stage.rig.add(stage.engine, GEMMA, globs=CONFIG)
    await stage.fails(task_id, "TokenMissing")
    assert stage.watch._waiting[task_id].at is None
    asked = len(stage.hub.requests)
    stage.watch.came_back()
    await stage.until(lambda: len(stage.hub.requests) > asked)


async def test_a_private_model_is_found_when_the_token_comes(stage: Stage) -> None:
    task_id = stage.rig.add(stage.engine, "demo/private-model")
    await stage.until(lambda: stage.engine.task(task_id).state is TaskState.FAILED)
    stage.hub.member_tokens.add(TOKEN)
    stage.use(TOKEN)
    await stage.until(lambda: stage.engine.task(task_id).state is TaskState.DONE)
    assert stage.engine.task(task_id).failure is None


async def test_what_is_removed_is_not_looked_for(stage: Stage) -> None:
    task_id = stage.rig.add(stage.engine, GEMMA, globs=CONFIG)
    await stage.fails(task_id, "TokenMissing")
    stage.engine.remove(task_id)
    stage.watch.came_back()
    stage.use(TOKEN)
    assert stage.watch._waiting == {} and stage.watch._due == {}


async def test_what_failed_in_an_earlier_run_is_watched_too(stage: Stage) -> None:
    task_id = stage.rig.add(stage.engine, GEMMA, globs=CONFIG)
    await stage.fails(task_id, "TokenMissing")
    await stage.watch.aclose()
    stage.watch = AccessWatch(stage.engine, looks_s=(0.01,), gap_s=0.0)
    stage.watch.start()
    stage.hub.granted_tokens.add(TOKEN)
    stage.use(TOKEN)
    await stage.until(lambda: stage.engine.task(task_id).state is TaskState.DONE)
    assert stage.watch._waiting == {}


async def test_a_hub_that_is_away_changes_nothing(stage: Stage) -> None:
    stage.rig._open[0][1].credentials.put(stage.hub.endpoint, TOKEN)
    task_id = stage.rig.add(stage.engine, GEMMA, globs=CONFIG)
    await stage.fails(task_id, "GatedModel")
    await stage.hub.aclose()
    looks = stage.watch._waiting[task_id].looks
    await stage.until(lambda: stage.watch._waiting[task_id].looks > looks + 1)
    assert stage.failed == ["GatedModel"]
