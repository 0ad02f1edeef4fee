"""What once went wrong in the engine, one test each."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from core import library
from core.demo.repos import GeneratedFile, Repo
from core.description import find_descriptions
from core.errors import NotWritable
from core.states import ItemState, TaskState
from core.task import Item, Task
from tests.core.conftest import Rig
from tests.core.test_engine import LLAMA, MB, TINY, put_big
from tests.fakes.watch import Watch


def described(task: Task) -> set[str]:
    """Return the paths that the descriptions beside a model name."""
    return {path for found in find_descriptions(library.folder_of(task)).values() for path in found.paths}


async def test_pause_and_resume_while_the_list_is_fetched_lists_once_more_and_no_oftener(rig: Rig) -> None:
    rig.hub.knobs.latency_s = 0.1
    engine = await rig.engine()
    watch = Watch(engine)
    added: list[str] = []
    engine.items_added.connect(added.append)
    task_id = rig.add(engine, put_big(rig, "r", size=2 * MB))
    await watch.until(lambda: engine.task(task_id).state is TaskState.RESOLVING)
    for _ in range(3):
        engine.pause(task_id)
        engine.resume(task_id)
        await asyncio.sleep(0)
    await watch.until_ended()
    assert added == [task_id]
    assert engine.task(task_id).state is TaskState.DONE


async def test_a_run_that_is_stopped_before_its_first_step_is_not_waited_for_for_ever(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, put_big(rig, "early", size=2 * MB), paused=True)
    engine.resume(task_id)
    conductor = engine._conductor
    start = conductor._start

    def start_and_pause(task, item, count) -> None:  # type: ignore[no-untyped-def]
        start(task, item, count)
        conductor._start = start  # type: ignore[method-assign]
        engine.pause(task_id)

    conductor._start = start_and_pause  # type: ignore[method-assign]
    await watch.until(lambda: engine.task(task_id).state is TaskState.PAUSED)
    engine.resume(task_id)
    await watch.until_ended()
    assert engine.task(task_id).state is TaskState.DONE


async def test_a_large_file_has_all_its_connections_again_after_a_pause(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_connection = 2 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, put_big(rig, "wide", size=200 * MB))
    await watch.until(lambda: engine.task(task_id).connections >= 4)
    engine.pause(task_id)
    await asyncio.sleep(0.1)
    engine.resume(task_id)
    await watch.until(lambda: engine.task(task_id).connections >= 4)
    assert engine.task(task_id).state is TaskState.RUNNING


async def test_a_damaged_file_that_is_left_out_is_described_no_more(rig: Rig) -> None:
    rig.hub.add_repo(Repo("t/two", [GeneratedFile(name, 2000, seed=1) for name in ("a.bin", "b.bin")]))
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, "t/two")
    await watch.until_ended()
    task = engine.task(task_id)
    path = task.items["b.bin"].local_path
    assert path is not None and described(task) == {"a.bin", "b.bin"}
    path.write_bytes(b"damaged")
    engine.verify(task_id)
    await watch.until(lambda: task.state is TaskState.FAILED)
    engine.skip(task_id, "b.bin")
    await watch.until(lambda: task.state is TaskState.DONE)
    assert described(task) == {"a.bin"}


async def test_a_description_that_fails_while_a_file_is_taken_in_fails_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.hub.add_repo(Repo("t/two", [GeneratedFile(name, 2000, seed=1) for name in ("a.bin", "b.bin")]))
    engine = await rig.engine()
    watch = Watch(engine)
    begun, goes_on, describe = threading.Event(), threading.Event(), library.describe

    def fail_once(task: Task, items: Sequence[Item]) -> dict[str, str]:
        monkeypatch.setattr(library, "describe", describe)
        begun.set()
        goes_on.wait(10)
        raise NotWritable("The models folder is locked")

    monkeypatch.setattr(library, "describe", fail_once)
    engine.items_added.connect(lambda task_id: engine.skip(task_id, "b.bin"))
    task_id = rig.add(engine, "t/two")
    assert await asyncio.to_thread(begun.wait, 10)
    task = engine.task(task_id)
    engine.choose(task_id, "b.bin")
    goes_on.set()
    await watch.until_ended()
    assert task.state is TaskState.DONE and task.failure is None
    assert described(task) == {"a.bin", "b.bin"}


async def test_a_completed_model_whose_file_is_gone_is_fetched_again(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, TINY)
    await watch.until_ended()
    path = engine.task(task_id).items["model.gguf"].local_path
    assert path is not None
    path.unlink()
    rig.add(engine, TINY)
    await watch.until_ended()
    assert engine.task(task_id).state is TaskState.DONE and path.exists()
    assert watch.illegal == []


async def test_a_finished_file_that_vanished_during_a_pause_is_fetched_again(rig: Rig) -> None:
    model = put_big(rig, "gap", files=2, size=2 * MB)
    rig.hub.knobs.fail_next["hub:gap-1.bin"] = ["status:404"]
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, model)
    await watch.until_ended()
    first = engine.task(task_id).items["gap-0.bin"]
    assert first.state is ItemState.DONE and first.local_path is not None
    first.local_path.unlink()
    engine.resume(task_id)
    await watch.until_ended()
    assert engine.task(task_id).state is TaskState.DONE and rig.is_right(engine, task_id)


async def test_a_yaml_file_of_the_user_is_never_replaced_by_a_description(rig: Rig) -> None:
    folder = rig.root / "huggingface.co" / LLAMA
    folder.mkdir(parents=True)
    own = folder / "Llama-3.2-1B-Instruct-Q4_K_M.yml"
    own.write_text("temperature: 0.1\n")
    engine = await rig.engine()
    watch = Watch(engine)
    rig.add(engine, LLAMA)
    await watch.until_ended()
    assert own.read_text() == "temperature: 0.1\n"
    assert [path.name for path in folder.glob("*.yml") if path != own] == ["pulley.yml"]


async def test_a_model_that_is_deleted_and_added_at_once_is_fetched_again(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, TINY)
    await watch.until_ended()
    engine.remove(task_id, delete_files=True)
    rig.add(engine, TINY)
    await watch.until_ended()
    assert engine.task(task_id).state is TaskState.DONE
    assert all(i.local_path and i.local_path.exists() for i in engine.task(task_id).wanted_items())


async def test_a_file_name_with_a_raised_digit_is_a_name_like_any_other(rig: Rig) -> None:
    rig.hub.add_repo(Repo("t/odd", [GeneratedFile("1².bin", 100), GeneratedFile("x٣.bin", 100)]))
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, "t/odd")
    await watch.until_ended()
    assert engine.task(task_id).state is TaskState.DONE


@pytest.mark.parametrize("name", ["describe", "find_complete", "adoptable", "gone"])
async def test_an_error_that_nobody_thought_of_fails_one_task_and_is_said(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    calls = 0

    def fail(*args: object) -> None:
        nonlocal calls
        calls += 1
        raise PermissionError("not thought of")

    monkeypatch.setattr(f"core.library.{name}", fail)
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, TINY)
    await watch.until_ended()
    failure = engine.task(task_id).failure
    assert failure is not None and "not thought of" in failure.message
    assert calls == 1


async def test_the_limit_of_a_host_holds_before_the_first_reply(rig: Rig) -> None:
    from core.records import Limits

    rig.hub.knobs.latency_s = 0.2
    files = [GeneratedFile(f"{n}.json", 500, seed=n, lfs=False) for n in range(60)]
    rig.hub.add_repo(Repo("t/small", files))
    engine = await rig.engine(limits=Limits(connections_per_host=4))
    watch = Watch(engine)
    most = 0

    def look() -> bool:
        nonlocal most
        most = max(most, len([r for r in rig.hub.requests.under_way() if "/resolve" in r.path]))
        return False

    task_id = rig.add(engine, "t/small")
    waiting = asyncio.ensure_future(rig.hub.requests.until(look))  # noqa: TID251  ended below
    await watch.until_ended()
    waiting.cancel()
    assert engine.task(task_id).state is TaskState.DONE
    assert most <= 5, "4, and one that is just ending"
