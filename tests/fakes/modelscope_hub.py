"""A ModelScope hub as its own client knows it: cut lists, small files that ignore ranges, large ones elsewhere."""

import hashlib
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.fakes.two_hosts import TwoHosts, ranged

LISTED_MOST = 3000
COOKIE = "m_session_id"


def commit_of(*words: object) -> str:
    return hashlib.sha1(repr(words).encode(), usedforsecurity=False).hexdigest()


class ModelScopeHub(TwoHosts):
    """Holds models by `org/name`: their files by revision, `master` first of all.

    Attributes:
        tokens: Who may read `private` models.
        names_newest: Whether a list of files names the newest commit.
        lfs_bytes: From this size on a file lies in the storage.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tokens: set[str] = set()
        self.private: set[str] = set()
        self.names_newest = True
        self.lfs_bytes = 100_000
        self._files: dict[tuple[str, str], dict[str, bytes]] = {}
        self._commits: dict[tuple[str, str], str] = {}

    def push(self, repo: str, files: dict[str, bytes], *, revision: str = "master") -> str:
        """Set the files of a revision; return its commit, which knows them as well."""
        commit = commit_of(repo, revision, len(self._commits), sorted(files))
        self._files[repo, revision] = self._files[repo, commit] = dict(files)
        self._commits[repo, revision] = self._commits[repo, commit] = commit
        return commit

    def of_hub(self, request: web.BaseRequest) -> web.StreamResponse:
        parts = request.path.removeprefix("/").split("/")
        if parts[:2] != ["api", "v1"] or len(parts) < 5 or parts[2] != "models":
            return _refusal(404, "no such address")
        repo = "/".join(parts[3:5])
        known = any(name == repo for name, _ in self._files)
        if not known or (repo in self.private and not self._is_known(request)):
            return _refusal(404, f"Model {repo} not found")
        rest = "/".join(parts[5:])
        revision = request.query.get("Revision", "master")
        if rest == "":
            return _data({"Name": parts[4], "Path": parts[3], "Visibility": 5})
        if rest == "revisions":
            branches = [{"Revision": name} for of, name in self._files if of == repo and len(name) < 40]
            return _data({"RevisionMap": {"Branches": branches, "Tags": []}})
        files = self._files.get((repo, revision))
        if files is None:
            return _refusal(404, f"revision {revision} not found")
        if rest == "repo/files":
            return self._listed(request, files, self._commits[repo, revision])
        if rest == "repo":
            return self._file(request, repo, revision, files)
        return _refusal(404, "no such address")

    def _is_known(self, request: web.BaseRequest) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return token in self.tokens or request.cookies.get(COOKIE, "") in self.tokens

    def _listed(self, request: web.BaseRequest, files: dict[str, bytes], commit: str) -> web.Response:
        root = request.query.get("Root", "")
        is_deep = request.query.get("Recursive", "").lower() == "true"
        inside = f"{root}/" if root else ""
        found: dict[str, dict[str, Any]] = {}
        for number, (path, data) in enumerate(sorted(files.items())):
            if not path.startswith(inside):
                continue
            steps = path.removeprefix(inside).split("/")
            for depth in range(1, len(steps)):
                folder = inside + "/".join(steps[:depth])
                if is_deep or depth == 1:
                    found.setdefault(folder, _entry(folder, "tree", commit=commit, at=0))
            if is_deep or len(steps) == 1:
                last = number == len(files) - 1
                entry = _entry(path, "blob", commit=commit if last else commit_of(path), at=number)
                found[path] = entry | {"Size": len(data), "Sha256": hashlib.sha256(data).hexdigest()}
        data = {"Files": list(found.values())[:LISTED_MOST]}
        return _data(
            data | ({"LatestCommitter": {"Id": commit, "ShortId": commit[:8]}} if self.names_newest else {})
        )

    def _file(self, request: web.BaseRequest, repo: str, revision: str, files: dict[str, bytes]) -> web.Response:
        path = request.query.get("FilePath", "")
        data = files.get(path)
        if data is None:
            return _refusal(404, f"file {path} not found")
        digest = hashlib.sha256(data).hexdigest()
        if len(data) < self.lfs_bytes:  # whole, whatever range was asked for
            return web.Response(
                body=data, headers={"ETag": f'"{digest}"', "Content-Type": "application/octet-stream"}
            )
        location = f"{self.storage}/{quote(repo)}/{digest}?Expires=1800000000&Signature=abc"
        return web.Response(status=302, headers={"Location": location, "X-Linked-ETag": digest})

    def of_storage(self, request: web.BaseRequest) -> web.StreamResponse:
        digest = request.path.rpartition("/")[2]
        for files in self._files.values():
            for data in files.values():
                if len(data) >= self.lfs_bytes and hashlib.sha256(data).hexdigest() == digest:
                    return ranged(request, data, ETag=f'"{digest[:32].upper()}"')
        return web.Response(status=404)


def _entry(path: str, kind: str, *, commit: str, at: int) -> dict[str, Any]:
    return {
        "Path": path,
        "Name": path.rpartition("/")[2],
        "Type": kind,
        "Size": 0,
        "Sha256": "",
        "Revision": commit,
        "CommittedDate": 1_700_000_000 + at,
        "IsLFS": False,
        "InCheck": False,
    }


def _data(data: Any) -> web.Response:
    return web.json_response({"Code": 200, "Success": True, "Message": "success", "Data": data})


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response(
        {"Code": 10010205001, "Success": False, "Message": message, "Data": None}, status=status
    )
