"""The demo hub with the repos of a measurement, as a process of its own, so that its work is not counted as ours.

`python -m tests.bench.hub OPTIONS REPOS ...` serves them, writes the large files into a folder for nginx, named by
their SHA-256, and prints one line of JSON: the endpoint, and the path, size and hash of each file by repo. REPOS:

    file:NAME:BYTES     one model of one generated file
    sparse:NAME:BYTES   one model of one file of zeros, a hole on the disk
    small:NAME:COUNT    small text files of 0.2 to 60 KB
    empty:NAME:COUNT    COUNT files of some bytes in folders, to be listed
    queue:NAME:COUNT    COUNT models of one file of 1 KB each
    found:NAME:COUNT    COUNT models to be searched for, with all that a result tells
"""

import argparse
import asyncio
import hashlib
import json
import random
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.bench.processes import server

ZEROS = bytes(2**22)
SMALL_BYTES = (200, 60_000)
QUEUED_BYTES = 1000


@cache
def _hash_of_zeros(size: int) -> str:
    digest = hashlib.sha256()
    for _ in range(size // len(ZEROS)):
        digest.update(ZEROS)
    digest.update(ZEROS[: size % len(ZEROS)])
    return digest.hexdigest()


def make_repos(words: Iterable[str]) -> list[Any]:
    """Return the repos that are asked for."""
    from core.demo.repos import GeneratedFile, Repo, TextFile

    class SparseFile(GeneratedFile):
        __slots__ = ()

        @property
        def sha256(self) -> str:
            return _hash_of_zeros(self.size)

    repos = []
    for word in words:
        kind, name, number = word.split(":")
        count, made = int(number), random.Random(number)
        if kind == "file":
            files = [GeneratedFile(f"{name}-Q4_K_M.gguf", count, name, b"GGUF")]
            repos.append(Repo(f"bench/{name}", files, tags=("gguf",)))
        elif kind == "sparse":
            repos.append(Repo(f"bench/{name}", [SparseFile(f"{name}.bin", count, name)]))
        elif kind == "small":
            sizes = [made.randint(*SMALL_BYTES) for _ in range(count)]
            small = [
                GeneratedFile(f"part-{n // 100:02d}/file-{n:04d}.json", size, f"{name}{n}", lfs=False)
                for n, size in enumerate(sizes)
            ]
            repos.append(Repo(f"bench/{name}", small))
        elif kind == "empty":
            texts = [TextFile(f"folder-{n // 100:03d}/file-{n:05d}.txt", f"{n}\n") for n in range(count)]
            repos.append(Repo(f"bench/{name}", texts))
        elif kind == "queue":
            repos += [
                Repo(f"bench/{name}-{n}", [GeneratedFile("config.json", QUEUED_BYTES, f"{name}{n}", lfs=False)])
                for n in range(count)
            ]
        elif kind == "found":
            repos += [
                Repo(
                    f"author-{n % 40:02d}/{name}-{n:04d}-Instruct-GGUF",
                    [GeneratedFile(f"{name}-{n:04d}-Q4_K_M.gguf", QUEUED_BYTES, f"{name}{n}", lfs=False)],
                    gated="auto" if n % 9 == 0 else False,
                    tags=("gguf", "text-generation", "en", "license:apache-2.0"),
                    pipeline_tag="text-generation",
                    downloads=made.randint(0, 9_000_000),
                    likes=made.randint(0, 9000),
                    gguf={"total": made.randint(10**8, 10**11), "architecture": "llama"},
                )
                for n in range(count)
            ]
        else:
            raise ValueError(word)
    return repos


def _write(folder: Path, repos: Iterable[Any]) -> dict[str, list[dict[str, Any]]]:
    """Write what the CDN serves; return the facts about all files."""
    facts: dict[str, list[dict[str, Any]]] = {}
    for repo in repos:
        for file in repo.heads["refs/heads/main"].files:
            if not file.lfs:
                continue
            path, size = folder / file.sha256, file.content.size
            facts.setdefault(repo.id, []).append({"path": file.path, "size": size, "sha256": file.sha256})
            with path.open("wb") as out:
                if type(file).__name__ == "SparseFile":
                    out.truncate(size)
                else:
                    for view in file.content.views(0, size):
                        out.write(view)
    return facts


def _remember() -> None:
    """Let the hub keep lists and hashes of very large repos: its own work is not what is measured."""
    from core.demo import content, listing

    content._git_sha1 = cache(content._git_sha1.__wrapped__)
    content._sha256 = cache(content._sha256.__wrapped__)
    kept: dict[tuple[int, str, bool], Any] = {}
    entries = listing.entries

    def remembered(commit: Any, folder: str, *, recursive: bool) -> Any:
        key = id(commit), folder, recursive
        if key not in kept:
            kept[key] = entries(commit, folder, recursive=recursive)
        return kept[key]

    listing.entries = remembered


async def _serve(options: argparse.Namespace) -> None:
    from core.demo.knobs import Knobs
    from core.demo.server import DemoHub

    _remember()
    repos = make_repos(options.repos)
    files = _write(options.folder, repos) if options.folder else {}
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    knobs = Knobs(latency_s=options.latency_ms / 1000)
    async with DemoHub(repos=repos, cdn_url=options.cdn, knobs=knobs) as hub:
        await hub.warm()
        print(json.dumps({"endpoint": hub.endpoint, "files": files}), flush=True)
        await stop.wait()


@contextmanager
def bench_hub(
    *repos: str, folder: Path | None = None, cdn: str = "", latency_ms: float = 0
) -> Iterator[dict[str, Any]]:
    """Start a hub with these repos; yield the endpoint and the facts about its large files."""
    words = [sys.executable, "-m", "tests.bench.hub", "--latency-ms", str(latency_ms), "--cdn", cdn]
    words += ["--folder", str(folder)] if folder else []
    with server([*words, *repos]) as line:
        yield json.loads(line)


def main() -> None:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.hub")
    parser.add_argument("--folder", type=Path, help="where the large files go")
    parser.add_argument("--cdn", default="", help="where they are served")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("repos", nargs="+")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
