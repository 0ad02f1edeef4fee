"""The contract of the events, heard by a real WebSocket client."""

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from core.api import events, listeners, shapes
from core.api.events import Event
from core.demo.repos import GeneratedFile, Repo
from core.handles import parse_handle
from core.records import Limits
from core.states import TaskState
from tests.core.api.conftest import LLAMA, MB, TINY, Api, Ear

pytestmark = pytest.mark.usefixtures("short_waits")


async def test_events_come_in_order_and_carry_the_whole_task(api: Api) -> None:
    model = api.put("ordered", files=2, size=5 * MB)
    api.hub.knobs.bytes_per_s_total = 4 * MB
    async with api.listen() as socket:
        ear = Ear(socket)
        _, reply = await api.pull(model)
        last = await ear.until_type("DownloadSuccess", model)
    kinds = ear.types(model)
    assert kinds[0] == "DownloadStarted" and kinds[-1] == "DownloadSuccess"
    assert kinds.count("DownloadStarted") == kinds.count("DownloadSuccess") == 1
    assert set(kinds[1:-1]) == {"DownloadUpdated"}
    for event in ear.heard:
        assert set(event) == {"type", "task"}
        assert set(event["task"]) == set(reply["task"])
        assert [item["id"] for item in event["task"]["items"]] == ["ordered-0.bin", "ordered-1.bin"]
    assert ear.heard[0]["task"]["items"][0]["bytes"] == 5 * MB, "known before the first byte"
    assert all(item["downloadedBytes"] == item["bytes"] for item in last["task"]["items"])
    kept = [sum(item["downloadedBytes"] for item in event["task"]["items"]) for event in ear.heard]
    assert kept == sorted(kept), "never backwards"


async def test_two_models_interleave_in_the_shape_of_the_example(api: Api) -> None:
    api.hub.knobs.bytes_per_s_total = 3 * MB
    models = [api.put("left", size=6 * MB), api.put("right", size=6 * MB)]
    async with api.listen() as socket:
        ear = Ear(socket)
        for model in models:
            assert (await api.pull(model))[0] == 200
        for _ in models:
            await ear.until_type("DownloadSuccess")
    order = [event["task"]["id"] for event in ear.heard if event["type"] == "DownloadUpdated"]
    first, last = {m: order.index(m) for m in models}, {m: len(order) - order[::-1].index(m) for m in models}
    assert all(first[a] < last[b] for a in models for b in models), "neither waits for the other's end"
    for event in ear.heard:
        assert event["task"]["type"] == "Model"
        for item in event["task"]["items"]:
            assert set(item) >= {"bytes", "checksum", "downloadUrl", "downloadedBytes", "id", "localPath"}


async def test_updates_come_at_most_once_a_second(api: Api) -> None:
    model = api.put("throttled", size=8 * MB)
    api.hub.knobs.bytes_per_s_total = 3 * MB
    stamps: list[tuple[str, float]] = []
    api.events.subscribe(lambda event: stamps.append((event.kind, asyncio.get_running_loop().time())))
    await api.pull(model)
    await api.ended()
    updates = [at for kind, at in stamps if kind == "DownloadUpdated"]
    assert len(updates) >= 2
    assert all(later - earlier >= 0.99 for earlier, later in zip(updates, updates[1:], strict=False))


async def test_pause_resume_and_retry_are_told_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "UPDATE_EVERY_S", 3600.0)  # whatever comes now comes at once
    model = api.put("steered", size=8 * MB)
    api.hub.knobs.bytes_per_s_total = 4 * MB
    async with api.listen() as socket:
        ear = Ear(socket)
        await api.pull(model)
        await ear.until_type("DownloadStarted")
        api.engine.pause(model)
        paused = await ear.until_type("DownloadUpdated")
        assert paused["task"]["state"] == "paused"
        api.engine.resume(model)
        resumed = await ear.until_type("DownloadUpdated")
        assert resumed["task"]["state"] in ("queued", "running")
        api.hub.knobs.fail_next["cdn:steered-0.bin"] = ["status:404"] * 40
        api.hub.knobs.fail_next["hub:steered-0.bin"] = ["status:404"] * 40
        api.engine.pause(model)
        api.engine.resume(model)
        failed = await ear.until_type("DownloadError")
        assert failed["task"]["state"] == "failed" and failed["task"]["error"]["message"]
        api.hub.knobs.fail_next.clear()
        api.hub.knobs.bytes_per_s_total = None
        api.engine.retry(model)
        await ear.until_type("DownloadUpdated")
        await ear.until_type("DownloadSuccess")
    assert ear.types(model).count("DownloadStarted") == 1, "once a process run"


async def test_an_error_comes_when_the_other_files_have_ended(api: Api) -> None:
    model = api.put("partly", files=3, size=2 * MB)
    api.hub.knobs.fail_next["hub:partly-1.bin"] = ["status:404"]
    async with api.listen() as socket:
        ear = Ear(socket)
        await api.pull(model)
        event = await ear.until_type("DownloadError", model)
    assert [item["state"] for item in event["task"]["items"]] == ["done", "failed", "done"]
    assert event["task"]["items"][1]["error"]["message"]


async def test_a_queued_task_that_is_cancelled_is_told_as_stopped(closed_api: Api) -> None:
    api = closed_api
    await api.start(limits=Limits(tasks=1))
    api.hub.knobs.bytes_per_s_total = 0
    async with api.listen() as socket:
        ear = Ear(socket)
        await api.pull(LLAMA)
        await ear.until_type("DownloadStarted", LLAMA)
        waiting = api.put("waiting")
        await api.pull(waiting)
        await api.ask("DELETE", "/v1/models/pull", {"taskId": waiting})
        stopped = await ear.until_type("DownloadStopped", waiting)
        assert stopped["task"]["state"] == "cancelled"
        await api.ask("DELETE", "/v1/models/pull", {"taskId": LLAMA})
        await ear.until_type("DownloadStopped", LLAMA)
        api.hub.knobs.bytes_per_s_total = None
        await api.pull(TINY)
        await ear.until_type("DownloadSuccess", TINY)
    assert ear.types(waiting) == ["DownloadStopped"]
    assert ear.types(LLAMA)[-1] == "DownloadStopped", "nothing after the end"


async def test_a_task_that_is_removed_under_way_has_stopped(api: Api) -> None:
    api.hub.knobs.bytes_per_s_total = 0
    async with api.listen() as socket:
        ear = Ear(socket)
        await api.pull(LLAMA)
        await ear.until_type("DownloadStarted")
        api.engine.remove(LLAMA)
        stopped = await ear.until_type("DownloadStopped")
    assert stopped["task"]["state"] == "cancelled"


async def test_a_client_that_connects_after_its_post_still_sees_the_end(api: Api) -> None:
    await api.pull(TINY)
    await api.pull(bad := api.put("bad"))
    api.hub.knobs.fail_next["hub:bad-0.bin"] = ["status:404"]
    await api.ended()
    async with api.listen() as socket:
        ear = Ear(socket)
        success = await ear.until_type("DownloadSuccess", TINY)
    assert all(item["downloadedBytes"] == item["bytes"] for item in success["task"]["items"])
    assert len(ear.types(TINY)) == 1
    assert api.engine.task(bad).state in (TaskState.DONE, TaskState.FAILED)


async def test_what_ended_long_ago_is_not_told_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.pull(TINY)
    await api.ended()
    monkeypatch.setattr(events, "REMEMBERED_S", 0.0)
    api.hub.knobs.bytes_per_s_total = 0
    await api.pull(LLAMA)
    async with api.listen() as socket:
        ear = Ear(socket)
        event = await ear.until(lambda event: True)
    assert (event["type"], event["task"]["id"]) == ("DownloadUpdated", LLAMA)


async def test_a_late_client_gets_one_update_for_each_live_task(closed_api: Api) -> None:
    api = closed_api
    await api.start(limits=Limits(tasks=1))
    api.hub.knobs.bytes_per_s_total = 0
    models = [api.put(f"m{n}") for n in range(3)]
    for model in models:
        await api.pull(model)
    paused = api.put("paused")
    await api.pull(paused)
    api.engine.pause(paused)
    async with api.listen() as socket:
        first = [json.loads(await socket.recv()) for _ in models]
    assert [event["type"] for event in first] == ["DownloadUpdated"] * 3
    assert {event["task"]["id"] for event in first} == set(models)


async def test_nothing_is_built_while_nobody_listens(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    real = events.TaskText
    monkeypatch.setattr(events, "TaskText", lambda task: (built.append(task.id), real(task))[1])
    await api.pull(TINY)
    await api.ended()
    assert built == [TINY], "for the reply alone"


async def test_an_event_is_built_once_for_all_listeners(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[list[Event]] = [[] for _ in range(10)]
    for heard in texts:
        api.events.subscribe(heard.append)
    await api.pull(TINY)
    await api.ended()
    assert len(texts[0]) >= 2
    assert all(one is other for heard in texts[1:] for one, other in zip(texts[0], heard, strict=True))


async def test_a_client_that_does_not_read_is_dropped_and_slows_nobody(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "QUEUE_BYTES_MAX", 4 * MB)
    monkeypatch.setattr(listeners, "BURST_BYTES_MAX", 16 * MB)
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=1024)
    writer.write(
        (
            f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    async with api.listen() as socket:
        ear = Ear(socket)
        await api.pull(TINY)
        await ear.until_type("DownloadSuccess", TINY)
        event = Event("DownloadUpdated", TINY, '{"type": "DownloadUpdated", "task": ' + " " * 2 * MB + "{}}")
        for _ in range(40):  # more than all buffers on the way hold
            api.events._send(event, api.events._track(TINY))
            await asyncio.wait_for(socket.recv(), 5)
        assert len(api.server._listeners) == 1, "the one that does not read is gone"
        status, _ = await api.pull(model := api.put("after"))
        assert status == 200
        await ear.until_type("DownloadSuccess", model)
    writer.close()


async def test_a_client_that_goes_is_forgotten(api: Api) -> None:
    async with api.listen(**{"User-Agent": "Jan/0.5"}) as socket:
        assert await socket.ping()
        assert [client.name for client in api.server.clients() if client.is_listening] == ["Jan/0.5"]
        assert len(api.events._sinks) == 1
    while api.server._listeners:
        await asyncio.sleep(0.01)
    assert api.events._sinks == []
    assert not any(client.is_listening for client in api.server.clients())


async def test_a_client_that_talks_is_not_listened_to(api: Api) -> None:
    async with api.listen() as socket:
        await socket.send("{}")
        await socket.send("x" * 100)
        await api.pull(TINY)
        await Ear(socket).until_type("DownloadSuccess")
        with pytest.raises(ConnectionClosed):
            await socket.send("x" * 10_000)
            await socket.recv()
            await socket.recv()


async def test_the_upgrade_passes_the_gate(closed_api: Api) -> None:
    closed_api.environ["PULLEY_API_KEYS"] = "right"
    await closed_api.start()
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer right", "Origin": "http://evil.example"}, 403),
    ):
        with pytest.raises(InvalidStatus) as caught:
            await closed_api.listen(**headers).__aenter__()
        assert caught.value.response.status_code == status
    async with closed_api.listen(Authorization="Bearer right") as socket:
        assert await socket.ping()


async def test_a_browsers_socket_may_send_its_key_as_a_protocol(closed_api: Api) -> None:
    from websockets.asyncio.client import connect

    closed_api.environ["PULLEY_API_KEYS"] = "right"
    await closed_api.start()
    url = closed_api.server.url.replace("http", "ws") + "/events"
    async with connect(url, subprotocols=["bearer.right"], proxy=None) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "bearer.right"
    with pytest.raises(InvalidStatus):
        await connect(url, subprotocols=["bearer.wrong"], proxy=None)  # type: ignore[list-item]


async def test_a_plain_get_of_the_events_is_no_socket(api: Api) -> None:
    status, body = await api.ask("GET", "/events")
    assert status == 400 and body["message"]


async def test_the_end_of_the_server_is_said_to_its_listeners(api: Api) -> None:
    async with api.listen() as socket:
        await socket.ping()
        await api.server.aclose()
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
        assert caught.value.rcvd is not None and caught.value.rcvd.code == 1001


async def test_an_update_of_a_task_with_many_files_builds_only_what_changed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Event] = []
    api.events.subscribe(heard.append)
    monkeypatch.setattr(events, "UPDATE_EVERY_S", 0.1)
    model = api.put("many", files=700, size=2000)
    api.hub.knobs.bytes_per_s_total = 700_000
    built: list[str] = []
    real = shapes._Frame.item
    monkeypatch.setattr(shapes._Frame, "item", lambda self, item: (built.append(item.id), real(self, item))[1])
    await api.pull(model)
    await api.ended()
    told = len(heard)
    assert told >= 8, "building all for each event would cost more than is allowed below"
    last = json.loads(heard[-1].text)
    assert [item["downloadedBytes"] for item in last["task"]["items"]] == [2000] * 700
    # Once for the reply, once to begin with, and once for each change of state that an event told.
    assert len(built) <= 700 * (2 + len(("connecting", "transferring", "landed", "verifying", "done")))


async def test_what_is_kept_of_a_task_is_what_would_be_built_anew(api: Api) -> None:
    heard: list[Event] = []
    fresh: list[str] = []

    def hear(event: Event) -> None:
        heard.append(event)
        state = TaskState.CANCELLED if event.kind == "DownloadStopped" else None
        now = api.engine.now()
        fresh.append(shapes.TaskText(api.engine.task(event.task_id)).text(now, state=state))

    api.events.subscribe(hear)
    api.hub.knobs.bytes_per_s_total = 6 * MB
    model = api.put("kept", files=4, size=2 * MB)
    await api.pull(model)
    task = api.engine.task(model)
    await api.watch.until(lambda: task.durable > 0)
    api.engine.skip(model, "kept-1.bin")
    api.engine.pause(model)
    await asyncio.sleep(0)
    api.engine.resume(model)
    api.engine.choose(model, "kept-1.bin")
    await api.ended()
    assert {event.kind for event in heard} >= {"DownloadStarted", "DownloadUpdated", "DownloadSuccess"}
    for event, anew in zip(heard, fresh, strict=True):
        told, real = json.loads(event.text)["task"], json.loads(anew)
        for kept, item in zip(told["items"], real["items"], strict=True):
            assert kept["downloadedBytes"] <= item["downloadedBytes"]
            assert {**kept, "downloadedBytes": 0} == {**item, "downloadedBytes": 0}
    assert json.loads(heard[-1].text)["task"]["items"] == json.loads(fresh[-1])["items"]


async def test_a_burst_in_one_turn_drops_nobody_who_reads(closed_api: Api) -> None:
    api = closed_api
    await api.start(limits=Limits(tasks=1))
    api.hub.knobs.bytes_per_s_total = 0
    api.hub.add_repo(Repo("t/one", [GeneratedFile("one.bin", MB)]))
    prepared = await api.engine.prepare(parse_handle("t/one"))
    ids = [
        api.engine.add(prepared.handle, task_id=f"task-{n}", manifest=prepared.manifest, paused=True)
        for n in range(700)
    ]
    async with api.listen() as socket:
        ear = Ear(socket)
        await socket.ping()
        for task_id in ids:
            api.engine.cancel(task_id)
        await ear.until_type("DownloadStopped", ids[-1])
    assert sum(event["type"] == "DownloadStopped" for event in ear.heard) == 700


async def test_what_ended_and_was_cleared_away_is_told_to_a_late_client(api: Api) -> None:
    await api.pull(TINY)
    await api.ended()
    api.engine.remove(TINY)
    async with api.listen() as socket:
        event = json.loads(await socket.recv())
    assert (event["type"], event["task"]["id"]) == ("DownloadSuccess", TINY)


async def test_a_cancelled_task_tells_of_no_bytes_that_go(api: Api) -> None:
    model = api.put("gone", size=8 * MB)
    api.hub.knobs.bytes_per_s_total = 4 * MB
    async with api.listen() as socket:
        ear = Ear(socket)
        await api.pull(model)
        await api.watch.until(lambda: api.engine.task(model).durable > MB)
        api.engine.cancel(model)
        stopped = await ear.until_type("DownloadStopped")
    assert stopped["task"]["items"][0]["downloadedBytes"] == 0


async def test_texts_of_tasks_that_ended_long_ago_are_not_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.events.subscribe(lambda event: None)
    await api.pull(TINY)
    await api.ended()
    assert api.events._track(TINY).text is not None
    monkeypatch.setattr(events, "REMEMBERED_S", -1.0)
    api.events.snapshot()
    assert api.events._track(TINY).text is None


async def test_listeners_have_to_show_a_key_once_there_are_keys(api: Api) -> None:
    async with api.listen() as socket:
        await socket.ping()
        await api.control.set_keys(["a-new-key-0123456789"])
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    async with api.listen(Authorization="Bearer a-new-key-0123456789") as socket:
        assert await socket.ping()


async def test_no_more_than_so_many_listen_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.api.server.LISTENERS_MAX", 2)
    async with api.listen() as one, api.listen() as two:
        await one.ping()
        await two.ping()
        with pytest.raises(InvalidStatus) as caught:
            await api.listen().__aenter__()
    assert caught.value.response.status_code == 503
