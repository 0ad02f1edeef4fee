"""Models over mirrors of Hugging Face: two demo hubs, one that is slow, one that is dead, one that is a web page.

The hub itself is only ever named here: whatever is asked of it is asked of a mirror, or nobody is asked at all.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.api.control import Control
from core.compose import Parts, build, use_place
from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.engine import Engine
from core.errors import DownloadError
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.mirrors import Answer
from core.net.origin import host_label
from core.net.place import ASK_AGAIN_S, Place
from core.net.probe import measure, problem_of
from core.net.proxies import Proxy
from core.settings import Settings, SettingsStore
from core.sources.huggingface import HuggingFace
from core.states import TaskState
from core.store.memory import MemoryStore
from core.transfer import retry
from core.vault import MemorySecrets
from tests.fakes.canary import CANARY
from tests.fakes.proxies import free_port, teller

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 19\r\n\r\n<html>Sign in</html"
MODEL = "bartowski/Llama-3.2-1B-Instruct-GGUF"
HUB = "https://huggingface.co"
MB = 2**20

Make = Callable[..., Parts]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Make an engine as the program does; nothing names a hub but the settings."""
    async with AsyncExitStack() as stack:

        def made(settings: Settings, *, data: str = "data", **environ: str) -> Parts:
            (tmp_path / data).mkdir(exist_ok=True)
            parts = build(tmp_path / data, tmp_path / "models", settings, {"HF_HOME": str(tmp_path), **environ})
            stack.push_async_callback(parts.aclose)
            return parts

        yield made


@pytest.fixture
async def other() -> AsyncIterator[DemoHub]:
    async with DemoHub() as running:
        yield running


async def pulled(engine: Engine, text: str) -> None:
    task_id = engine.add(parse_handle(text))
    await until(lambda: not engine.task(task_id).state.is_live)
    assert engine.task(task_id).state is TaskState.DONE, engine.task(task_id).failure


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


# -- one mirror ------------------------------------------------------------------------------------------------


async def test_a_model_comes_from_the_mirror_as_if_from_the_hub_and_no_token_goes_there(
    make: Make, hub: DemoHub, tmp_path: Path
) -> None:
    hub.knobs.page_size = 2
    parts = make(Settings(hub_way="mirror", hub_mirror=hub.endpoint), HF_TOKEN=CANARY)
    parts.place.start()
    await parts.engine.load()
    await pulled(parts.engine, MODEL)
    name = "Llama-3.2-1B-Instruct-Q4_K_M.gguf"
    assert (tmp_path / "models/huggingface.co" / MODEL / name).read_bytes() == hub.content(MODEL, name)
    assert hub.requests.of(f"api/models/{MODEL}/tree/{hub.repos[MODEL].heads['refs/heads/main'].sha}")
    assert not hub.requests.with_token("hub"), "the token of the environment is for the hub alone"
    (task,) = parts.engine.tasks
    assert task.manifest is not None and task.manifest.page_url == f"{HUB}/{MODEL}"
    assert all(file.url.startswith(f"{HUB}/{MODEL}/resolve/") for file in task.manifest.files), (
        "what is kept does not depend on the mirror"
    )
    assert parts.engine.totals.hub == host_label(hub.endpoint)


async def test_a_mirror_gets_the_token_by_consent_and_no_longer_than_that(
    make: Make, hub: DemoHub, tmp_path: Path
) -> None:
    parts = make(Settings(hub_way="mirror", hub_mirror=hub.endpoint))
    store = SettingsStore(tmp_path / "settings.yml")
    store.update({"hub_way": "mirror", "hub_mirror": hub.endpoint})
    control = Control(store, MemorySecrets(), parts.net, endpoint=parts.endpoint, environ={}, apply=lambda _: None)
    await control.change({"huggingface_token": CANARY}, host="127.0.0.1")
    await parts.net.fetch("GET", f"{HUB}/api/models?limit=1")
    assert not hub.requests.with_token("hub")
    store.update({"token_mirrors": (host_label(hub.endpoint),)})
    control.use_network()
    await parts.net.fetch("GET", f"{HUB}/api/models?limit=1")
    assert len(hub.requests.with_token("hub")) == 1
    store.update({"token_mirrors": ()})
    control.use_network()
    await parts.net.fetch("GET", f"{HUB}/api/models?limit=1")
    assert len(hub.requests.with_token("hub")) == 1


async def test_the_environment_wins_over_the_settings(make: Make, hub: DemoHub, other: DemoHub) -> None:
    parts = make(Settings(hub_way="mirror", hub_mirror=other.endpoint), HF_ENDPOINT=hub.endpoint)
    await parts.engine.load()
    await pulled(parts.engine, "demo/empty-file")
    assert len(hub.requests) and not len(other.requests)
    assert parts.place.choice.reason == "environment" and parts.engine.totals.hub == host_label(hub.endpoint)


# -- the fastest -----------------------------------------------------------------------------------------------


async def test_of_a_slow_a_dead_and_a_wrong_one_the_fastest_that_works_is_taken(
    make: Make, hub: DemoHub, other: DemoHub
) -> None:
    other.knobs.latency_s = 0.6
    dead = f"http://127.0.0.1:{free_port()}"
    async with teller(PAGE) as wrong:
        parts = make(Settings(hub_way="fastest", hub_mirrors=(other.endpoint, dead, wrong.url, hub.endpoint)))
        parts.place.hub = dead  # nobody on the internet is asked
        parts.place.start()
        await until(lambda: not parts.place.is_asking)
    choice = parts.place.choice
    assert (choice.place, choice.reason) == (hub.endpoint, "fastest")
    problems = {answer.place: answer.problem for answer in choice.answers}
    assert problems[dead] == "silent" and problems[wrong.url] == "web" and problems[hub.endpoint] == ""
    assert not hub.requests.with_token("hub") and parts.engine.totals.hub == host_label(hub.endpoint)


@pytest.mark.parametrize(
    ("status", "kind", "body", "problem"),
    [
        (200, "application/json", b'[{"id": "a/b"}]', ""),
        (200, "application/json", b"[]", ""),
        (308, "", b"", "away"),
        (429, "application/json", b"{}", "busy"),
        (503, "text/html", b"<html>", "busy"),
        (200, "text/html; charset=utf-8", b"[]", "web"),
        (200, "", b"  <!doctype html>", "web"),
        (404, "application/json", b"{}", "refused"),
        (200, "application/json", b'{"error": "no"}', "nonsense"),
        (200, "application/json", b"[1]", "nonsense"),
        (200, "application/json", b"[" * 100_000, "nonsense"),
        (200, "application/json", b"\xff", "nonsense"),
    ],
)
def test_only_a_list_of_models_is_an_answer(status: int, kind: str, body: bytes, problem: str) -> None:
    assert problem_of(status, kind, body) == problem


async def test_a_place_is_measured_without_a_token_and_within_its_time(hub: DemoHub) -> None:
    async def ask(place: str, *, most_s: float = 8.0) -> Answer:
        return await measure(place, proxy=Proxy(), ca_file="", environ={}, most_s=most_s)

    good = await ask(hub.endpoint)
    assert good.seconds is not None and good.seconds > 0 and good.problem == ""
    assert [request.query for request in hub.requests] == ["limit=1"] and not hub.requests.with_token("hub")
    hub.knobs.latency_s = 30.0
    assert await ask(hub.endpoint, most_s=0.05) == Answer(hub.endpoint, None, "silent")


# -- a mirror that breaks --------------------------------------------------------------------------------------


class Two:
    """The hub is a demo hub, and so is its mirror; the clock is turned by hand.

    Attributes:
        answers: What the probe finds, by address.
    """

    def __init__(self, hub: DemoHub, mirror: DemoHub, root: Path) -> None:
        self.clock = 1000.0
        self.answers = {hub.endpoint: 0.5, mirror.endpoint: 0.1}
        self.net = Net(Credentials())
        self.place = Place(self.net, self._probe, hub=hub.endpoint, now=lambda: self.clock)
        source = HuggingFace(self.net, endpoint=hub.endpoint)
        self.engine = Engine(net=self.net, store=MemoryStore(), sources=[source], root=root)
        self.place.use("fastest", "", (mirror.endpoint,))
        self.place.start()

    async def _probe(self, place: str) -> Answer:
        seconds = self.answers.get(place)
        return Answer(place, seconds, "" if seconds else "silent")

    async def aclose(self) -> None:
        await self.place.aclose()
        await self.engine.aclose()
        await self.net.aclose()


@pytest.fixture
async def two(hub: DemoHub, other: DemoHub, tmp_path: Path) -> AsyncIterator[Two]:
    for each in (hub, other):
        each.add_repo(Repo("t/big", [GeneratedFile("big.bin", 12 * MB)]))
    made = Two(hub, other, tmp_path / "models")
    await made.engine.load()
    yield made
    await made.aclose()


async def test_a_hub_that_cannot_be_reached_is_left_and_the_list_comes_from_the_other(
    two: Two, hub: DemoHub, other: DemoHub
) -> None:
    await until(lambda: two.place.choice.place == other.endpoint)
    await other.aclose()
    two.clock += ASK_AGAIN_S
    del two.answers[other.endpoint]
    await pulled(two.engine, "t/big")
    assert two.place.choice.place == hub.endpoint and hub.bytes_sent("big.bin") == 12 * MB


async def test_a_download_goes_on_elsewhere_where_it_is_when_its_mirror_breaks(
    two: Two, hub: DemoHub, other: DemoHub
) -> None:
    await until(lambda: two.place.choice.place == other.endpoint)
    other.knobs.bytes_per_s_total = 8 * MB
    task_id = two.engine.add(parse_handle("t/big"))
    await other.requests.until(lambda: other.bytes_sent("big.bin") > 4 * MB)
    await other.aclose()
    two.place.use("hub", "", ())
    await until(lambda: not two.engine.task(task_id).state.is_live)
    task = two.engine.task(task_id)
    assert task.state is TaskState.DONE, task.failure
    (item,) = task.wanted_items()
    assert item.local_path is not None and item.local_path.read_bytes() == hub.content("t/big", "big.bin")
    assert 0 < hub.bytes_sent("big.bin") < 10 * MB, "what came from the mirror is not fetched twice"


async def test_a_mirror_that_breaks_with_its_storage_is_left_in_the_middle_of_a_file(
    two: Two, hub: DemoHub, other: DemoHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "BACK_OFF_FIRST_S", 0.05)
    await until(lambda: two.place.choice.place == other.endpoint)
    other.knobs.bytes_per_s_total = 8 * MB
    task_id = two.engine.add(parse_handle("t/big"))
    await other.requests.until(lambda: other.bytes_sent("big.bin") > 4 * MB)
    two.clock += ASK_AGAIN_S
    del two.answers[other.endpoint]
    await other.aclose()
    await until(lambda: not two.engine.task(task_id).state.is_live)
    assert two.engine.task(task_id).state is TaskState.DONE, two.engine.task(task_id).failure
    assert two.place.choice.place == hub.endpoint and 0 < hub.bytes_sent("big.bin") < 10 * MB


async def test_a_mirror_that_answers_with_web_pages_is_left(two: Two, hub: DemoHub, other: DemoHub) -> None:
    await until(lambda: two.place.choice.place == other.endpoint)
    other.knobs.fail_next["api/models/t/big/revision/main"] = ["html"] * 2
    for _ in range(2):
        with pytest.raises(DownloadError):
            await two.engine.prepare(parse_handle("t/big"))
    assert (two.place.choice.place, two.place.choice.reason) == (hub.endpoint, "left")
    found = await two.engine.prepare(parse_handle("t/big"))
    assert found.size == 12 * MB and hub.requests.of("t/big/revision/main")


async def test_settings_are_followed_while_it_runs(make: Make, hub: DemoHub, other: DemoHub) -> None:
    parts = make(Settings(hub_way="mirror", hub_mirror=hub.endpoint))
    await parts.engine.load()
    await parts.engine.prepare(parse_handle("tinyllama:gguf"))
    use_place(parts.place, Settings(hub_way="mirror", hub_mirror=other.endpoint))
    before = len(hub.requests)
    await pulled(parts.engine, "tinyllama:gguf")
    assert len(hub.requests) == before and other.requests.of("model.gguf")
