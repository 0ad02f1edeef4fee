"""The hub's own client takes the demo hub for the real one."""

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from core.demo.catalogue import GEMMA, LLAMA, MINILM, TINYLLAMA, VISION
from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub

PREAMBLE = """
import hashlib, json, os, pathlib, sys
import huggingface_hub as hf
from huggingface_hub import errors
folder = pathlib.Path(os.environ["HF_HOME"]) / "files"
def hashes(path):
    found = [p for p in sorted(path.rglob("*")) if p.is_file() and ".cache" not in p.parts]
    return {p.relative_to(path).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}
def failure(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except Exception as error:
        return type(error).__name__
    return ""
"""


async def run(hub: DemoHub, home: Path, script: str, *, token: str = "") -> Any:
    """Run a script with the real client in a process of its own; it prints one JSON value at its end."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    environment = {
        **{key: value for key, value in kept.items() if not key.lower().endswith("_proxy")},
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        **({"HF_TOKEN": token} if token else {}),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PREAMBLE + script,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out.decode().splitlines()[-1])


def expected(hub: DemoHub, repo_id: str, revision: str = "main") -> dict[str, str]:
    commit = hub.repos[repo_id].commit_at(revision)
    assert commit is not None
    return {path: hashlib.sha256(file.content.read()).hexdigest() for path, file in commit.by_path.items()}


@pytest.mark.parametrize(
    ("repo_id", "revision"),
    [
        (LLAMA, "main"),
        (VISION, "main"),
        (MINILM, "main"),
        (MINILM, "dev/test"),
        (MINILM, "refs/pr/1"),
        (MINILM, "v1.0"),
        (TINYLLAMA, "main"),
        (TINYLLAMA, "gguf"),
        (TINYLLAMA, "1b-gguf-q3-km"),
        ("demo/many-files", "main"),
        ("demo/empty-file", "main"),
        ("demo/direct", "main"),
    ],
)
async def test_a_snapshot_has_the_right_bytes(hub: DemoHub, tmp_path: Path, repo_id: str, revision: str) -> None:
    hub.knobs.page_size = 40
    script = f"""
path = hf.snapshot_download({repo_id!r}, revision={revision!r}, local_dir=folder)
print(json.dumps(hashes(folder)))
"""
    assert await run(hub, tmp_path, script) == expected(hub, repo_id, revision)
    assert not hub.requests.with_token("cdn")


async def test_the_real_client_reads_every_listing(hub: DemoHub, tmp_path: Path) -> None:
    ids = [repo.id for repo in hub.repos.values() if not repo.private]
    script = f"""
api, found = hf.HfApi(), {{}}
for repo in {ids!r}:
    info = api.model_info(repo, files_metadata=True)
    tree = [item for item in api.list_repo_tree(repo, recursive=True) if isinstance(item, hf.hf_api.RepoFile)]
    refs = api.list_repo_refs(repo, include_pull_requests=True)
    found[repo] = dict(
        names=sorted(api.list_repo_files(repo)),
        siblings={{s.rfilename: s.lfs.sha256 if s.lfs else s.blob_id for s in info.siblings}},
        tree={{item.path: item.lfs.sha256 if item.lfs else item.blob_id for item in tree}},
        paths=len(api.get_paths_info(repo, sorted(item.path for item in tree))),
        sha=info.sha,
        gated=info.gated,
        refs=sorted(ref.ref for ref in [*refs.branches, *refs.tags, *refs.pull_requests]),
    )
scanned = api.model_info("demo/direct", securityStatus=True)
(entry,) = api.get_paths_info("demo/direct", ["weights.bin"], expand=True)
found["scan"] = [scanned.security_repo_status, entry.security.safe, entry.security.status]
found["search"] = [model.id for model in api.list_models(search="llama", filter="gguf", limit=5)]
print(json.dumps(found))
"""
    found = await run(hub, tmp_path, script)
    assert set(found.pop("search")) == {LLAMA, VISION}
    unsafe = [{"path": "weights.bin", "level": "unsafe"}]
    assert found.pop("scan") == [{"scansDone": True, "filesWithIssues": unsafe}, False, "unsafe"]
    for repo_id, listed in found.items():
        repo = hub.repos[repo_id]
        head = repo.heads["refs/heads/main"]
        hashes = {file.path: file.etag for file in head.files}
        assert listed["names"] == sorted(hashes)
        assert listed["siblings"] == listed["tree"] == hashes
        assert (listed["paths"], listed["sha"]) == (len(hashes), head.sha)
        assert (listed["gated"], listed["refs"]) == (repo.gated, sorted(repo.heads))


async def test_a_single_file_lands_in_the_cache_under_its_hash(hub: DemoHub, tmp_path: Path) -> None:
    script = f"""
large = hf.hf_hub_download({TINYLLAMA!r}, "model.gguf", revision="gguf")
small = hf.hf_hub_download({MINILM!r}, "1_Pooling/config.json", revision="dev/test")
print(json.dumps([[os.path.basename(os.path.realpath(path)), pathlib.Path(path).read_bytes().hex()[:200]]
    for path in (large, small)]))
"""
    large, small = await run(hub, tmp_path, script)
    wanted = [(TINYLLAMA, "gguf", "model.gguf"), (MINILM, "dev/test", "1_Pooling/config.json")]
    for (name, data), (repo_id, revision, path) in zip((large, small), wanted, strict=True):
        commit = hub.repos[repo_id].commit_at(revision)
        assert commit is not None and name == commit.by_path[path].etag
        assert data == commit.by_path[path].content.read(0, 100).hex()


REFUSED = f"""
print(json.dumps([
    failure(hf.hf_hub_download, {GEMMA!r}, "config.json"),
    failure(hf.snapshot_download, {GEMMA!r}, local_dir=folder),
    failure(hf.model_info, "no/such-repo"),
    failure(hf.hf_hub_download, "no/such-repo", "x"),
    failure(hf.model_info, "demo/private-model"),
    failure(hf.model_info, {LLAMA!r}, revision="none"),
    failure(hf.hf_hub_download, {LLAMA!r}, "README.md", revision="none"),
    failure(hf.hf_hub_download, {LLAMA!r}, "none.gguf"),
]))
"""
REFUSALS = [
    "GatedRepoError",
    "GatedRepoError",
    "RepositoryNotFoundError",
    "RepositoryNotFoundError",
    "RepositoryNotFoundError",
    "RevisionNotFoundError",
    "RevisionNotFoundError",
    "EntryNotFoundError",
]


@pytest.mark.parametrize("token", ["", "hf_other"])
async def test_refusals_are_understood(hub: DemoHub, tmp_path: Path, token: str) -> None:
    found = await run(hub, tmp_path, REFUSED, token=token)
    assert [name.removeprefix("Remote") for name in found] == REFUSALS
    assert not hub.requests.with_token("cdn")


async def test_a_granted_token_downloads_a_gated_repo_without_leaking(hub: DemoHub, tmp_path: Path) -> None:
    hub.granted_tokens.add("hf_granted")
    script = f"""
hf.snapshot_download({GEMMA!r}, local_dir=folder)
print(json.dumps([hashes(folder), hf.whoami()["name"]]))
"""
    files, name = await run(hub, tmp_path, script, token="hf_granted")
    assert (files, name) == (expected(hub, GEMMA), "demo")
    assert hub.requests.with_token("hub") and not hub.requests.with_token("cdn")


async def test_a_renamed_repo_is_followed(hub: DemoHub, tmp_path: Path) -> None:
    hub.renamed["old/name"] = TINYLLAMA
    script = """
hf.snapshot_download("old/name", local_dir=folder)
print(json.dumps(hashes(folder)))
"""
    assert await run(hub, tmp_path, script) == expected(hub, TINYLLAMA)


async def test_hostile_names_are_listed_and_refused_by_the_real_client(hub: DemoHub, tmp_path: Path) -> None:
    script = """
print(json.dumps([
    failure(hf.hf_hub_download, "demo/hostile-names", "../evil.bin", local_dir=folder),
    failure(hf.hf_hub_download, "demo/hostile-names", "good-Q4_K_M.gguf", local_dir=folder),
]))
"""
    evil, good = await run(hub, tmp_path, script)
    assert evil and not good
    assert not (tmp_path / "evil.bin").exists()


async def test_a_body_cut_short_is_resumed_by_the_real_client(hub: DemoHub, tmp_path: Path) -> None:
    """The client keeps whole chunks of 10 MiB of what came, and asks for the rest by a range."""
    chunk = 10 * 1024 * 1024
    hub.add_repo(Repo("demo/cut", [GeneratedFile("cut.bin", 2 * chunk)]))
    hub.knobs.fail_next["cut.bin"] = [f"cut:{chunk + 1000}"]
    script = """
hf.hf_hub_download("demo/cut", "cut.bin", local_dir=folder)
print(json.dumps(hashes(folder)))
"""
    assert await run(hub, tmp_path, script) == expected(hub, "demo/cut")
    first, second = hub.requests.of("cut.bin", server="cdn", method="GET")
    assert (first.range, first.status, first.bytes_sent) == (None, 200, chunk + 1000)
    assert (second.range, second.status, second.bytes_sent) == (f"bytes={chunk}-", 206, chunk)
