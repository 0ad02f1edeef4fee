"""What the hub holds and who may see it.

Knows: repos by id, tokens, the key that signs links. Must not know: sockets, how a reply is written.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from core.demo.calls import Call, Reply, error_reply
from core.demo.content import Content
from core.demo.knobs import Knobs
from core.demo.repos import Commit, File, Repo

HASHED_IN_PLACE_BYTES = 64 * 1024  # below this a hop to a thread costs more than the hash
HASHING_THREADS = 4


def _etag(file: File) -> str:
    return file.etag


class Shelf:
    """The repos and the rules of access.

    Any token is taken for a person's except those in `refused_tokens`; `granted_tokens` have accepted the terms
    of every gated model, those in `pending_tokens` wait for the authors' answer, those in `rejected_tokens` got it;
    `member_tokens` see the private ones.
    """

    def __init__(self, repos: Iterable[Repo], *, knobs: Knobs) -> None:
        self.repos: dict[str, Repo] = {repo.id: repo for repo in repos}
        self.renamed: dict[str, str] = {}
        self.knobs = knobs
        self.granted_tokens: set[str] = set()
        self.pending_tokens: set[str] = set()
        self.rejected_tokens: set[str] = set()
        self.member_tokens: set[str] = set()
        self.refused_tokens: set[str] = {"hf_invalid"}
        self.endpoint = ""
        self.cdn = ""
        self.link_generation = 1
        self._key = secrets.token_bytes(32)
        self._hashed: set[Content] = set()
        self._hashers = ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="demo-hash")

    def close(self) -> None:
        """End the hashing threads."""
        self._hashers.shutdown(wait=True, cancel_futures=True)

    async def hash(self, files: Iterable[File]) -> None:
        """Make every hash of these files a matter of memory."""
        loop = asyncio.get_running_loop()
        pending = []
        for file in files:
            content = file.content
            if content in self._hashed:
                continue
            if content.size <= HASHED_IN_PLACE_BYTES:
                _ = file.etag
                self._hashed.add(content)
            else:
                pending.append((content, loop.run_in_executor(self._hashers, _etag, file)))
        for content, future in pending:
            await future
            self._hashed.add(content)

    def open(self, call: Call, repo_id: str) -> Repo | Reply:
        """Find a repo that this caller may know of, or the reply that says no."""
        if call.token in self.refused_tokens:
            return error_reply(401, "Invalid credentials in Authorization header")
        if repo_id in self.renamed:
            old, new = quote(repo_id), quote(self.renamed[repo_id])
            return Reply(307, {"Location": call.target.replace(old, new, 1)})
        repo = self.repos.get(repo_id)
        if repo is None or (repo.private and call.token not in self.member_tokens):
            return error_reply(404 if call.token else 401, "Repository not found", code="RepoNotFound")
        if repo.disabled:
            return error_reply(403, "Access to this resource is disabled.")
        return repo

    def gate(self, call: Call, repo: Repo) -> Reply | None:
        """Refuse the files of a gated repo to who has not accepted its terms."""
        if not repo.gated or call.token in self.granted_tokens:
            return None
        restricted = f"Access to model {repo.id} is restricted"
        if call.token is None:
            message = f"{restricted}. You must have access to it and be authenticated to access it. Please log in."
            return error_reply(401, message, code="GatedRepo")
        if call.token in self.pending_tokens:
            message = f"Your request to access model {repo.id} is awaiting a review from the repo authors."
        elif call.token in self.rejected_tokens:
            message = f"Your request to access model {repo.id} has been rejected by the repo's authors."
        else:
            visit = f"Visit {self.endpoint}/{repo.id} to ask for access."
            message = f"{restricted} and you are not in the authorized list. {visit}"
        return error_reply(403, message, code="GatedRepo")

    def signed_link(self, repo: Repo, commit: Commit, file: File) -> str:
        """Return a CDN address of this file, good for `signed_link_ttl_s`."""
        name = file.path.rpartition("/")[2]
        place = f"/xet-bridge-demo/{hashlib.md5(repo.id.encode(), usedforsecurity=False).hexdigest()[:24]}"
        disposition = f"inline; filename*=UTF-8''{quote(name)}; filename=\"{name}\";"
        target = (
            f"{place}/{file.sha256}?response-content-disposition={quote(disposition, safe='')}"
            f"&Expires={int(time.time() + self.knobs.signed_link_ttl_s)}"
            f"&object={quote(f'{repo.id}@{commit.sha}:{file.path}', safe='')}"
            f"&Key-Pair-Id=K{self.link_generation}"
        )
        return f"{self.cdn}{target}&Signature={self.signature(target)}"

    def signature(self, target: str) -> str:
        """Sign a path with its query."""
        return hmac.new(self._key, target.encode(), "sha256").hexdigest()
