"""The library's routes: what the descriptions on the disk say, and nothing else."""

import asyncio
import json
import shutil
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from core.api import models
from core.demo.repos import GeneratedFile, Repo
from core.shelf import Shelf
from core.spawn import spawn
from core.states import ItemState, TaskState
from tests.core.api.conftest import LLAMA, MB, TINY, Api

FILE = f"bartowski:{LLAMA.partition('/')[2]}:Llama-3.2-1B-Instruct-Q4_K_M.gguf"


async def have(api: Api, *models: str) -> None:
    for model in models:
        assert (await api.pull(model))[0] == 200
    await api.ended()
    assert all(task.state is TaskState.DONE for task in api.engine.tasks)


async def ids(api: Api) -> list[str]:
    _, body = await api.ask("GET", "/v1/models")
    return [row["id"] for row in body["data"]]


async def test_an_empty_library_is_a_list(api: Api) -> None:
    assert await api.ask("GET", "/models") == (200, {"object": "list", "data": [], "result": "OK"})


async def test_the_library_lists_what_is_complete_as_cortex_does(api: Api) -> None:
    await have(api, TINY, LLAMA)
    status, body = await api.ask("GET", "/v1/models")
    assert status == 200 and (body["object"], body["result"]) == ("list", "OK")
    rows = {row["id"]: row for row in body["data"]}
    assert set(rows) == {TINY, LLAMA}
    for task_id, row in rows.items():
        assert (row["model"], row["status"], row["object"]) == (task_id, "downloaded", "model")
        assert row["engine"] == "llama-cpp" and row["size"] > 0 and row["files"]
    assert rows[TINY]["modelSource"] == "cortexso/tinyllama"
    assert str(api.root) not in json.dumps(body), "no folder of this machine"


async def test_one_model_is_found_with_plain_and_encoded_slashes(api: Api) -> None:
    await have(api, LLAMA)
    for path in (f"/v1/models/{LLAMA}", f"/models/{quote(LLAMA, safe='')}", f"/v1/models/{quote(LLAMA)}"):
        status, body = await api.ask("GET", path)
        assert status == 200 and body["id"] == body["model"] == LLAMA


@pytest.mark.parametrize("model_id", ["nothing", "no/such/model", "%00", "..%2F..%2Fetc%2Fpasswd", "%FF"])
async def test_an_unknown_model_is_400_as_cortex_says_it(api: Api, model_id: str) -> None:
    status, body = await api.ask("GET", f"/v1/models/{model_id}")
    assert status == 400
    assert body["object"] == "model" and body["result"] == "Fail to get model information" and body["message"]
    status, body = await api.ask("DELETE", f"/v1/models/{model_id}")
    assert status == 400 and body["message"]


async def test_the_disk_is_the_only_truth(api: Api) -> None:
    await have(api, TINY, LLAMA)
    shutil.rmtree(api.root / "cortex.so")
    assert await ids(api) == [LLAMA]
    api.engine.remove(LLAMA)
    assert await ids(api) == [LLAMA], "the list of downloads is another thing"
    path = next((api.root / "huggingface.co").rglob("*.gguf"))
    path.write_bytes(path.read_bytes()[:-1])
    assert await ids(api) == [], "a model that lost a byte is not complete"


async def test_a_copied_library_is_there_at_once(api: Api) -> None:
    await have(api, TINY)
    api.engine.remove(TINY)
    elsewhere = api.root.with_name("elsewhere")
    shutil.copytree(api.root, elsewhere)
    api.engine.set_root(elsewhere)
    assert await ids(api) == [TINY]


async def test_deleting_a_model_takes_its_files_and_its_task(api: Api) -> None:
    await have(api, TINY, LLAMA)
    mine = api.root / "cortex.so" / "tinyllama" / "gguf" / "notes.txt"
    mine.write_text("mine")
    assert await api.ask("DELETE", f"/v1/models/{TINY}") == (200, {"message": "Deleted successfully!"})
    assert await ids(api) == [LLAMA]
    assert [task.id for task in api.engine.tasks] == [LLAMA]
    assert [path.name for path in mine.parent.iterdir()] == ["notes.txt"], "only what Pulley made"
    assert (await api.ask("DELETE", f"/v1/models/{TINY}"))[0] == 400
    assert (await api.pull(TINY))[0] == 200, "it can be pulled again"
    await api.ended()
    assert sorted(await ids(api)) == sorted([LLAMA, TINY])


async def test_a_file_that_another_model_names_stays(api: Api) -> None:
    assert (await api.pull(LLAMA, id="both", files=["*Q4_K_M.gguf", "README.md"]))[0] == 200
    await api.ended()  # the first description has to stand before the second is written
    await have(api, FILE)
    assert sorted(await ids(api)) == sorted(["both", FILE])
    assert (await api.ask("DELETE", "/v1/models/both"))[0] == 200
    assert await ids(api) == [FILE]
    assert not list(api.root.rglob("README.md"))


async def test_a_model_under_way_is_not_deleted(api: Api) -> None:
    await have(api, TINY)
    path = api.root / "cortex.so" / "tinyllama" / "gguf" / "model.gguf"
    content = path.read_bytes()
    path.unlink()
    api.hub.knobs.bytes_per_s_total = 0
    assert (await api.pull(TINY))[0] == 200
    path.write_bytes(content)
    status, body = await api.ask("DELETE", f"/v1/models/{TINY}")
    assert status == 400 and "cancel" in body["message"]
    assert path.exists()


async def test_a_link_in_a_models_folder_leads_nowhere(api: Api, tmp_path: Path) -> None:
    await have(api, TINY)
    api.engine.remove(TINY)
    outside = tmp_path / "outside"
    folder = api.root / "cortex.so" / "tinyllama" / "gguf"
    shutil.move(folder, outside)
    folder.symlink_to(outside)
    assert await ids(api) == []
    assert (await api.ask("DELETE", f"/v1/models/{TINY}"))[0] == 400
    assert (outside / "model.gguf").exists()


async def test_texts_that_did_not_change_are_not_parsed_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await have(api, TINY, LLAMA)
    shelf, parsed = Shelf(), []
    from core import shelf as module

    real = module.read_description
    monkeypatch.setattr(module, "read_description", lambda path: (parsed.append(path), real(path))[1])
    assert len(shelf.models(api.root)) == len(shelf.models(api.root)) == 2
    assert sorted(parsed) == sorted(set(parsed)), "each text once"
    count = len(parsed)
    parsed[0].write_text(parsed[0].read_text().replace("\nname:", "\nname: another # "))
    assert len(shelf.models(api.root)) == 2 and len(parsed) == count + 1


async def test_a_file_that_a_model_under_way_wants_stays(api: Api) -> None:
    api.hub.add_repo(Repo("t/shared", [GeneratedFile(f"{n}.bin", 2 * MB, seed=n) for n in "sab"]))
    assert (await api.pull("t/shared", id="first", files=["s.bin", "a.bin"]))[0] == 200
    await api.ended()
    api.hub.knobs.bytes_per_s_total = 0
    assert (await api.pull("t/shared", id="second", files=["s.bin", "b.bin"]))[0] == 200
    second = api.engine.task("second")
    await api.watch.until(lambda: second.items["s.bin"].state is ItemState.DONE)
    assert (await api.ask("DELETE", "/v1/models/first"))[0] == 200
    folder = api.root / "huggingface.co" / "t" / "shared"
    assert (folder / "s.bin").exists() and not (folder / "a.bin").exists()
    api.hub.knobs.bytes_per_s_total = None
    await api.ended("second")
    assert await ids(api) == ["second"] and api.rig.is_right(api.engine, "second")


async def test_a_pull_during_the_deletion_waits_for_its_end_and_fetches(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await have(api, TINY)
    held, entered = threading.Event(), threading.Event()
    real = models.delete_model

    def slow(*args: Any) -> None:
        entered.set()
        assert held.wait(20)
        real(*args)

    monkeypatch.setattr(models, "delete_model", slow)
    deleting = spawn(api.ask("DELETE", f"/v1/models/{TINY}"), name="delete")
    await asyncio.to_thread(entered.wait, 20)
    pulling = spawn(api.pull(TINY), name="pull")
    await asyncio.sleep(0.1)
    assert not pulling.done()
    held.set()
    assert (await deleting)[0] == 200
    status, _ = await pulling
    assert status == 200
    await api.ended()
    assert await ids(api) == [TINY] and api.rig.is_right(api.engine, TINY)


async def test_one_odd_text_spoils_nobody_elses_list(api: Api) -> None:
    await have(api, TINY, LLAMA)
    path = api.root / "cortex.so" / "tinyllama" / "gguf" / "model.yml"
    text = path.read_text()
    odd = "odd: [.inf, .nan, 2001-01-01, 0x" + "F" * 5000 + "]\nseed: 0x" + "F" * 5000 + "\n? [a]\n: b\n"
    path.write_text(odd + text)
    assert LLAMA in await ids(api)
