"""The JSON of repos: search results, repo info, tree entries, refs.

Knows: the key names of the hub's answers. Must not know: sockets, access, the query of a call.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from core.demo.repos import Commit, File, Repo

SEARCH_KEYS = (
    "_id",
    "id",
    "modelId",
    "likes",
    "trendingScore",
    "private",
    "downloads",
    "tags",
    "pipeline_tag",
    "library_name",
    "createdAt",
)


def info(repo: Repo, commit: Commit, *, blobs: bool = False, scan: bool = False) -> dict[str, Any]:
    """Describe a repo at a commit; `blobs` needs the hashes of its files, `scan` tells what was found in them."""
    gguf = {"gguf": dict(repo.gguf)} if repo.gguf else {}
    config = {"config": dict(repo.config)} if repo.config else {}
    tensors = {"safetensors": dict(repo.safetensors)} if repo.safetensors else {}
    return {
        "_id": hashlib.md5(repo.id.encode(), usedforsecurity=False).hexdigest()[:24],
        "id": repo.id,
        "modelId": repo.id,
        "author": repo.id.partition("/")[0] if "/" in repo.id else None,
        "sha": commit.sha,
        "lastModified": repo.last_modified,
        "createdAt": repo.created_at,
        "private": repo.private,
        "gated": repo.gated,
        "disabled": repo.disabled,
        "downloads": repo.downloads,
        "likes": repo.likes,
        "trendingScore": repo.likes // 10,
        "library_name": repo.library_name,
        "pipeline_tag": repo.pipeline_tag,
        "tags": list(repo.tags),
        "cardData": dict(repo.card),
        "usedStorage": sum(file.content.size for file in commit.files),
        "siblings": [sibling(file, blobs=blobs) for file in commit.files],
        "spaces": [],
        **gguf,
        **config,
        **tensors,
        **({"securityRepoStatus": repo_scan(repo, commit)} if scan and repo.scanned is not None else {}),
    }


def repo_scan(repo: Repo, commit: Commit) -> dict[str, Any]:
    """Say what a scan of a commit found, as repo info does."""
    found = [{"path": path, "level": level} for path, level in repo.issues.items() if path in commit.by_path]
    return {"scansDone": bool(repo.scanned), "filesWithIssues": found}


def file_scan(repo: Repo, path: str) -> dict[str, Any]:
    """Say what a scan found in one file, as an expanded entry of the tree does."""
    status = repo.issues.get(path, "safe" if repo.scanned else "queued")
    by_name = {"status": "safe" if repo.scanned else "queued"}
    return {"status": status, "avScan": by_name, "pickleImportScan": {"status": status}}


def parameters(repo: Repo) -> int | None:
    """Return how many weights a repo tells of; None where it tells none."""
    total = (repo.safetensors or repo.gguf or {}).get("total")
    return total if isinstance(total, int) else None


def number(text: str) -> float | None:
    """Read `6B`, `500M` or a plain number; None for anything else."""
    factor = {"T": 1e12, "B": 1e9, "M": 1e6, "K": 1e3}.get(text[-1:].upper(), 1.0)
    try:
        return float(text.rstrip("TBMKtbmk")) * factor
    except ValueError:
        return None


def sibling(file: File, *, blobs: bool) -> dict[str, Any]:
    """Describe a file as repo info does."""
    if not blobs:
        return {"rfilename": file.path}
    data: dict[str, Any] = {"rfilename": file.path, "size": file.content.size, "blobId": file.oid}
    if file.lfs:
        data["lfs"] = {
            "sha256": file.sha256,
            "size": file.content.size,
            "pointerSize": len(file.pointer.encode()),
        }
    return data


def only(data: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Keep what `expand` asks for."""
    wanted = {"_id", "id", *keys}
    return {key: value for key, value in data.items() if key in wanted}


def entries(commit: Commit, folder: str, *, recursive: bool) -> list[File | str]:
    """Return what stands in a folder, as files and folder paths, in order of path."""
    prefix = f"{folder}/" if folder else ""
    found: dict[str, File | str] = {}
    for file in commit.files:
        if not file.path.startswith(prefix):
            continue
        for parent in _folders(file.path):
            if parent.startswith(prefix) and (recursive or "/" not in parent.removeprefix(prefix)):
                found[parent] = parent
        if recursive or "/" not in file.path.removeprefix(prefix):
            found[file.path] = file
    return [found[path] for path in sorted(found)]


def _folders(path: str) -> Iterator[str]:
    parents = [str(parent) for parent in PurePosixPath(path).parents][:-1]
    return (parent for parent in parents if ".." not in parent.split("/"))


def entry(found: File | str, repo: Repo, commit: Commit, *, expand: bool) -> dict[str, Any]:
    """Describe a file or folder as the tree does; needs the hashes of the file."""
    if isinstance(found, str):
        oid = hashlib.sha1(f"{commit.sha}/{found}".encode(), usedforsecurity=False).hexdigest()
        data: dict[str, Any] = {"type": "directory", "oid": oid, "size": 0, "path": found}
    else:
        data = {"type": "file", "oid": found.oid, "size": found.content.size, "path": found.path}
        if found.lfs:
            data["lfs"] = {
                "oid": found.sha256,
                "size": found.content.size,
                "pointerSize": len(found.pointer.encode()),
            }
    if expand:
        data["lastCommit"] = {"id": commit.sha, "title": "Upload files", "date": repo.last_modified}
        if not isinstance(found, str) and repo.scanned is not None:
            data["securityFileStatus"] = file_scan(repo, found.path)
    return data


def refs(repo: Repo, *, pull_requests: bool) -> dict[str, Any]:
    """List branches, tags, converted copies and, where asked for, pull requests."""

    def of(prefix: str, *, cut: str) -> list[dict[str, str]]:
        return [
            {"name": ref.removeprefix(cut), "ref": ref, "targetCommit": commit.sha}
            for ref, commit in repo.heads.items()
            if ref.startswith(prefix)
        ]

    data = {
        "branches": of("refs/heads/", cut="refs/heads/"),
        "converts": of("refs/convert/", cut="refs/convert/"),
        "tags": of("refs/tags/", cut="refs/tags/"),
    }
    return data | {"pullRequests": of("refs/pr/", cut="refs/pr/")} if pull_requests else data
