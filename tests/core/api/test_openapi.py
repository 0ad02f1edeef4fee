"""The OpenAPI document: valid, complete, true; and two thousand requests made from it."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from core.api import openapi
from core.api.routes import ROUTES
from core.demo.server import DemoHub
from tests.core.api.conftest import LLAMA, TINY, Api
from tests.core.conftest import Rig

REQUESTS = 2000


async def test_the_document_is_served_and_names_every_route(api: Api) -> None:
    status, body = await api.ask("GET", "/openapi.json")
    assert status == 200 and body == openapi.document()
    named = {(method.upper(), path) for path, place in body["paths"].items() for method in place}
    wanted = {(r.method, prefix + r.path) for r in ROUTES for prefix in (("", "/v1") if r.has_v1 else ("",))}
    assert named == wanted


def test_the_document_says_of_each_status_what_it_means() -> None:
    for path, place in openapi.document()["paths"].items():
        for method, operation in place.items():
            assert operation["summary"], path
            for status, reply in operation["responses"].items():
                assert reply["description"], (method, path, status)


async def test_replies_are_as_the_document_says(api: Api) -> None:
    schema = schemathesis.openapi.from_dict(openapi.document())
    await api.pull(TINY)
    await api.ended()
    asked = [
        ("GET", "/v1/models", None),
        ("GET", "/v1/models/{id}", TINY),
        ("GET", "/v1/models/pull", None),
        ("GET", "/v1/configs", None),
        ("GET", "/healthz", None),
    ]
    for method, path, ident in asked:
        reply = await api.http.request(method, path.replace("{id}", ident or ""))
        assert reply.status_code == 200
        with reply_of(reply) as found:
            schema[path][method].validate_response(found)
    posted = await api.http.post("/v1/models/pull", json={"model": LLAMA})
    with reply_of(posted) as found:
        schema["/v1/models/pull"]["POST"].validate_response(found)


@contextlib.contextmanager
def reply_of(reply: httpx.Response) -> Iterator[schemathesis.Response]:
    yield schemathesis.Response.from_httpx(reply, verify=True)


class ApiThread:
    """The API on a thread with a loop of its own, for a client that has none."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self._folder = folder
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))
        self.url = ""

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with DemoHub() as hub:
            hub.knobs.bytes_per_s_total = 0
            rig = Rig(hub, self._folder)
            api = Api(rig, self._folder / "data")
            await api.start()
            self.url = api.server.url
            self._started.set()
            await self._stop.wait()
            await api.aclose()
            await rig.aclose()

    def __enter__(self) -> str:
        self._thread.start()
        assert self._started.wait(20)
        return self.url

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()


def test_two_thousand_requests_made_from_the_document_find_no_500_and_no_hang(tmp_path: Path) -> None:
    schema = schemathesis.openapi.from_dict(openapi.document())
    operations = [result.ok() for result in schema.get_all_operations()]
    each = -(-REQUESTS // (len(operations) - 2))
    counts: dict[int, int] = {}
    with ApiThread(tmp_path, "") as url, httpx.Client(base_url=url, timeout=20) as client:

        def ask(case: schemathesis.Case) -> None:
            request = case.as_transport_kwargs(base_url=url)
            body = request.get("data")
            if request.get("json") is not None:
                body = json.dumps(request["json"])
            reply = client.request(
                case.method,
                request["url"],
                headers={k: v for k, v in request["headers"].items() if k.lower() != "user-agent"},
                content=body if body is None or isinstance(body, bytes) else str(body).encode(),
            )
            counts[reply.status_code] = counts.get(reply.status_code, 0) + 1
            assert reply.status_code < 500, (case, reply.text)
            if reply.status_code >= 400 and case.method != "HEAD":
                assert {"message", "result"} & set(reply.json()), reply.text

        for operation in operations:
            if operation.path in ("/healthz", "/openapi.json"):
                continue  # nothing to vary
            strategy = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
            if operation.body:
                strategy = strategy | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
            run(strategy, ask, each)
        assert client.get("/healthz").text == "cortex-cpp is alive!!!"
    assert sum(counts.values()) >= REQUESTS, counts
    assert {200, 400} <= set(counts), counts


def run(strategy, ask, count: int) -> None:
    from hypothesis import given

    sent = 0
    while sent < count:  # few values are possible for some routes, and then they are sent again

        @settings(
            max_examples=count - sent,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def one(case: schemathesis.Case) -> None:
            nonlocal sent
            sent += 1
            ask(case)

        before = sent
        one()
        assert sent > before
