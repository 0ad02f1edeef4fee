"""Verification and repair inside an engine: what is wrong is named, and nothing but that is fetched again."""

import asyncio
import copy
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from core import checks
from core.commands import Command
from core.demo.repos import GeneratedFile, Repo
from core.description import parse
from core.engine import Engine
from core.errors import CommandRefused, DownloadError
from core.states import ItemState, TaskState
from core.task import Item
from core.transfer import retry
from core.verify import Finding, Target, check, targets_at
from tests.core.conftest import Rig
from tests.core.test_engine import LLAMA, MB, TINY, put_big
from tests.core.test_verify import MINILM, flip
from tests.fakes.watch import Watch


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BACK_OFF_FIRST_S", 0.02)
    monkeypatch.setattr(retry, "BACK_OFF_MOST_S", 0.1)


class Ends:
    """Remembers how verifications ended, and how often they told of themselves."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seen: list[tuple[str, int, bool]] = []
        self.told: list[tuple[str, float]] = []
        self._news = asyncio.Event()
        engine.verification_ended.connect(self._ended)
        engine.verification_progressed.connect(self._progressed)

    def _ended(self, task_id: str, bad: int, was_stopped: bool) -> None:
        assert self.engine.task(task_id).check is None, "told after the change"
        self.seen.append((task_id, bad, was_stopped))
        self._news.set()

    def _progressed(self, task_id: str) -> None:
        found = self.engine.task(task_id).check
        assert found is not None
        self.told.append((task_id, found.fraction))

    async def after(self, count: int) -> list[tuple[str, int, bool]]:
        async with asyncio.timeout(20):
            while len(self.seen) < count:
                self._news.clear()
                await self._news.wait()
        return self.seen


class Gate:
    """Holds verifications after their first step until it is opened, or they are stopped."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    def check(self, target: Target, *, checked: Callable[[int], None], stop: threading.Event) -> list[Finding]:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)

        def held(count: int) -> None:
            checked(count)
            while not stop.is_set() and not self.opened.wait(0.005):
                pass

        try:
            return check(target, checked=held, stop=stop)
        finally:
            with self._lock:
                self.running -= 1


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(checks, "check", gate.check)
    return gate


class Pulled:
    """An engine with a complete model."""

    def __init__(self, rig: Rig, engine: Engine, task_id: str) -> None:
        self.rig, self.engine, self.task_id = rig, engine, task_id
        self.watch = Watch(engine)
        self.ends = Ends(engine)
        rig.hub.requests.clear()

    @property
    def items(self) -> dict[str, Item]:
        return self.engine.task(self.task_id).items

    @property
    def state(self) -> TaskState:
        return self.engine.task(self.task_id).state

    def path(self, item_id: str) -> Path:
        path = self.items[item_id].local_path
        assert path is not None
        return path

    async def verify(self) -> int:
        self.engine.verify(self.task_id)
        ended = await self.ends.after(len(self.ends.seen) + 1)
        assert ended[-1][2] is False
        return ended[-1][1]

    def fetched(self) -> set[str]:
        return {r.path.partition("/resolve/")[2].partition("/")[2] for r in self.rig.hub.requests.of("")
                if r.server == "hub" and "/resolve/" in r.path}  # fmt: skip

    def bad_copies(self) -> list[str]:
        return sorted(path.name for path in self.rig.root.rglob("*.bad-*"))


async def pulled(rig: Rig, text: str = MINILM) -> Pulled:
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, text)
    await watch.until_ended()
    assert engine.task(task_id).state is TaskState.DONE
    return Pulled(rig, engine, task_id)


async def test_a_model_that_is_right_stays_complete_and_is_said_to_be_right(rig: Rig) -> None:
    it = await pulled(rig)
    assert await it.verify() == 0
    assert it.state is TaskState.DONE and it.engine.task(it.task_id).check is None
    assert it.watch.task_states[it.task_id] == [TaskState.DONE], "it was complete all the time"
    assert it.ends.told[0] == (it.task_id, 0.0)
    assert len(rig.hub.requests) == 0


async def test_one_wrong_byte_is_named_and_only_that_file_is_fetched_again(rig: Rig) -> None:
    it = await pulled(rig)
    damaged = it.path("model.safetensors")
    flip(damaged, 5000)
    wrong = damaged.read_bytes()
    assert await it.verify() == 1
    item = it.items["model.safetensors"]
    assert item.state is ItemState.FAILED and it.state is TaskState.FAILED and item.durable == 0
    assert item.failure is not None and item.failure.kind == "Damaged"
    assert "model.safetensors is damaged: sha256" in item.failure.message and "Repair" in item.failure.action
    assert [i.id for i in it.items.values() if i.state is ItemState.FAILED] == ["model.safetensors"]
    assert damaged.exists() and len(rig.hub.requests) == 0, "to verify changes nothing on the disk"
    it.engine.repair(it.task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.DONE and rig.is_right(it.engine, it.task_id)
    assert it.fetched() == {"model.safetensors"}
    assert it.bad_copies() == ["model.safetensors.bad-1"]
    assert damaged.with_name("model.safetensors.bad-1").read_bytes() == wrong
    assert it.watch.illegal == []
    assert await it.verify() == 0


async def test_cut_and_missing_files_are_fetched_again_and_a_second_bad_copy_is_kept_too(rig: Rig) -> None:
    it = await pulled(rig)
    for number in (1, 2):
        os.truncate(it.path("model.safetensors"), 1000 + number)
        it.path("1_Pooling/config.json").unlink()
        assert await it.verify() == 2
        assert it.items["1_Pooling/config.json"].failure.kind == "Missing"  # type: ignore[union-attr]
        it.engine.repair(it.task_id)
        await it.watch.until_ended()
        assert it.state is TaskState.DONE and rig.is_right(it.engine, it.task_id)
        assert it.bad_copies() == [f"model.safetensors.bad-{n}" for n in range(1, number + 1)]
        assert it.fetched() == {"model.safetensors", "1_Pooling/config.json"}


@pytest.mark.parametrize("how", ["retry", "resume", "start_now", "repair", "add"])
async def test_every_way_to_go_on_mends_a_damaged_file(rig: Rig, how: str) -> None:
    it = await pulled(rig)
    flip(it.path("model.safetensors"))
    await it.verify()
    if how == "add":
        rig.add(it.engine, MINILM)
    else:
        getattr(it.engine, how)(it.task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.DONE and rig.is_right(it.engine, it.task_id)
    assert it.bad_copies() == ["model.safetensors.bad-1"]


async def test_one_file_is_verified_and_repaired_alone(rig: Rig) -> None:
    it = await pulled(rig)
    flip(it.path("config.json"))
    flip(it.path("model.safetensors"))
    it.engine.verify(it.task_id, "config.json")
    assert (await it.ends.after(1))[0] == (it.task_id, 1, False)
    assert it.items["model.safetensors"].state is ItemState.DONE, "nobody looked at it"
    await it.verify()
    it.engine.repair(it.task_id, "config.json")
    await it.watch.until_ended()
    assert it.fetched() == {"config.json"} and it.state is TaskState.FAILED
    assert it.engine.refusal(Command.REPAIR, it.task_id, "config.json") != ""
    assert it.engine.refusal(Command.REPAIR, it.task_id, "model.safetensors") == ""


async def test_the_quants_of_one_folder_are_verified_and_mended_each_for_itself(rig: Rig) -> None:
    it = await pulled(rig, LLAMA)
    other = rig.add(it.engine, f"{LLAMA}:Q8_0")
    await it.watch.until_ended()
    folder = rig.root / "huggingface.co" / LLAMA
    descriptions = sorted(path.name for path in folder.glob("*.yml"))
    q8 = next(item for item in it.engine.task(other).wanted_items())
    flip(folder / q8.id)
    assert await it.verify() == 0, "the other one's damage is not this one's"
    it.engine.verify(other)
    assert (await it.ends.after(2))[-1] == (other, 1, False)
    rig.hub.requests.clear()
    it.engine.repair(other)
    await it.watch.until_ended()
    assert it.fetched() == {q8.id}
    assert sorted(path.name for path in folder.glob("*.yml")) == descriptions
    assert rig.is_right(it.engine, other) and rig.is_right(it.engine, it.task_id)


async def test_an_edited_model_yml_of_cortexso_is_found_and_made_anew(rig: Rig) -> None:
    it = await pulled(rig, TINY)
    text = it.path("model.yml").read_text()
    assert await it.verify() == 0
    it.path("model.yml").write_text(text.replace("engine:", "engines:", 1))
    flip(it.path("model.gguf"))
    assert await it.verify() == 2
    it.engine.repair(it.task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.DONE and rig.is_right(it.engine, it.task_id)
    assert it.path("model.yml").read_text() == text, "rewritten for this machine again"
    assert it.bad_copies() == ["model.gguf.bad-1", "model.yml.bad-1"]
    assert await it.verify() == 0


async def test_a_link_in_place_of_a_file_is_moved_aside_and_what_it_leads_to_is_left_alone(
    rig: Rig, tmp_path: Path
) -> None:
    it = await pulled(rig)
    path = it.path("model.safetensors")
    elsewhere = tmp_path / "elsewhere.safetensors"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert await it.verify() == 1
    it.engine.repair(it.task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.DONE and not path.is_symlink() and elsewhere.exists()
    assert path.with_name("model.safetensors.bad-1").is_symlink()


async def test_a_folder_in_place_of_a_file_is_not_touched_and_that_is_said(rig: Rig) -> None:
    it = await pulled(rig)
    path = it.path("config.json")
    path.unlink()
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    assert await it.verify() == 1
    it.engine.repair(it.task_id)
    await it.watch.until_ended()
    item = it.items["config.json"]
    assert item.state is ItemState.FAILED and item.failure is not None
    assert item.failure.kind == "NameTaken" and "folder" in item.failure.message
    assert (path / "mine.txt").read_text() == "mine"


async def test_files_that_come_back_are_found_right_without_a_download(rig: Rig) -> None:
    it = await pulled(rig)
    away = rig.root.with_name("away")
    rig.root.rename(away)  # a disk that is not mounted
    assert await it.verify() == len([i for i in it.items.values() if i.state.is_wanted])
    away.rename(rig.root)
    assert await it.verify() == 0
    assert it.state is TaskState.DONE
    rig.root.rename(away)
    await it.verify()
    away.rename(rig.root)
    it.engine.repair(it.task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.DONE and it.fetched() == set() and it.bad_copies() == []


# -- beside other things ----------------------------------------------------------------------------------


async def test_a_verification_takes_nothing_from_the_downloads_beside_it(rig: Rig, gate: Gate) -> None:
    it = await pulled(rig)
    it.engine.verify(it.task_id)
    other = rig.add(it.engine, put_big(rig, "beside", size=20 * MB))
    await it.watch.until_ended(other)
    assert it.engine.task(other).state is TaskState.DONE, "while the verification stood still"
    assert it.engine.task(it.task_id).check is not None
    gate.opened.set()
    assert await it.ends.after(1) == [(it.task_id, 0, False)]


async def test_at_most_two_are_read_at_once_and_the_third_waits_its_turn(rig: Rig, gate: Gate) -> None:
    it = await pulled(rig, LLAMA)
    ids = [it.task_id, rig.add(it.engine, MINILM), rig.add(it.engine, TINY)]
    await it.watch.until_ended()
    for task_id in ids:
        it.engine.verify(task_id)
    while gate.running < 2:
        await asyncio.sleep(0)
    waiting = next(task_id for task_id in ids if not it.engine.task(task_id).check.checked)  # type: ignore[union-attr]
    it.engine.stop_verifying(waiting)
    assert it.ends.seen == [(waiting, 0, True)], "one that waits is stopped at once"
    it.engine.verify(waiting)
    gate.opened.set()
    ended = await it.ends.after(4)
    assert sorted(ended[1:]) == sorted((task_id, 0, False) for task_id in ids)
    assert gate.most == 2


async def test_what_runs_or_has_nothing_complete_is_not_verified_and_the_reason_is_said(rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_connection = 0
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, put_big(rig, "live"))
    await watch.until(lambda: engine.task(task_id).state is TaskState.RUNNING)
    with pytest.raises(CommandRefused, match="verified before it is complete"):
        engine.verify(task_id)
    engine.pause(task_id)
    with pytest.raises(CommandRefused, match="Nothing of it is complete yet"):
        engine.verify(task_id)
    with pytest.raises(CommandRefused, match="Nothing is known to be damaged"):
        engine.repair(task_id)
    with pytest.raises(CommandRefused, match="no longer in the list"):
        engine.verify("no such task")


@pytest.mark.parametrize("how", ["stop_verifying", "pause", "cancel", "remove", "choose", "aclose"])
async def test_everything_that_changes_a_task_stops_its_verification_and_nothing_of_it_is_kept(
    rig: Rig, gate: Gate, how: str
) -> None:
    it = await pulled(rig, LLAMA)
    flip(next(i.local_path for i in it.engine.task(it.task_id).wanted_items() if i.local_path))
    it.engine.verify(it.task_id)
    with pytest.raises(CommandRefused, match="already"):
        it.engine.verify(it.task_id)
    while not gate.running:
        await asyncio.sleep(0)
    match how:
        case "aclose":
            await it.engine.aclose()
        case "choose":
            it.engine.choose(it.task_id, "README.md")
        case "cancel":
            with pytest.raises(CommandRefused):
                it.engine.cancel(it.task_id)
            it.engine.remove(it.task_id, delete_files=True)
        case _:
            getattr(it.engine, how)(it.task_id)
    assert await it.ends.after(1) == [(it.task_id, 0, True)]
    if how in ("stop_verifying", "pause", "aclose"):
        assert it.state is TaskState.DONE and not it.engine.task(it.task_id).count(ItemState.FAILED)
    if how == "choose":
        await it.watch.until_ended()
        assert it.state is TaskState.DONE
    async with asyncio.timeout(10):
        while gate.running:
            await asyncio.sleep(0)


async def test_progress_is_told_in_order_and_seldom(rig: Rig) -> None:
    it = await pulled(rig, put_big(rig, "many", files=3, size=40 * MB))
    assert await it.verify() == 0
    shares = [share for _, share in it.ends.told]
    assert shares == sorted(shares) and shares[0] == 0.0 and len(shares) < 40


async def test_an_error_that_nobody_thought_of_ends_the_verification_and_blames_no_file(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await pulled(rig)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("not thought of")

    monkeypatch.setattr(checks, "check", fail)
    it.engine.verify(it.task_id)
    assert await it.ends.after(1) == [(it.task_id, 0, True)]
    assert it.state is TaskState.DONE


# -- ends of the process ----------------------------------------------------------------------------------


async def lost(rig: Rig, engine: Engine) -> Engine:
    """Lose the process: go on with what its store and the disk hold at this moment."""
    await engine._roster.keeper.kept()
    kept = copy.deepcopy(rig.store)
    await engine.aclose()
    rig.store = kept
    return await rig.engine()


async def test_what_was_found_survives_a_restart_and_is_mended_after_it(rig: Rig) -> None:
    it = await pulled(rig)
    flip(it.path("model.safetensors"))
    await it.verify()
    engine = await lost(rig, it.engine)
    again = Pulled(rig, engine, it.task_id)
    assert again.state is TaskState.FAILED
    assert again.items["model.safetensors"].failure == it.items["model.safetensors"].failure
    engine.repair(it.task_id)
    await again.watch.until_ended()
    assert again.state is TaskState.DONE and rig.is_right(engine, it.task_id)
    assert again.bad_copies() == ["model.safetensors.bad-1"]


@pytest.mark.parametrize("when", ["asked", "connecting"])
async def test_a_process_lost_before_or_after_the_copy_was_set_aside_goes_on_with_the_repair(
    rig: Rig, when: str
) -> None:
    it = await pulled(rig)
    path = it.path("model.safetensors")
    flip(path)
    await it.verify()
    rig.hub.knobs.latency_s = 30
    it.engine.repair(it.task_id)
    if when == "connecting":
        await it.watch.until(lambda: it.items["model.safetensors"].state is ItemState.CONNECTING)
        assert not path.exists()
    else:
        assert path.exists()
    engine = await lost(rig, it.engine)
    rig.hub.knobs.latency_s = 0
    again = Pulled(rig, engine, it.task_id)
    await again.watch.until_ended()
    assert again.state is TaskState.DONE and rig.is_right(engine, it.task_id)
    assert again.bad_copies() == ["model.safetensors.bad-1"]


async def test_a_repair_that_is_paused_and_resumed_loses_nothing(rig: Rig) -> None:
    it = await pulled(rig, put_big(rig, "slow", size=8 * MB))
    flip(it.path("slow-0.bin"))
    await it.verify()
    rig.hub.knobs.bytes_per_s_connection = 0
    it.engine.repair(it.task_id)
    await it.watch.until(lambda: it.items["slow-0.bin"].state is ItemState.TRANSFERRING)
    it.engine.pause(it.task_id)
    rig.hub.knobs.bytes_per_s_connection = None
    it.engine.resume(it.task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.DONE and rig.is_right(it.engine, it.task_id)
    assert it.bad_copies() == ["slow-0.bin.bad-1"]


async def test_a_repair_that_the_hub_spoils_again_fails_and_the_next_try_mends(rig: Rig) -> None:
    it = await pulled(rig)
    flip(it.path("config.json"))
    await it.verify()
    rig.hub.knobs.fail_next["hub:config.json"] = ["status:404"]
    it.engine.repair(it.task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.FAILED
    it.engine.retry(it.task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.DONE and rig.is_right(it.engine, it.task_id)


async def test_a_model_that_was_found_complete_on_the_disk_can_be_repaired_too(rig: Rig) -> None:
    it = await pulled(rig)
    it.engine.remove(it.task_id)
    task_id = rig.add(it.engine, MINILM)
    await it.watch.until_ended()
    assert it.fetched() == set(), "adopted as it stands"
    flip(it.path("model.safetensors"))
    assert await it.verify() == 1
    it.engine.repair(task_id)
    await it.watch.until_ended()
    assert it.state is TaskState.DONE and it.fetched() == {"model.safetensors"}


# -- models that are only described -----------------------------------------------------------------------


async def described(rig: Rig, text: str) -> tuple[Engine, Target]:
    """An empty list over a complete model on the disk."""
    it = await pulled(rig, text)
    it.engine.remove(it.task_id)
    await it.engine._roster.keeper.kept()
    rig.hub.requests.clear()
    (target,) = targets_at(rig.root, rig.root)
    return it.engine, target


@pytest.mark.parametrize("text", [MINILM, f"{LLAMA}:Q8_0", TINY, "direct"])
async def test_a_model_that_is_not_in_the_list_is_repaired_at_its_commit(rig: Rig, text: str) -> None:
    text = rig.hub.direct_url("weights.bin") if text == "direct" else text
    engine, target = await described(rig, text)
    watch = Watch(engine)
    before = (target.folder / target.name).read_bytes()
    path = max(target.description.files, key=lambda file: file.size).path
    os.truncate(target.folder / path, 100)
    task_id = engine.repair_described(target, [path])
    assert engine.task(task_id).state.is_live
    await watch.until_ended()
    task = engine.task(task_id)
    assert task.state is TaskState.DONE, list(task.items.values())
    assert task_id == target.description.model
    asked = {r.path.rpartition("/")[2] for r in rig.hub.requests if "/api/" not in r.path and r.server == "hub"}
    assert asked <= {path.rpartition("/")[2]}
    assert not [r for r in rig.hub.requests if "/api/" in r.path], "pinned: nobody is asked for the newest commit"
    assert (target.folder / target.name).read_bytes() == before, "described again as it was"
    assert (target.folder / path).stat().st_size != 100
    assert [found.name for found in target.folder.rglob("*.bad-*")] == [f"{path.rpartition('/')[2]}.bad-1"]
    assert watch.illegal == []


async def test_what_is_left_out_and_how_the_description_is_called_survive_a_repair(rig: Rig) -> None:
    files = [GeneratedFile(f"{name}.bin", 3000, seed=name, lfs=False) for name in "abc"]
    rig.hub.add_repo(Repo("t/yml", [*files, GeneratedFile("model.yml", 50, seed="y", lfs=False)]))
    engine = await rig.engine()
    watch = Watch(engine)
    engine.items_added.connect(lambda task_id: [engine.skip(task_id, name) for name in ("c.bin", "model.yml")])
    task_id = rig.add(engine, "t/yml")
    await watch.until_ended()
    engine.remove(task_id)
    (target,) = targets_at(rig.root, rig.root)
    assert target.name == "pulley.yml" and target.description.is_partial
    (target.folder / "a.bin").unlink()
    engine.items_added.disconnect()
    engine.repair_described(target, ["a.bin"])
    await watch.until_ended()
    (again,) = targets_at(rig.root, rig.root)
    assert again == target


async def test_a_model_in_the_list_is_repaired_as_the_task_that_it_is(rig: Rig) -> None:
    it = await pulled(rig)
    (target,) = targets_at(rig.root, rig.root)
    flip(it.path("config.json"))
    assert it.engine.repair_described(target, ["config.json"]) == it.task_id
    assert it.state.is_live, "whoever follows it does not take it for ended"
    assert it.engine.repair_described(target, ["config.json"]) == it.task_id, "asked for again, it is the same"
    files = tuple(replace(file, hash="sha256:" + "0" * 64) for file in target.description.files)
    other = replace(target, description=replace(target.description, files=files))
    with pytest.raises(CommandRefused, match="being downloaded"):
        it.engine.repair_described(other, ["config.json"])
    await it.watch.until_ended()
    assert len(it.engine.tasks) == 1 and it.state is TaskState.DONE
    assert it.fetched() == {"config.json"} and it.bad_copies() == ["config.json.bad-1"]


async def test_a_repair_that_was_stopped_is_asked_for_again_with_what_it_had_repaired(rig: Rig) -> None:
    it = await pulled(rig)
    (target,) = targets_at(rig.root, rig.root)
    for name in ("config.json", "model.safetensors"):
        flip(it.path(name))
    rig.hub.knobs.fail_next["model.safetensors"] = ["hang:1000"]
    one_is_done = asyncio.Event()
    it.engine.item_done.connect(lambda *_: one_is_done.set())
    it.engine.repair_described(target, ["config.json", "model.safetensors"])
    await asyncio.wait_for(one_is_done.wait(), 20)
    await it.engine.aclose()
    rig.hub.knobs.fail_next.clear()

    engine = await rig.engine()
    watch = Watch(engine)
    rig.hub.requests.clear()
    assert engine.repair_described(target, ["config.json", "model.safetensors"]) == it.task_id
    await watch.until_ended()
    assert engine.task(it.task_id).state is TaskState.DONE and rig.is_right(engine, it.task_id)
    assert not rig.hub.requests.of("config.json"), "that one was repaired before"
    assert watch.illegal == [] and len(it.bad_copies()) == 2


async def test_another_task_of_the_same_name_is_not_taken_for_it(rig: Rig) -> None:
    engine, target = await described(rig, MINILM)
    watch = Watch(engine)
    engine.root = rig.root.with_name("other")
    other = rig.add(engine, MINILM, paused=True)
    (target.folder / "config.json").unlink()
    task_id = engine.repair_described(target, ["config.json"])
    assert task_id != other
    await watch.until_ended(task_id)
    assert (target.folder / "config.json").exists()


async def test_descriptions_that_lie_and_folders_elsewhere_are_refused(rig: Rig, tmp_path: Path) -> None:
    engine, target = await described(rig, MINILM)
    text = (target.folder / target.name).read_text()
    for edited, reason in (
        (text.replace("repo: sentence-transformers/", "repo: someone-else/"), "another repo"),
        (text.replace("hub: huggingface", "hub: nowhere"), "another repo"),
        (
            text.replace(f"handle: {MINILM}", f"handle: {LLAMA}").replace(f"repo: {MINILM}", f"repo: {LLAMA}"),
            "belongs",
        ),
    ):
        lie = parse(edited)
        assert lie is not None and edited != text
        with pytest.raises(DownloadError, match=reason):
            engine.repair_described(Target(rig.root, target.folder, target.name, lie), ["config.json"])
    with pytest.raises(CommandRefused, match="no such files"):
        engine.repair_described(target, ["not-there.bin"])
    assert engine.tasks == []
    await engine.aclose()
    with pytest.raises(CommandRefused, match="closing"):
        engine.repair_described(target, ["config.json"])
