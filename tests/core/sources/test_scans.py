"""A hub is asked of its scan where the files are, once; whatever it answers, the files can be chosen."""

import httpx
import pytest

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.errors import ConnectFailed
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.reply import Reply
from core.records import Handle, RemoteFile, Selection
from core.scans import Scan, Verdict
from core.sources import scans
from core.sources.base import file_url
from core.sources.huggingface import HuggingFace
from core.sources.scans import read_scan, scan_url
from tests.core.sources.conftest import ENDPOINT, FakeFetcher

COMMIT = "c" * 40
HANDLE = Handle("huggingface", "org/repo")
URL = f"{ENDPOINT}/api/models/org/repo/revision/{COMMIT}?securityStatus=true"


def files(repo: str = "org/repo", endpoint: str = ENDPOINT) -> tuple[RemoteFile, ...]:
    return (RemoteFile("weights.bin", 5, "", file_url(endpoint, repo, COMMIT, "weights.bin")),)


def test_only_hubs_that_scan_are_asked_where_the_files_are() -> None:
    assert scan_url(HANDLE, COMMIT, files()) == URL
    mirror = scan_url(HANDLE, COMMIT, files(endpoint="https://mirror.test/hf"))
    assert mirror.startswith("https://mirror.test/hf/api/models/org/repo/revision/")
    cortex = Handle("cortexso", "tinyllama", "gguf")
    assert "/api/models/cortexso/tinyllama/revision/" in scan_url(cortex, COMMIT, files("cortexso/tinyllama"))
    for hub in ("modelscope", "ollama", "direct"):
        assert not scan_url(Handle(hub, "org/repo"), COMMIT, files())
    assert not scan_url(HANDLE, "", files()) and not scan_url(HANDLE, COMMIT, ())
    assert not scan_url(HANDLE, COMMIT, (RemoteFile("a", 1, "", "https://elsewhere.test/a"),))


@pytest.mark.parametrize(
    "answer",
    [
        Reply(404, httpx.Headers(), b"", URL),
        Reply(429, httpx.Headers(), b"", URL),
        Reply(200, httpx.Headers({"content-type": "text/html"}), b"<html>", URL),
        Reply(200, httpx.Headers(), b"[]", URL),
        Reply(200, httpx.Headers(), b"{", URL),
        Reply(200, httpx.Headers(), b'{"sha": "x"}', URL),
        ConnectFailed("away"),
    ],
)
async def test_a_hub_that_does_not_say_says_nothing(answer: Reply | Exception) -> None:
    fetcher = FakeFetcher()
    fetcher.replies[f"GET {URL}"] = answer
    assert await read_scan(fetcher, HANDLE, COMMIT, files()) is None
    assert fetcher.asked == [f"GET {URL}"]


async def test_nobody_waits_long_for_it(monkeypatch: pytest.MonkeyPatch, hub: DemoHub) -> None:
    monkeypatch.setattr(scans, "ANSWER_S", 0.05)
    hub.knobs.fail_next[f"hub:{COMMIT}"] = ["hang"]
    net = Net(Credentials())
    assert await read_scan(net, HANDLE, COMMIT, files(endpoint=hub.endpoint)) is None
    assert [request.status for request in hub.requests] == [0], "it was asked, and never answered"
    await net.aclose()


async def test_the_demo_hub_tells_what_it_found(hub: DemoHub) -> None:
    hub.add_repo(
        Repo("org/bad", [GeneratedFile("a.bin", 9), GeneratedFile("b.bin", 9)], issues={"a.bin": "suspicious"})
    )
    net = Net(Credentials())
    source = HuggingFace(net, endpoint=hub.endpoint)

    async def scan(repo: str) -> Scan | None:
        manifest = await source.resolve(parse_handle(repo), Selection(globs=("*",)))
        hub.requests.clear()
        found = await read_scan(net, parse_handle(repo), manifest.commit, manifest.files)
        assert len(hub.requests) == 1
        return found

    bad = await scan("org/bad")
    assert bad is not None and dict(bad.words) == {"a.bin": "suspicious"}
    assert bad.of(["b.bin"]).verdict is Verdict.CLEAN
    queued = await scan("demo/many-files")
    assert queued is not None and queued.of(["x"]).verdict is Verdict.UNSCANNED
    silent = Repo("org/silent", [GeneratedFile("a.bin", 9)], scanned=None)
    hub.add_repo(silent)
    assert await scan("org/silent") is None
    await net.aclose()
