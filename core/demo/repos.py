"""Repositories as data: files, commits, branches, tags, gates.

Knows: how a hub names things (oid, etag, refs, commit). Must not know: HTTP, who is asking.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from core.demo.content import Content

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"


class File:
    """What the two kinds of file have in common. Every hash may block: see `Shelf.hash`."""

    __slots__ = ()
    path: str
    lfs: bool

    @property
    def content(self) -> Content:
        """The bytes."""
        raise NotImplementedError

    @property
    def sha256(self) -> str:
        """The hash of the content."""
        return self.content.sha256()

    @property
    def pointer(self) -> str:
        """The text that git keeps in place of an LFS file."""
        return POINTER.format(sha256=self.sha256, size=self.content.size)

    @property
    def oid(self) -> str:
        """The git blob name: of the content, or of the pointer to it."""
        if self.lfs:
            text = self.pointer.encode()
            return hashlib.sha1(b"blob %d\0%s" % (len(text), text), usedforsecurity=False).hexdigest()
        return self.content.git_sha1()

    @property
    def etag(self) -> str:
        """The hash that the hub publishes for this file, unquoted."""
        return self.sha256 if self.lfs else self.content.git_sha1()


@dataclass(frozen=True, slots=True)
class GeneratedFile(File):
    """`size` bytes drawn from `seed`, the first of them replaced by `header`."""

    path: str
    size: int
    seed: int | str = 0
    header: bytes = b""
    lfs: bool = True

    @property
    def content(self) -> Content:
        """The bytes."""
        return Content(self.size, str(self.seed), self.header)


@dataclass(frozen=True, slots=True)
class TextFile(File):
    """A small file with this very text."""

    path: str
    text: str
    lfs: bool = False

    @property
    def content(self) -> Content:
        """The bytes."""
        data = self.text.encode()
        return Content(len(data), "", data)


@dataclass(frozen=True)
class Commit:
    """One state of a repo, never changed."""

    sha: str
    files: tuple[File, ...]

    @cached_property
    def by_path(self) -> Mapping[str, File]:
        """The files by their path."""
        return {file.path: file for file in self.files}


@dataclass
class Repo:
    """One model repository.

    `files` is branch main; `refs` adds more: "refs/heads/NAME" (or just NAME), "refs/tags/NAME", "refs/pr/1".
    `issues` is what the hub's scan found, by path; `scanned` is None for a hub that tells of no scan.
    """

    id: str
    files: Sequence[File] = ()
    refs: Mapping[str, Sequence[File]] = field(default_factory=dict)
    gated: Literal[False, "auto", "manual"] = False
    private: bool = False
    disabled: bool = False
    tags: Sequence[str] = ()
    pipeline_tag: str | None = None
    library_name: str | None = None
    downloads: int = 0
    likes: int = 0
    created_at: str = "2024-09-25T18:00:00.000Z"
    last_modified: str = "2024-11-19T09:30:00.000Z"
    card: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    gguf: Mapping[str, Any] | None = None
    safetensors: Mapping[str, Any] | None = None
    issues: Mapping[str, str] = field(default_factory=dict)
    scanned: bool | None = True
    heads: dict[str, Commit] = field(init=False, default_factory=dict)
    commits: dict[str, Commit] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._set_head("refs/heads/main", self.files)
        for ref, files in self.refs.items():
            self._set_head(ref if ref.startswith("refs/") else f"refs/heads/{ref}", files)

    def __repr__(self) -> str:
        return f"Repo({self.id!r}, files={len(self.files)}, refs={len(self.heads)}, commits={len(self.commits)})"

    def commit_at(self, revision: str) -> Commit | None:
        """Find what a branch, a tag, a full ref or a commit (7 to 40 digits) stands for."""
        for ref in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            if ref in self.heads:
                return self.heads[ref]
        if len(revision) >= 7:
            return next((c for sha, c in self.commits.items() if sha.startswith(revision)), None)
        return None

    def update(self, *files: File, ref: str = "refs/heads/main", remove: Iterable[str] = ()) -> str:
        """Commit new versions of `files` to a ref; older commits stay reachable. Return the new sha."""
        by_path = {**self.heads[ref].by_path, **{file.path: file for file in files}}
        for path in remove:
            del by_path[path]
        return self._set_head(ref, tuple(by_path.values()))

    def _set_head(self, ref: str, files: Sequence[File]) -> str:
        digest = hashlib.sha1(self.id.encode(), usedforsecurity=False)
        for file in files:
            digest.update(repr((file.path, file.lfs, file.content)).encode())
        commit = Commit(digest.hexdigest(), tuple(sorted(files, key=lambda file: file.path)))
        self.heads[ref] = self.commits.setdefault(commit.sha, commit)
        return commit.sha
