"""ModelScope over real sockets: lists that are cut, small files without ranges, tokens, and its own client."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.demo.server import DemoHub
from core.description import find_descriptions
from core.errors import NotFound, ResolveError
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.endpoints import keep_modelscope_token, modelscope_of, ollama_of
from core.rebuild import rebuild
from core.records import Manifest, Selection
from core.sources.modelscope import ModelScope
from tests.fakes.canary import CANARY
from tests.fakes.modelscope_hub import LISTED_MOST, ModelScopeHub
from tests.fakes.terminal import terminal_on

REPO = "Qwen/Tiny-GGUF"
FILES = {
    "README.md": b"# Tiny\n",
    "config.json": b'{"hidden_size": 8}',
    "tiny-Q4_K_M.gguf": b"GGUF" + bytes(range(256)) * 9_000,
    "tiny-Q8_0.gguf": b"GGUF" + bytes(range(255, -1, -1)) * 9_000,
    "empty.txt": b"",
}
TOKEN = "ms-0123456789-token"


@pytest.fixture
async def modelscope() -> AsyncIterator[ModelScopeHub]:
    async with ModelScopeHub() as hub:
        hub.push(REPO, FILES)
        yield hub
        assert not hub.with_secrets("storage"), "a token came to the storage"
        assert not [each for each in hub.asked if CANARY in str(each)], "a token of another hub came here"


@pytest.fixture
async def source(modelscope: ModelScopeHub) -> AsyncIterator[ModelScope]:
    net = Net(Credentials())
    yield ModelScope(net, endpoint=modelscope.hub)
    await net.aclose()


async def resolve(source: ModelScope, text: str, *globs: str) -> Manifest:
    handle = parse_handle(text)
    assert source.matches(handle)
    return await source.resolve(handle, Selection(globs=globs))


def wanted(manifest: Manifest) -> set[str]:
    return {file.path for file in manifest.files if file.wanted}


async def test_a_repo_becomes_a_manifest_pinned_to_its_newest_commit(
    source: ModelScope, modelscope: ModelScopeHub
) -> None:
    commit = modelscope.push(REPO, FILES)
    for names_newest in (True, False):
        modelscope.names_newest = names_newest
        manifest = await resolve(source, f"ms://{REPO}")
        assert (manifest.commit, manifest.revision, manifest.folder) == (commit, "master", f"modelscope.cn/{REPO}")
        assert wanted(manifest) == {"tiny-Q4_K_M.gguf"}
        file = next(file for file in manifest.files if file.path == "tiny-Q4_K_M.gguf")
        assert file.hash == "sha256:" + hashlib.sha256(FILES[file.path]).hexdigest()
        assert file.size == len(FILES[file.path])
        assert file.url == f"{modelscope.hub}/api/v1/models/{REPO}/repo?Revision={commit}&FilePath=tiny-Q4_K_M.gguf"
        assert {file.path: file.size for file in manifest.files}["empty.txt"] == 0
        assert await source.files_at(REPO, commit) == tuple(
            type(file)(file.path, file.size, file.hash, file.url) for file in manifest.files
        )


async def test_a_quant_a_file_a_revision_and_globs_choose(source: ModelScope, modelscope: ModelScopeHub) -> None:
    modelscope.push(REPO, {"a b/x.gguf": b"GGUF", "y.bin": b"1"}, revision="v1.0/rc")
    assert wanted(await resolve(source, f"ms://{REPO}:q8_0")) == {"tiny-Q8_0.gguf"}
    assert wanted(await resolve(source, f"ms://{REPO}/config.json")) == {"config.json"}
    assert wanted(await resolve(source, f"ms://{REPO}", "*.json", "*.md")) == {"config.json", "README.md"}
    other = await resolve(source, f"ms://{REPO}@v1.0%2Frc/a b/x.gguf")
    assert (wanted(other), other.folder) == ({"a b/x.gguf"}, f"modelscope.cn/{REPO}@v1.0%2Frc")


@pytest.mark.parametrize("names_newest", [True, False])
async def test_a_list_that_the_hub_cuts_is_walked_folder_by_folder(
    source: ModelScope, modelscope: ModelScopeHub, names_newest: bool
) -> None:
    modelscope.names_newest = names_newest
    files = {f"{one}/{two}/{n:04}.bin": b"%d" % n for one in "ab" for two in "xy" for n in range(1200)}
    commit = modelscope.push("org/many", {**files, "z.bin": b"z"})
    manifest = await resolve(source, "ms://org/many")
    assert wanted(manifest) == {*files, "z.bin"}
    assert len(modelscope.asked) < 12
    assert not names_newest or manifest.commit == commit


async def test_a_folder_that_no_list_can_hold_is_refused_and_not_half_taken(
    source: ModelScope, modelscope: ModelScopeHub
) -> None:
    modelscope.push("org/flat", {f"d/{n:05}.bin": b"x" for n in range(LISTED_MOST + 5)})
    with pytest.raises(ResolveError, match="no more than 3000 files of org/flat in the folder d"):
        await resolve(source, "ms://org/flat")


async def test_a_size_that_the_hub_does_not_know_is_unknown(source: ModelScope, fetcher: object) -> None:
    entry = {"Type": "blob", "Path": "x.bin", "Size": 0, "Sha256": "ab" * 32, "Revision": "c1" * 20}
    fetcher.put(  # type: ignore[attr-defined]
        "GET /api/v1/models/org/x/repo/files?Revision=master&Recursive=True",
        {"Success": True, "Data": {"Files": [entry]}},
    )
    manifest = await resolve(ModelScope(fetcher, endpoint="http://hub.test:8080"), "ms://org/x")  # type: ignore[arg-type]
    assert manifest.files[0].size is None


async def test_a_private_model_is_read_with_the_token_which_goes_to_its_hub_alone(
    hub: DemoHub, modelscope: ModelScopeHub, source: ModelScope, tmp_path: Path
) -> None:
    modelscope.private.add(REPO)
    modelscope.tokens.add(TOKEN)
    with pytest.raises(NotFound, match="or is private"):
        await resolve(source, f"ms://{REPO}")
    environ = {"MODELSCOPE_ENDPOINT": modelscope.hub, "MODELSCOPE_API_TOKEN": TOKEN}
    async with terminal_on(hub, tmp_path / "data") as terminal:
        ended = await terminal.pull(f"ms://{REPO}", "tinyllama:gguf", **environ)
        assert ended.code == 0, ended.err
    ours = [each.headers for each in modelscope.with_secrets("hub")]
    assert ours and all(each["authorization"] == f"Bearer {TOKEN}" for each in ours)
    assert all(each["cookie"] == f"m_session_id={TOKEN}" for each in ours), "older addresses read the cookie"
    assert not [each for each in hub.requests if TOKEN in str(each.headers)]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


async def test_pull_fetches_what_is_usual_and_a_revision_and_a_file(
    hub: DemoHub, modelscope: ModelScopeHub, tmp_path: Path
) -> None:
    modelscope.push(REPO, {"notes.txt": b"older"}, revision="v0")
    async with terminal_on(hub, tmp_path / "data") as terminal:
        page = f"https://modelscope.cn/models/{REPO}"
        ended = await terminal.pull(page, f"{page}/resolve/v0/notes.txt", MODELSCOPE_ENDPOINT=modelscope.hub)
        assert ended.code == 0, ended.err
        folder = terminal.models / "modelscope.cn" / REPO
        assert (folder / "tiny-Q4_K_M.gguf").read_bytes() == FILES["tiny-Q4_K_M.gguf"]
        assert (Path(f"{folder}@v0") / "notes.txt").read_bytes() == b"older"
        (described,) = find_descriptions(folder).values()
        assert (described.handle, described.revision) == (f"ms://{REPO}", "master")
        assert {task.handle for task in rebuild(terminal.models)} == {f"ms://{REPO}", f"ms://{REPO}@v0/notes.txt"}
        (folder / "tiny-Q4_K_M.gguf").unlink()
        repaired = await terminal.do("verify", f"ms://{REPO}", "--repair", MODELSCOPE_ENDPOINT=modelscope.hub)
        assert repaired.code == 0, repaired.err
        assert (folder / "tiny-Q4_K_M.gguf").read_bytes() == FILES["tiny-Q4_K_M.gguf"]


CLIENT = """
import hashlib, json, pathlib, sys
from modelscope_hub import HubApi
from modelscope_hub.errors import NotExistError
folder = pathlib.Path(sys.argv[1])
api = HubApi()
files = folder / "files"
api.download_repo("Qwen/Tiny-GGUF", "model", local_dir=str(files))
paths = [path.relative_to(files) for path in files.rglob("*") if path.is_file()]
found = {path.as_posix(): hashlib.sha256((files / path).read_bytes()).hexdigest()
         for path in paths if not path.parts[0].startswith(".")}
try:
    api.download_repo("Qwen/nothing", "model", local_dir=str(folder / "none"))
    missing = "found"
except NotExistError:
    missing = "NotExistError"
print(json.dumps({"files": found, "missing": missing}))
"""


async def test_the_client_of_the_hub_takes_the_fake_for_it(modelscope: ModelScopeHub, tmp_path: Path) -> None:
    modelscope.private.add(REPO)
    modelscope.tokens.add(TOKEN)
    environ = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environ |= {
        "MODELSCOPE_ENDPOINT": modelscope.hub,
        "MODELSCOPE_API_TOKEN": TOKEN,
        "MODELSCOPE_CACHE": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
        # Any other host than this machine would fail here.
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "localhost,127.0.0.1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, str(tmp_path), stdout=asyncio.subprocess.PIPE, env=environ
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode == 0
    said = json.loads(out.splitlines()[-1])
    assert said["files"] == {path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()}
    assert said["missing"] == "NotExistError"


def test_the_environment_names_the_hubs_and_keeps_the_token_for_its_own() -> None:
    assert modelscope_of({}) == "https://modelscope.cn" and ollama_of({}) == "https://registry.ollama.ai"
    assert modelscope_of({"MODELSCOPE_ENDPOINT": "www.modelscope.ai/"}) == "https://www.modelscope.ai"
    credentials = Credentials()
    environ = {"MODELSCOPE_ENDPOINT": "https://ms.test", "MODELSCOPE_API_TOKEN": TOKEN}
    assert keep_modelscope_token(credentials, environ) == ""
    both = {"Authorization": f"Bearer {TOKEN}", "Cookie": f"m_session_id={TOKEN}"}
    assert credentials.headers("https://ms.test/api/v1/models/a/b") == both
    for url in ("http://ms.test/", "https://ms.test:444/", "https://huggingface.co/", "https://www.ms.test/"):
        assert credentials.headers(url) == {}
    assert "not used" in keep_modelscope_token(credentials, environ | {"MODELSCOPE_API_TOKEN": "a;b"})
    assert "not used" in keep_modelscope_token(credentials, environ | {"MODELSCOPE_API_TOKEN": "a\nb"})
