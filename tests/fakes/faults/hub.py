"""What a decent hub and its file server would answer: Hugging Face's wire shapes, one model, several commits."""

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from tests.fakes.faults.content import Blob
from tests.fakes.faults.wire import Answer, Ask

REPO = "t/model"
LINK_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of the model; `entry` overrides fields of its entry in the listing."""

    path: str
    blob: Blob
    lfs: bool = True
    entry: dict[str, Any] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """What the hub calls its bytes."""
        return self.blob.sha256 if self.lfs else self.blob.git_sha1

    def listed(self) -> dict[str, Any]:
        """Return its entry in the listing."""
        data: dict[str, Any] = {
            "type": "file",
            "oid": self.blob.git_sha1,
            "size": self.blob.size,
            "path": self.path,
        }
        if self.lfs:
            data["lfs"] = {"oid": self.blob.sha256, "size": self.blob.size, "pointerSize": 134}
        return data | self.entry


def commit_of(name: str) -> str:
    """Return the commit that a name stands for in these tests."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Hub:
    """One model on a hub.

    Attributes:
        versions: The files of each commit.
        head: The commit that `main` is.
        link_generation: Signed links of older generations have expired.
        urls: Base URLs of the servers by role, once they listen.
    """

    versions: dict[str, list[HubFile]]
    head: str = ""
    gated: bool = False
    page_size: int = 1000
    link_generation: int = 1
    urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.head = self.head or next(iter(self.versions))
        self._by_path: dict[str, dict[str, HubFile]] = {}

    def answer(self, ask: Ask) -> Answer:
        """Answer as a decent hub."""
        parts = ask.path.removeprefix("/").split("/")
        if ask.role == "hub":
            if parts[:2] == ["api", "models"]:
                return self._api(ask, parts[2:])
            if parts[:2] == ["api", "resolve-cache"]:
                return self._file(ask, parts[5], "/".join(parts[6:]), role="hub")
            if len(parts) > 4 and parts[2] == "resolve":
                return self._resolve(parts[3], "/".join(parts[4:]))
            return _refusal(404, "Repository not found", code="RepoNotFound")
        if parts[0] == "xet":
            if ask.role == "cdn" and f"Signature={self.link_generation}" not in ask.query.split("&"):
                return _denied()
            return self._file(ask, parts[1], "/".join(parts[2:]), role=ask.role)
        return _refusal(404, "Nothing here")

    def file(self, commit: str, path: str) -> HubFile | None:
        """Return a file of a commit."""
        if commit not in self._by_path:
            self._by_path[commit] = {file.path: file for file in self.versions.get(commit, [])}
        return self._by_path[commit].get(path)

    def link(self, commit: str, path: str, *, role: str = "cdn") -> str:
        """Return the signed address of a file."""
        query = f"Expires={int(time.time()) + LINK_LIFE_S}&Signature={self.link_generation}"
        return f"{self.urls[role]}/xet/{commit}/{quote(path)}?{query}"

    def _api(self, ask: Ask, parts: list[str]) -> Answer:
        if "/".join(parts[:2]) != REPO or len(parts) < 4:
            return _refusal(404, "Repository not found", code="RepoNotFound")
        revision = self.head if unquote(parts[3]) == "main" else parts[3]
        if revision not in self.versions:
            return _refusal(404, f"Invalid rev id: {revision}", code="RevisionNotFound")
        headers = [("Content-Type", "application/json; charset=utf-8"), ("X-Repo-Commit", revision)]
        if parts[2] == "revision":
            facts = {"_id": "0" * 24, "id": REPO, "sha": revision, "private": False, "gated": self.gated}
            return Answer(200, headers, json.dumps(facts).encode())
        start = int(parse_qs(ask.query).get("cursor", ["0"])[0])
        files = self.versions[revision]
        if start + self.page_size < len(files):
            path, cursor = ask.target.partition("?")[0], start + self.page_size
            next_page = f"{self.urls['hub']}{path}?recursive=true&cursor={cursor}"
            headers.append(("Link", f'<{next_page}>; rel="next"'))
        page = [file.listed() for file in files[start : start + self.page_size]]
        return Answer(200, headers, json.dumps(page).encode())

    def _resolve(self, commit: str, path: str) -> Answer:
        commit = self.head if commit == "main" else commit
        file = self.file(commit, path)
        if file is None:
            return _refusal(404, "Entry not found", code="EntryNotFound")
        headers = [("X-Repo-Commit", commit), ("Content-Type", "text/plain; charset=utf-8")]
        if not file.lfs:
            location = f"/api/resolve-cache/models/{REPO}/{commit}/{quote(path)}"
            return Answer(307, [*headers, ("Location", location), ("ETag", f'"{file.etag}"')])
        headers += [("X-Linked-Size", str(file.blob.size)), ("X-Linked-ETag", f'"{file.etag}"')]
        return Answer(302, [*headers, ("Location", self.link(commit, path))])

    def _file(self, ask: Ask, commit: str, path: str, *, role: str) -> Answer:
        file = self.file(commit, path)
        if file is None:
            return _refusal(404, "Entry not found", code="EntryNotFound") if role == "hub" else _denied(404)
        return bytes_of(ask, file.blob, [("ETag", f'"{file.etag}"'), ("X-Repo-Commit", commit)])


def bytes_of(ask: Ask, blob: Blob, headers: list[tuple[str, str]]) -> Answer:
    """Answer with a file, or the range of it that was asked for."""
    headers = [
        ("Content-Type", "application/octet-stream"),
        ("Accept-Ranges", "bytes"),
        ("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT"),
        *headers,
    ]
    if ask.range is None:
        return Answer(200, headers, blob=blob, start=0, stop=blob.size)
    start, stop = ask.range
    if start >= blob.size:
        return Answer(416, [("Content-Range", f"bytes */{blob.size}")])
    stop = min(blob.size, blob.size if stop is None else stop)
    headers.append(("Content-Range", f"bytes {start}-{stop - 1}/{blob.size}"))
    return Answer(206, headers, blob=blob, start=start, stop=stop)


def _refusal(status: int, message: str, *, code: str = "") -> Answer:
    headers = [("Content-Type", "application/json"), ("X-Error-Message", message)]
    if code:
        headers.append(("X-Error-Code", code))
    return Answer(status, headers, json.dumps({"error": message}).encode())


def _denied(status: int = 403) -> Answer:
    body = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
    return Answer(status, [("Content-Type", "application/xml")], body)
