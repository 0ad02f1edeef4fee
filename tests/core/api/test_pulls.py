"""Every row of the routes that pull, happy and unhappy, over real sockets."""

import asyncio
import json

import pytest

from core.api import events, shapes
from core.demo.repos import GeneratedFile, Repo
from core.handles import parse_handle
from core.records import Limits
from core.states import TaskState
from tests.core.api.conftest import LLAMA, MB, TINY, Api

pytestmark = pytest.mark.usefixtures("short_waits")


async def test_a_pull_is_answered_with_its_task_before_the_first_byte(api: Api) -> None:
    api.hub.knobs.bytes_per_s_total = 0
    status, body = await api.pull(TINY)
    assert status == 200 and body["message"] == "Model start downloading!"
    task = body["task"]
    assert (task["id"], task["type"]) == (TINY, "Model")
    assert set(task) == {"id", "type", "items", "state", "bytesPerSecond", "etaSeconds", "error"}
    item = next(item for item in task["items"] if item["id"] == "model.gguf")
    assert set(item) == {
        "id", "bytes", "downloadedBytes", "checksum", "downloadUrl", "localPath", "state", "error",
    }  # fmt: skip
    assert item["bytes"] == len(api.hub.content("cortexso/tinyllama", "model.gguf", revision="gguf"))
    assert item["downloadedBytes"] == 0 and item["state"] == "waiting" and item["error"] is None
    assert item["checksum"].startswith("sha256:")
    assert item["downloadUrl"] == f"{api.hub.endpoint}/cortexso/tinyllama/resolve/gguf/model.gguf"
    assert item["localPath"] == str(api.root / "cortex.so" / "tinyllama" / "gguf" / "model.gguf")
    assert (task["state"], task["bytesPerSecond"], task["etaSeconds"], task["error"]) == ("queued", 0, None, None)


async def test_two_pulls_are_both_answered_while_the_first_still_comes_in(api: Api) -> None:
    api.hub.knobs.bytes_per_s_total = 0
    async with asyncio.timeout(30):  # for ever, if it waited
        first = await api.pull(LLAMA)
        second = await api.pull(TINY)
    assert (first[0], second[0]) == (200, 200)
    assert [task.state.is_live for task in api.engine.tasks] == [True, True]


async def test_more_pulls_than_places_are_answered_and_queued(closed_api: Api) -> None:
    await closed_api.start(limits=Limits(tasks=1))
    closed_api.hub.knobs.bytes_per_s_total = 0
    replies = [await closed_api.pull(closed_api.put(f"m{n}")) for n in range(8)]
    assert all(status == 200 and body["task"]["items"] for status, body in replies)
    status, body = await closed_api.ask("GET", "/v1/models/pull")
    assert status == 200
    assert sorted(task["state"] for task in body["data"])[:7] == ["queued"] * 7


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        ({}, 409, {"message": "No model field in request body"}),
        ({"id": "a"}, 409, {"message": "No model field in request body"}),
        ({"model": ""}, 400, {"result": "Bad Request"}),
        ({"model": "not a handle"}, 400, {"message": "Invalid model handle or not supported!"}),
        ({"model": "a//b"}, 400, {"message": "Invalid model handle or not supported!"}),
        ({"model": "/etc/passwd"}, 400, {"message": "Invalid model handle or not supported!"}),
        ({"model": "http://host.example/x.gguf"}, 400, {"message": "Invalid model handle or not supported!"}),
        ({"model": "file:///etc/passwd"}, 400, {"message": "Invalid model handle or not supported!"}),
        ({"model": f"pulley://pull?model={LLAMA}"}, 400, {"message": "Invalid model handle or not supported!"}),
        (
            {"model": f"jan://models/huggingface/{LLAMA}"},
            400,
            {"message": "Invalid model handle or not supported!"},
        ),
    ],
)
async def test_what_is_no_handle_is_refused_in_cortex_words(api: Api, body, status: int, answer) -> None:
    assert await api.ask("POST", "/v1/models/pull", body) == (status, answer)
    assert api.engine.tasks == [] and len(api.hub.requests) == 0


async def test_no_body_at_all_is_a_missing_model(api: Api) -> None:
    assert await api.ask("POST", "/models/pull") == (409, {"message": "No model field in request body"})
    assert (await api.ask("DELETE", "/models/pull"))[0] == 409


@pytest.mark.parametrize("model", ["nobody/nothing", "nothing", f"{LLAMA}:Q9_9", "tinyllama:no-such-branch"])
async def test_what_the_hub_does_not_have_leaves_no_trace(api: Api, model: str) -> None:
    heard: list[str] = []
    api.events.subscribe(lambda event: heard.append(event.kind))
    status, body = await api.pull(model)
    assert status == 400 and body["message"] == f"Model {model} not found"
    assert body["error"]["kind"] == "NotFound" and body["error"]["action"]
    assert api.engine.tasks == [] and heard == []


async def test_a_gated_model_says_so(api: Api) -> None:
    status, body = await api.pull("google/gemma-3-27b-it")
    assert status == 400 and "gated" in body["message"] and body["error"]["kind"] == "GatedModel"
    assert api.engine.tasks == []


async def test_a_model_that_does_not_fit_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.library.free_bytes", lambda root: 65 * MB)
    status, body = await api.pull(api.put("wide", size=3 * MB))
    assert status == 400 and "free" in body["message"] and body["error"]["kind"] == "DiskFull"
    assert api.engine.tasks == []


async def test_a_hub_that_cannot_be_reached_says_so(api: Api) -> None:
    await api.hub.aclose()
    status, body = await api.pull(LLAMA)
    assert status == 400 and body["message"] and body["error"]["kind"] == "ConnectFailed"
    assert api.engine.tasks == []


async def test_the_same_model_twice_is_one_task_and_one_writer(api: Api) -> None:
    api.hub.knobs.bytes_per_s_total = 0
    first, second = await asyncio.gather(api.pull(LLAMA), api.pull(LLAMA))
    third = await api.pull(LLAMA, id="another-id")
    assert {reply[0] for reply in (first, second, third)} == {200}
    assert {reply[1]["task"]["id"] for reply in (first, second, third)} == {LLAMA}
    assert len(api.engine.tasks) == 1
    status, body = await api.pull(LLAMA, files=["README.md"])
    assert status == 409 and "other files" in body["message"]
    assert (await api.pull(LLAMA, files=[]))[0] == 200


async def test_a_complete_model_has_to_be_deleted_first(api: Api) -> None:
    assert (await api.pull(TINY))[0] == 200
    await api.ended()
    complete = (400, {"message": "Please delete the model before downloading again"})
    assert await api.pull(TINY) == complete
    assert await api.pull("tinyllama") == complete
    api.engine.remove(TINY)
    assert await api.pull(TINY) == complete, "the disk tells, not the list"
    assert api.engine.tasks == []


@pytest.mark.parametrize("how", ["pause", "fail", "cancel"])
async def test_what_stands_still_is_set_going_again(api: Api, how: str) -> None:
    model = api.put("again", size=6 * MB)
    api.hub.knobs.bytes_per_s_total = 4 * MB
    if how == "fail":
        api.hub.knobs.fail_next["hub:again-0.bin"] = ["status:404"]
    _, body = await api.pull(model)
    task_id = body["task"]["id"]
    task = api.engine.task(task_id)
    if how == "pause":
        await api.watch.until(lambda: task.durable > 0)
        assert (await api.ask("POST", "/v1/models/pull/pause", {"taskId": task_id}))[0] == 200
    elif how == "cancel":
        assert (await api.ask("DELETE", "/v1/models/pull", {"taskId": task_id}))[0] == 200
    await api.watch.until(lambda: not task.state.is_live)
    api.hub.knobs.bytes_per_s_total = None
    status, body = await api.pull(model)
    assert status == 200 and body["task"]["id"] == task_id
    await api.ended()
    assert task.state is TaskState.DONE and api.rig.is_right(api.engine, task_id)
    assert len(api.engine.tasks) == 1


async def test_ids_names_files_and_revisions_are_the_clients_to_give(api: Api) -> None:
    file = "Llama-3.2-1B-Instruct-Q4_K_M.gguf"
    status, body = await api.pull(f"bartowski:Llama-3.2-1B-Instruct-GGUF:{file}", id="my:llama", name="My Llama")
    assert status == 200 and body["task"]["id"] == "my:llama"
    assert [item["id"] for item in body["task"]["items"]] == [file]
    await api.ended()
    _, model = await api.ask("GET", "/v1/models/my:llama")
    assert (model["id"], model["model"], model["name"]) == ("my:llama", "my:llama", "My Llama")
    repo = "sentence-transformers/all-MiniLM-L6-v2"
    status, body = await api.pull(repo, files=["*config.json"], revision="v1.0")
    assert status == 200 and body["task"]["id"] == f"{repo}@v1.0"
    assert {item["id"] for item in body["task"]["items"]} >= {"config.json"}
    assert all(item["id"].endswith("config.json") for item in body["task"]["items"])
    status, body = await api.pull(f"{repo}@v1.0", revision="main")
    assert status == 400 and "v1.0" in body["message"]


@pytest.mark.parametrize(
    "task_id", ["", "a b", "../x", "a/../b", "a//b", "/a", "a/", "ü", "a\n", "x" * 300, "a?b", "pull", "pull/info"]
)
async def test_an_id_that_could_not_stand_in_an_address_is_refused(api: Api, task_id: str) -> None:
    status, body = await api.pull(TINY, id=task_id)
    assert status == 400 and "id" in body["message"]
    assert api.engine.tasks == []


async def test_an_id_cannot_be_taken_from_a_model_under_way(api: Api) -> None:
    api.hub.knobs.bytes_per_s_total = 0
    assert (await api.pull(LLAMA, id="mine"))[0] == 200
    status, body = await api.pull(TINY, id="mine")
    assert status == 409 and "another model" in body["message"]


async def test_an_id_of_a_model_in_the_library_is_free_again_when_it_is_deleted(api: Api) -> None:
    await api.pull(TINY, id="mine")
    await api.ended()
    other = api.put("other")
    status, body = await api.pull(other, id="mine")
    assert status == 409 and "another model" in body["message"]
    assert (await api.ask("DELETE", "/v1/models/mine"))[0] == 200
    status, body = await api.pull(other, id="mine")
    assert status == 200 and [item["id"] for item in body["task"]["items"]] == ["other-0.bin"]
    await api.ended()
    assert [task.id for task in api.engine.tasks] == ["mine"]
    assert [row["id"] for row in (await api.ask("GET", "/v1/models"))[1]["data"]] == ["mine"]


async def test_a_bare_name_and_its_branch_are_one_model(api: Api) -> None:
    bare = api.rig.add(api.engine, "tinyllama", paused=True)
    found = await api.engine.prepare(parse_handle("tinyllama"))
    api.engine.add(parse_handle("tinyllama"), manifest=found.manifest)
    api.hub.knobs.bytes_per_s_total = 0
    for model in ("tinyllama", TINY):
        status, body = await api.pull(model)
        assert status == 200 and body["task"]["id"] == TINY
    api.engine.pause(bare)
    assert (await api.pull(TINY))[0] == 200
    assert [task.id for task in api.engine.tasks] == [bare] and api.engine.task(bare).state.is_live
    api.hub.knobs.bytes_per_s_total = None
    await api.ended()
    assert (await api.ask("GET", f"/v1/models/{TINY}"))[0] == 200


async def test_the_same_model_is_the_same_task_however_it_is_asked_for(api: Api) -> None:
    api.hub.knobs.bytes_per_s_total = 0
    assert (await api.pull(LLAMA, id="mine"))[0] == 200
    status, body = await api.pull(f"{LLAMA}:Q4_K_M")
    assert status == 200 and body["task"]["id"] == "mine", "the usual quant is the same file"
    api.engine.pause("mine")
    status, body = await api.pull(LLAMA)
    assert status == 200 and body["task"]["id"] == "mine"
    assert len(api.engine.tasks) == 1
    assert (await api.pull(f"{LLAMA}:Q8_0"))[0] == 200
    assert len(api.engine.tasks) == 2, "another file is another model"


@pytest.mark.parametrize(
    ("model", "task_id"),
    [
        ("tinyllama", "tinyllama:gguf"),
        ("tinyllama:gguf", "tinyllama:gguf"),
        (f"bartowski:{LLAMA.partition('/')[2]}:README.md", f"bartowski:{LLAMA.partition('/')[2]}:README.md"),
        (f"https://huggingface.co/{LLAMA}/blob/main/README.md", f"bartowski:{LLAMA.partition('/')[2]}:README.md"),
        (f"{LLAMA}:q8_0", f"{LLAMA}:Q8_0"),
        (f"https://hf.co/{LLAMA}", LLAMA),
        (f"ollama run hf.co/{LLAMA}:Q8_0", f"{LLAMA}:Q8_0"),
    ],
)
async def test_cortex_habits_and_other_forms_are_understood(api: Api, model: str, task_id: str) -> None:
    status, body = await api.pull(model)
    assert status == 200 and body["task"]["id"] == task_id
    await api.ended()
    assert api.engine.task(task_id).state is TaskState.DONE


async def test_a_task_can_be_paused_resumed_and_cancelled(api: Api) -> None:
    model = api.put("steered", size=24 * MB)
    api.hub.knobs.bytes_per_s_total = 8 * MB
    await api.pull(model)
    task = api.engine.task(model)
    await api.watch.until(lambda: task.durable > MB)
    for _ in range(2):
        status, body = await api.ask("POST", "/models/pull/pause", {"taskId": model})
        assert status == 200 and body["task"]["state"] == "paused" and body["message"]
    for _ in range(2):
        status, body = await api.ask("POST", "/v1/models/pull/resume", {"taskId": model})
        assert status == 200 and body["task"]["state"] in ("queued", "running")
    await api.watch.until(lambda: task.state is TaskState.RUNNING)
    answer = await api.ask("DELETE", "/v1/models/pull", {"taskId": model, "keepParts": True})
    assert answer == (200, {"message": "Download stopped successfully", "taskId": model})
    await api.watch.until(lambda: task.state is TaskState.CANCELLED)
    assert list(api.root.rglob("*.part")), "kept, as it was asked"
    assert await api.ask("DELETE", "/v1/models/pull", {"taskId": model}) == (400, {"message": "Task not found"})
    _, body = await api.ask("GET", "/models/pull")
    assert [(t["id"], t["state"]) for t in body["data"]] == [(model, "cancelled")]
    await api.pull(model)
    await api.watch.until(lambda: task.state is TaskState.RUNNING)
    assert (await api.ask("DELETE", "/models/pull", {"taskId": model}))[0] == 200
    while list(api.root.rglob("*.part*")):  # deleted once no connection writes any more
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", ["/v1/models/pull/pause", "/models/pull/resume"])
async def test_steering_what_is_not_there_is_refused(api: Api, path: str) -> None:
    assert await api.ask("POST", path, {"taskId": "nothing"}) == (400, {"message": "Task not found"})
    assert await api.ask("POST", path, {"taskId": ""}) == (400, {"result": "Bad Request"})
    assert (await api.ask("POST", path, {}))[0] == 409
    status, body = await api.ask("POST", path, {"taskId": 7})
    assert status == 400 and "taskId" in body["message"]


async def test_cancelling_what_is_complete_or_unknown_finds_no_task(api: Api) -> None:
    await api.pull(TINY)
    await api.ended()
    for task_id in (TINY, "nothing"):
        answer = await api.ask("DELETE", "/v1/models/pull", {"taskId": task_id})
        assert answer == (400, {"message": "Task not found"})
    assert await api.ask("DELETE", "/models/pull", {"taskId": ""}) == (400, {"result": "Bad Request"})
    status, body = await api.ask("POST", "/v1/models/pull/pause", {"taskId": TINY})
    assert status == 400 and "complete" in body["message"]


async def test_a_failed_file_tells_why_and_names_no_folder(api: Api) -> None:
    model = api.put("taken", files=2)
    path = api.root / "huggingface.co" / "t" / "taken" / "taken-0.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    await api.pull(model)
    await api.ended()
    _, body = await api.ask("GET", "/v1/models/pull")
    task = body["data"][0]
    assert task["state"] == "failed" and [item["state"] for item in task["items"]] == ["failed", "done"]
    error = task["items"][0]["error"]
    assert error["kind"] == "NameTaken" and error["action"] and task["error"] == error
    assert str(api.root) not in json.dumps([error]) and "taken-0.bin" in error["message"]
    assert path.read_bytes() == b"mine"


async def test_a_file_without_a_hash_says_so(api: Api) -> None:
    api.hub.add_repo(Repo("demo/direct", [GeneratedFile("weights.bin", 2 * MB, "direct")]))
    status, body = await api.pull(api.hub.direct_url("weights.bin"))
    assert status == 200
    assert body["task"]["items"][0]["checksum"] == "N/A" and body["task"]["items"][0]["bytes"] == 2 * MB


# -- what there is ---------------------------------------------------------------------------------------------


async def test_info_names_the_branches_of_a_cortexso_model(api: Api) -> None:
    status, body = await api.ask("POST", "/models/pull/info", {"model": "tinyllama"})
    assert status == 200 and body["message"] == "Get model pull information successfully"
    assert set(body) == {
        "id", "modelSource", "defaultBranch", "message", "downloadedModels", "availableModels", "downloadUrl",
    }  # fmt: skip
    assert (body["id"], body["defaultBranch"]) == ("tinyllama", "tinyllama:gguf")
    assert "tinyllama:gguf" in body["availableModels"] and body["downloadedModels"] == []
    await api.pull(TINY, id="an-id-of-its-own")
    await api.ended()
    _, body = await api.ask("POST", "/v1/models/pull/info", {"model": "tinyllama"})
    assert body["downloadedModels"] == [TINY] and TINY not in body["availableModels"]


async def test_info_names_the_gguf_files_of_a_repo(api: Api) -> None:
    _, body = await api.ask("POST", "/models/pull/info", {"model": LLAMA})
    assert body["id"] == LLAMA.replace("/", ":") and body["defaultBranch"] == "main"
    assert "Llama-3.2-1B-Instruct-Q4_K_M.gguf" in body["availableModels"]
    assert body["downloadUrl"] == f"{api.hub.endpoint}/{LLAMA}/resolve/main/"
    status, started = await api.pull(body["downloadUrl"] + "README.md")
    assert status == 200 and [item["id"] for item in started["task"]["items"]] == ["README.md"]
    await api.pull(LLAMA)
    await api.ended()
    _, body = await api.ask("POST", "/models/pull/info", {"model": LLAMA})
    assert body["downloadedModels"] == ["Llama-3.2-1B-Instruct-Q4_K_M.gguf"]


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        ({}, 409, {"message": "No model field in request body"}),
        ({"model": ""}, 400, {"result": "Bad Request"}),
        ({"model": "not a handle"}, 400, {"message": "Invalid model handle or not supported!"}),
    ],
)
async def test_info_about_nothing_is_refused(api: Api, body, status: int, answer) -> None:
    assert await api.ask("POST", "/models/pull/info", body) == (status, answer)


async def test_info_about_what_is_not_there_says_so(api: Api) -> None:
    for model in ("nobody/nothing", "no-such-model"):
        status, body = await api.ask("POST", "/models/pull/info", {"model": model})
        assert status == 400 and body["message"] == f"Model {model} not found"
    assert api.engine.tasks == []


async def test_info_about_one_file_or_branch_is_an_echo(api: Api) -> None:
    _, body = await api.ask("POST", "/models/pull/info", {"model": TINY})
    assert (body["id"], body["defaultBranch"], body["downloadUrl"]) == (TINY, "main", TINY)


async def test_a_list_asked_for_again_builds_only_what_changed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    many, few = api.put("many", files=600, size=1000), api.put("few", files=2, size=1000)
    for model in (many, few):
        await api.pull(model)
    await api.ended(many, few)
    built: list[str] = []
    real = shapes._Frame.item
    monkeypatch.setattr(shapes._Frame, "item", lambda self, item: (built.append(item.id), real(self, item))[1])
    _, first = await api.ask("GET", "/v1/models/pull")
    built.clear()
    assert await api.ask("GET", "/v1/models/pull") == (200, first) and built == []
    path = api.engine.task(few).items["few-1.bin"].local_path
    assert path is not None
    path.write_bytes(b"!" * 1000)
    api.engine.verify(few)
    await api.watch.until(lambda: api.engine.task(few).state is TaskState.FAILED)
    _, then = await api.ask("GET", "/v1/models/pull")
    assert set(built) == {"few-1.bin"}
    fresh = [shapes.task_json(task, api.engine.now()) for task in api.engine.tasks]
    assert then["data"] == fresh and [task["state"] for task in fresh] == ["done", "failed"]


async def test_what_nobody_asks_for_any_more_is_not_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "REMEMBERED_S", 0.05)
    model = api.put("old", files=3, size=1000)
    await api.pull(model)
    await api.ended(model)
    await api.ask("GET", "/v1/models/pull")
    assert api.events._tracks[model].text is not None
    await api.watch.until(lambda: api.events._tracks[model].text is None)
    assert (await api.ask("GET", "/v1/models/pull"))[1]["data"][0]["state"] == "done"
