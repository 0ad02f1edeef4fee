"""From a cortexso name to the files of one of its branches."""

from typing import Any

import pytest

from core.errors import DownloadError, NotFound, ResolveError, ServerBusy
from core.handles import parse_handle
from core.records import Manifest, Selection
from core.sources.cortexso import CortexSo

ENDPOINT = "http://hub.test:8080"
MAIN, GGUF, ONE_B = "a1" * 20, "b2" * 20, "c3" * 20
REFS = "GET /api/models/cortexso/tinyllama/refs"
METADATA = f"GET /cortexso/tinyllama/resolve/{MAIN}/metadata.yml"


def branch(name: str, commit: str) -> dict[str, str]:
    return {"name": name, "ref": f"refs/heads/{name}", "targetCommit": commit}


def tree(commit: str) -> str:
    return f"GET /api/models/cortexso/tinyllama/tree/{commit}?recursive=true&expand=false"


def files(*paths: str) -> list[dict[str, Any]]:
    return [{"type": "file", "path": path, "size": 10, "oid": "d4" * 20} for path in paths]


@pytest.fixture
def hub(fetcher: Any) -> Any:
    fetcher.put(REFS, {"branches": [branch("main", MAIN), branch("gguf", GGUF), branch("a/1b", ONE_B)], "tags": []})
    fetcher.put(METADATA, b"version: 1\nname: tinyllama\ndefault: gguf\n")
    fetcher.put(
        tree(GGUF), files(".gitattributes", ".gitignore", "README.md", "metadata.yml", "model.yml", "model.gguf")
    )
    fetcher.put(tree(ONE_B), files("model.gguf"))
    fetcher.put(tree(MAIN), files(".gitattributes", "README.md", "metadata.yml"))
    return fetcher


async def resolve(fetcher: Any, text: str, selection: Selection | None = None) -> Manifest:
    source = CortexSo(fetcher, endpoint=ENDPOINT)
    handle = parse_handle(text)
    assert source.matches(handle)
    return await source.resolve(handle, selection or Selection())


async def test_a_branch_becomes_a_manifest_of_all_that_matters_in_it(hub: Any) -> None:
    manifest = await resolve(hub, "tinyllama:gguf")
    assert [file.path for file in manifest.files] == ["metadata.yml", "model.yml", "model.gguf"]
    assert all(file.wanted for file in manifest.files)
    assert (manifest.hub, manifest.repo, manifest.revision) == ("cortexso", "tinyllama", "gguf")
    assert (manifest.commit, manifest.folder) == (GGUF, "cortex.so/tinyllama/gguf")
    assert manifest.files[2].url == f"{ENDPOINT}/cortexso/tinyllama/resolve/{GGUF}/model.gguf"
    assert manifest.page_url == f"{ENDPOINT}/cortexso/tinyllama/tree/gguf"
    assert METADATA.split("/", 1)[1] not in "".join(hub.asked)


async def test_a_bare_name_takes_the_branch_that_its_metadata_names(hub: Any) -> None:
    assert (await resolve(hub, "tinyllama")).revision == "gguf"


async def test_a_slash_in_a_branch_is_no_folder(hub: Any) -> None:
    assert (await resolve(hub, "tinyllama:a/1b")).folder == "cortex.so/tinyllama/a%2F1b"


async def test_globs_choose_among_the_files(hub: Any) -> None:
    manifest = await resolve(hub, "tinyllama:gguf", Selection(globs=("*.yml",)))
    assert [file.path for file in manifest.files if file.wanted] == ["metadata.yml", "model.yml"]


@pytest.mark.parametrize("body", [b"name: x\n", b"default: 5\n", b"[]", b"", b"default: ../x\n"])
async def test_without_a_default_the_only_branch_is_taken_or_the_choice_is_named(hub: Any, body: bytes) -> None:
    hub.put(METADATA, body)
    with pytest.raises(NotFound) as caught:
        await resolve(hub, "tinyllama")
    assert caught.value.message == "tinyllama names no default branch; it has gguf, a/1b"
    assert "tinyllama:gguf" in caught.value.action
    hub.put(REFS, {"branches": [branch("main", MAIN), branch("gguf", GGUF)]})
    assert (await resolve(hub, "tinyllama")).revision == "gguf"


async def test_without_metadata_the_only_branch_is_taken(hub: Any) -> None:
    del hub.replies[METADATA.replace(" ", f" {ENDPOINT}", 1)]
    hub.put(REFS, {"branches": [branch("main", MAIN), branch("gguf", GGUF)]})
    assert (await resolve(hub, "tinyllama")).revision == "gguf"
    hub.put(REFS, {"branches": [branch("gguf", GGUF)]})
    assert (await resolve(hub, "tinyllama")).revision == "gguf"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tinyllama:13b", "tinyllama has no branch 13b; it has gguf, a/1b"),
        ("tinyllama:main", "tinyllama holds no model on branch main; it has gguf, a/1b"),
        ("nothing", "cortexso/nothing does not exist"),
    ],
)
async def test_what_is_not_there_is_named_with_what_is(hub: Any, text: str, words: str) -> None:
    with pytest.raises(NotFound) as caught:
        await resolve(hub, text)
    assert words in caught.value.message


async def test_a_default_that_is_gone_is_named(hub: Any) -> None:
    hub.put(METADATA, b"default: 7b\n")
    with pytest.raises(NotFound, match="has no branch 7b"):
        await resolve(hub, "tinyllama")


async def test_trouble_with_the_metadata_is_no_missing_default(hub: Any) -> None:
    hub.put(METADATA, status=503)
    with pytest.raises(ServerBusy):
        await resolve(hub, "tinyllama")


@pytest.mark.parametrize("body", [b"default: [", b"\xff", b"x: " + b"[" * 60_000])
async def test_metadata_that_cannot_be_read_says_so(hub: Any, body: bytes) -> None:
    hub.put(METADATA, body)
    with pytest.raises(ResolveError, match=r"metadata\.yml"):
        await resolve(hub, "tinyllama")


@pytest.mark.parametrize(
    "refs",
    [
        [],
        {},
        {"branches": {}},
        {"branches": [5]},
        {"branches": [{}]},
        {"branches": [branch("x", "../x")]},
        b"<html>",
    ],
)
async def test_a_list_of_branches_of_another_shape_is_refused(hub: Any, refs: Any) -> None:
    hub.put(REFS, refs)
    with pytest.raises(DownloadError, match=r"not as expected|web page"):
        await resolve(hub, "tinyllama:gguf")
