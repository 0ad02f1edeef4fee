"""The engine against the demo hub: parallel, steerable, isolated, and whole after every end."""

import asyncio

import pytest

from core.commands import Command
from core.demo.knobs import Knobs
from core.demo.repos import GeneratedFile, Repo
from core.errors import CommandRefused
from core.records import Limits
from core.states import ItemState, TaskState
from core.transfer import retry
from tests.core.conftest import Rig
from tests.fakes.watch import Watch

MB = 2**20
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
TINY = "tinyllama:gguf"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BACK_OFF_FIRST_S", 0.02)
    monkeypatch.setattr(retry, "BACK_OFF_MOST_S", 0.1)


def put_big(rig: Rig, name: str, *, files: int = 1, size: int = 24 * MB) -> str:
    rig.hub.add_repo(
        Repo(f"t/{name}", [GeneratedFile(f"{name}-{n}.bin", size, seed=f"{name}{n}") for n in range(files)])
    )
    return f"t/{name}"


async def test_two_models_come_in_side_by_side_and_end_verified(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = MB  # slow enough for some ticks with both under way
    engine = await rig.engine()
    watch = Watch(engine)
    ids = [rig.add(engine, text) for text in (LLAMA, TINY)]
    await watch.until(lambda: all(engine.task(task_id).rate(engine.now()) > 0 for task_id in ids))
    await watch.until_ended()
    assert [engine.task(task_id).state for task_id in ids] == [TaskState.DONE] * 2
    assert all(rig.is_right(engine, task_id) for task_id in ids)
    assert watch.illegal == []
    assert rig.hub.requests.with_token("cdn") == []
    assert not list(rig.root.rglob("*.part*"))


async def test_every_signal_arrives_in_an_order_that_the_moves_allow(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, "sentence-transformers/all-MiniLM-L6-v2")
    await watch.until_ended()
    assert watch.illegal == []
    assert watch.task_states[task_id][0] is TaskState.QUEUED
    assert watch.task_states[task_id][-1] is TaskState.DONE
    for key, states in watch.item_states.items():
        assert states[-1] in (ItemState.DONE, ItemState.SKIPPED), key
        if states[-1] is ItemState.DONE:
            assert states[-2] is ItemState.VERIFYING


async def test_a_missing_model_fails_alone_with_its_reason(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    missing = rig.add(engine, "nobody/nothing")
    good = rig.add(engine, TINY)
    await watch.until_ended()
    assert engine.task(good).state is TaskState.DONE
    task = engine.task(missing)
    assert task.state is TaskState.FAILED
    assert task.failure is not None and "nobody/nothing" in task.failure.message and task.failure.action


async def test_a_file_that_fails_leaves_its_siblings_alone_and_can_be_retried(rig: Rig) -> None:
    model = put_big(rig, "two", files=2, size=2 * MB)
    rig.hub.knobs.fail_next["hub:two-0.bin"] = ["status:404"]
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, model)
    await watch.until_ended()
    task = engine.task(task_id)
    assert task.state is TaskState.FAILED
    assert [item.state for item in task.items.values()] == [ItemState.FAILED, ItemState.DONE]
    engine.retry(task_id)
    await watch.until_ended()
    assert task.state is TaskState.DONE and rig.is_right(engine, task_id)
    assert watch.illegal == []


async def test_no_more_models_run_at_once_than_allowed_and_the_next_one_follows(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 30 * MB
    engine = await rig.engine(limits=Limits(tasks=2))
    watch = Watch(engine)
    most = 0

    def count(_: object) -> None:
        nonlocal most
        most = max(most, sum(task.admitted for task in engine.tasks))

    engine.task_running.connect(count)
    for n in range(5):
        rig.add(engine, put_big(rig, f"m{n}", size=3 * MB))
    await watch.until_ended()
    assert most == 2
    assert all(task.state is TaskState.DONE for task in engine.tasks)


async def test_a_queued_model_knows_its_size_before_its_turn(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 4 * MB
    engine = await rig.engine(limits=Limits(tasks=1))
    watch = Watch(engine)
    rig.add(engine, put_big(rig, "first"))
    second = rig.add(engine, put_big(rig, "second"))
    await watch.until(lambda: all(task.size == 24 * MB for task in engine.tasks))
    assert [task.state for task in engine.tasks].count(TaskState.QUEUED) == 1
    assert engine.task(second).size == 24 * MB
    assert engine.totals.need_bytes > 24 * MB


async def test_a_new_model_gets_bytes_at_once_however_busy_the_others_are(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_connection = 1 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    models = [put_big(rig, "old", files=4, size=100 * MB), put_big(rig, "new", size=100 * MB)]
    await rig.hub.warm()  # the hub's hashing is not what is looked at
    old = rig.add(engine, models[0])
    await watch.until(lambda: engine.task(old).connections == 16)
    sent = rig.hub.bytes_sent()
    new = rig.add(engine, models[1])
    await rig.hub.requests.until(lambda: rig.hub.bytes_sent("new-0.bin") > 0)
    assert rig.hub.bytes_sent() - sent < 32 * MB, "less than each connection brings in two seconds"
    await watch.until(lambda: engine.task(new).connections >= 4)
    assert engine.task(old).connections + engine.task(new).connections <= 16


async def test_pausing_one_stops_its_bytes_and_only_its(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 16 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    one, two = (rig.add(engine, put_big(rig, name, size=40 * MB)) for name in ("one", "two"))
    await watch.until(lambda: all(engine.task(t).durable > 2 * MB for t in (one, two)))
    engine.pause(one)
    assert engine.task(one).state is TaskState.PAUSED
    await rig.hub.requests.until(lambda: not [r for r in rig.hub.requests.under_way() if r.concerns("one-0.bin")])
    sent_one, sent_two = rig.hub.bytes_sent("one-0.bin"), rig.hub.bytes_sent("two-0.bin")
    await rig.hub.requests.until(lambda: rig.hub.bytes_sent("two-0.bin") > sent_two + 4 * MB)
    assert rig.hub.bytes_sent("one-0.bin") == sent_one
    await watch.until(lambda: sent_one - engine.task(one).durable < MB)
    rig.hub.knobs.bytes_per_s_total = None
    engine.resume(one)
    await watch.until_ended()
    assert rig.is_right(engine, one) and rig.is_right(engine, two)


async def test_a_closed_engine_goes_on_by_itself_where_it_stood(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 20 * MB
    engine = await rig.engine(limits=Limits(tasks=1))
    watch = Watch(engine)
    ids = [rig.add(engine, put_big(rig, name)) for name in ("a", "b")]
    paused = rig.add(engine, put_big(rig, "c"), paused=True)
    await watch.until(lambda: engine.task(ids[0]).durable > 8 * MB)
    await engine.aclose()
    kept = engine.task(ids[0]).durable
    assert rig.hub.bytes_sent("a-0.bin") - kept < MB, "a clean stop costs next to nothing twice"
    again = await rig.engine()
    assert [task.id for task in again.tasks] == [*ids, paused]
    assert again.task(ids[0]).durable >= kept
    rig.hub.knobs.bytes_per_s_total = None
    watch = Watch(again)
    await watch.until_ended()
    assert [task.state for task in again.tasks] == [TaskState.DONE, TaskState.DONE, TaskState.PAUSED]
    assert all(rig.is_right(again, task_id) for task_id in ids)


async def test_start_now_does_not_wait_for_a_place(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 4 * MB
    engine = await rig.engine(limits=Limits(tasks=1))
    watch = Watch(engine)
    rig.add(engine, put_big(rig, "slow", size=100 * MB))
    waiting = rig.add(engine, put_big(rig, "hurry", size=2 * MB))
    await watch.until(lambda: engine.task(waiting).size > 0)
    engine.start_now(waiting)
    await watch.until(lambda: engine.task(waiting).state is TaskState.DONE)
    assert sum(task.admitted for task in engine.tasks) == 1, "the slow one kept its place"


async def test_the_queue_is_taken_in_the_order_that_the_user_gave_it(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 0
    engine = await rig.engine(limits=Limits(tasks=1))
    watch = Watch(engine)
    ids = [rig.add(engine, put_big(rig, "q0", size=2 * MB))]
    await watch.until(lambda: engine.task(ids[0]).admitted)
    ids += [rig.add(engine, put_big(rig, f"q{n}", size=2 * MB)) for n in (1, 2, 3)]
    await watch.until(lambda: all(task.size for task in engine.tasks))
    engine.move(ids[3], 1)
    assert [task.id for task in engine.tasks] == [ids[0], ids[3], ids[1], ids[2]]
    rig.hub.knobs.bytes_per_s_total = None
    done: list[str] = []
    engine.task_done.connect(done.append)
    await watch.until_ended()
    assert done == [ids[0], ids[3], ids[1], ids[2]]


async def test_cancelling_removes_the_parts_and_pulling_again_starts_afresh(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 20 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, put_big(rig, "x"))
    await watch.until(lambda: engine.task(task_id).durable > 4 * MB)
    engine.cancel(task_id)
    assert engine.task(task_id).state is TaskState.CANCELLED
    assert engine.task(task_id).durable == 0
    rig.hub.knobs.bytes_per_s_total = None
    assert rig.add(engine, task_id) == task_id
    await watch.until_ended()
    assert engine.task(task_id).state is TaskState.DONE and rig.is_right(engine, task_id)
    assert watch.illegal == []


async def test_removing_keeps_files_unless_asked_and_then_deletes_only_its_own(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, put_big(rig, "gone", size=2 * MB))
    await watch.until_ended()
    folder = rig.root / "huggingface.co" / "t" / "gone"
    engine.remove(task_id)
    assert engine.tasks == [] and (folder / "gone-0.bin").exists()
    (folder / "notes.txt").write_text("mine")
    rig.add(engine, task_id)
    await watch.until_ended()
    assert engine.task(task_id).state is TaskState.DONE
    engine.remove(task_id, delete_files=True)
    await engine.aclose()
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


async def test_single_files_can_be_paused_resumed_left_out_and_taken_in(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 6 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, put_big(rig, "three", files=3, size=8 * MB))
    await watch.until(lambda: engine.task(task_id).durable > MB)
    task = engine.task(task_id)
    engine.pause(task_id, "three-0.bin")
    engine.skip(task_id, "three-1.bin")
    assert task.size == 16 * MB
    rig.hub.knobs.bytes_per_s_total = None
    await watch.until_ended()
    assert task.state is TaskState.PAUSED
    assert [i.state.value for i in task.items.values()] == ["paused", "skipped", "done"]
    engine.resume(task_id, "three-0.bin")
    await watch.until_ended()
    assert task.state is TaskState.DONE
    engine.choose(task_id, "three-1.bin")
    await watch.until_ended()
    assert task.state is TaskState.DONE and task.size == 24 * MB and rig.is_right(engine, task_id)
    assert watch.illegal == []


async def test_two_models_that_share_a_file_fetch_it_once(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    for text in (LLAMA, f"{LLAMA}:Q4_K_M"):
        rig.add(engine, text)
    await watch.until_ended()
    assert [task.state for task in engine.tasks] == [TaskState.DONE] * 2, [
        (task.failure, [item.failure for item in task.items.values() if item.failure]) for task in engine.tasks
    ]
    name = "Llama-3.2-1B-Instruct-Q4_K_M.gguf"
    assert rig.hub.bytes_sent(name) == len(rig.hub.content(LLAMA, name))


async def test_names_that_would_leave_the_folder_are_refused_alone(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, "demo/hostile-names", globs=("*",))
    await watch.until_ended()
    task = engine.task(task_id)
    assert task.state is TaskState.FAILED
    refused = [item for item in task.items.values() if item.state is ItemState.FAILED]
    assert refused and all(item.failure and item.failure.kind == "NameRefused" for item in refused)
    assert task.count(ItemState.DONE) >= 1
    inside = rig.root / "huggingface.co" / "demo" / "hostile-names"
    assert all(path.is_relative_to(inside) for path in rig.root.rglob("*") if path.is_file())


async def test_a_model_that_does_not_fit_the_disk_is_refused_with_numbers(rig: Rig, monkeypatch) -> None:
    monkeypatch.setattr("core.library.free_bytes", lambda root: 70 * MB)
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, put_big(rig, "huge"))
    await watch.until_ended()
    failure = engine.task(task_id).failure
    assert failure is not None and failure.kind == "DiskFull"
    assert "25.2 MB" in failure.message and "73.4 MB" in failure.message
    assert rig.hub.bytes_sent() == 0


async def test_without_a_network_it_says_so(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    await rig.hub.aclose()
    task_id = rig.add(engine, LLAMA)
    await watch.until_ended()
    failure = engine.task(task_id).failure
    assert failure is not None and failure.kind == "ConnectFailed" and failure.action
    assert engine.totals.hub_reachable is False


async def test_a_gated_model_says_what_to_do(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, "google/gemma-3-27b-it")
    await watch.until_ended()
    failure = engine.task(task_id).failure
    assert failure is not None and failure.kind in ("GatedModel", "AccessDenied")


async def test_a_command_that_makes_no_sense_is_refused_with_a_reason(rig: Rig) -> None:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, TINY)
    await watch.until_ended()
    for command in (Command.PAUSE, Command.RESUME, Command.CANCEL, Command.START_NOW, Command.RETRY):
        with pytest.raises(CommandRefused) as caught:
            getattr(engine, command.value)(task_id)
        assert caught.value.message == engine.refusal(command, task_id) != ""
    with pytest.raises(CommandRefused):
        engine.pause("no such task")
    await engine.aclose()
    with pytest.raises(CommandRefused, match="closing"):
        rig.add(engine, LLAMA)


async def test_progress_is_told_on_a_tick_and_falls_silent_with_the_work(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 16 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    rig.add(engine, put_big(rig, "p"))
    began = engine.now()
    await watch.until_ended()
    ticks = len(watch.progress)
    assert 2 <= ticks <= (engine.now() - began) / 0.25 + 2
    await asyncio.sleep(0.8)
    assert len(watch.progress) <= ticks + 2, "nothing runs, nothing is told"


def test_knobs_have_the_names_that_these_tests_turn() -> None:
    assert {"bytes_per_s_total", "bytes_per_s_connection", "fail_next"} <= set(Knobs.__struct_fields__)


async def test_many_small_files_behind_a_redirect_keep_to_the_limit_of_their_host(rig: Rig) -> None:
    rig.hub.add_repo(Repo("t/small", [GeneratedFile(f"{n}.bin", 2000, seed=str(n)) for n in range(120)]))
    rig.hub.knobs.bytes_per_s_total = 60_000
    engine = await rig.engine(limits=Limits(connections_per_host=4))
    watch = Watch(engine)
    most = 0

    def count(*_: object) -> None:
        nonlocal most
        most = max(most, sum(item.connections for item in engine.task("t/small").items.values()))

    engine.item_transferring.connect(count)
    rig.add(engine, "t/small")
    await watch.until_ended()
    assert engine.task("t/small").state is TaskState.DONE
    assert most <= 8, "four at the hub that answers first, and four at the server that it leads to"
