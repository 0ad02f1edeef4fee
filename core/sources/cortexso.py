"""cortexso: one repo a model on Hugging Face, one branch a variant; `main` holds only what describes them."""

from collections.abc import Mapping
from urllib.parse import quote

from core.errors import NotFound, ResolveError
from core.formats.yaml_text import load_yaml
from core.net.origin import host_label
from core.patterns import pattern
from core.records import Handle, Manifest, RemoteFile, Selection
from core.sources.base import Fetcher, escaped, file_url
from core.sources.listing import list_files, pinned, select
from core.sources.replies import commit_of, expect, hub_error, is_ok, json_of

ORGANISATION = "cortexso"
METADATA_BYTES_MAX = 2**16
BRANCHES_MAX = 2000
BRANCHES_SHOWN_MAX = 20
_SKIPPED = frozenset({".gitattributes", ".gitignore", "README.md"})  # as Cortex does
_METADATA = "metadata.yml"
_BRANCH = pattern(r"\w(?:[\w.+=,/-]{0,198}[\w+=])?")


class CortexSo:
    """Models of cortexso on the hub at `endpoint`."""

    hub = "cortexso"

    def __init__(self, fetcher: Fetcher, *, endpoint: str) -> None:
        self._fetcher = fetcher
        self._endpoint = endpoint.rstrip("/")
        self._host = host_label(self._endpoint)

    def matches(self, handle: Handle) -> bool:
        """Tell whether the handle is for this hub."""
        return handle.hub == self.hub

    async def resolve(self, handle: Handle, selection: Selection) -> Manifest:
        """Return the files of a branch; of a bare name, those of its default branch.

        `Manifest.revision` is the branch that was taken.

        Raises:
            ResolveError: There is no such model or branch.
            TransferError: The hub could not be asked.
        """
        repo = f"{ORGANISATION}/{handle.repo}"
        page = f"{self._endpoint}/{repo}"
        branches = await self._branches(repo, page)
        branch = handle.revision or await self._default(repo, page, branches)
        if branch not in branches:
            raise _no_branch(handle.repo, f"has no branch {branch}", branches)
        commit = branches[branch]
        listed = await list_files(self._fetcher, endpoint=self._endpoint, repo=repo, commit=commit)
        files = [file for file in listed if file.path not in _SKIPPED]
        if all(file.path == _METADATA for file in files):
            raise _no_branch(handle.repo, f"holds no model on branch {branch}", branches)
        page = f"{page}/tree/{quote(branch, safe='')}"
        return Manifest(
            hub=self.hub,
            repo=handle.repo,
            revision=branch,
            commit=commit,
            folder=f"cortex.so/{handle.repo}/{escaped(branch)}",
            files=await select(files, selection, repo=repo, page=page, default=frozenset),
            page_url=page,
            hub_label=self._host,
        )

    def page_of(self, repo: str) -> str:
        """Return the page of a model for people."""
        return f"{self._endpoint}/{ORGANISATION}/{repo}"

    def url_of(self, repo: str, commit: str, path: str, *, digest: str = "") -> str:
        """Return where the bytes of a file are, before redirects."""
        return file_url(self._endpoint, f"{ORGANISATION}/{repo}", commit, path)

    async def files_at(self, repo: str, commit: str) -> tuple[RemoteFile, ...]:
        """Return every file of a commit, none selected.

        Raises:
            ResolveError: There is no such commit, or the hub does not give it.
            TransferError: The hub could not be asked.
        """
        full = f"{ORGANISATION}/{repo}"
        return await list_files(self._fetcher, endpoint=self._endpoint, repo=full, commit=pinned(commit, repo=full))

    async def variants(self, name: str) -> tuple[list[str], str]:
        """Return the branches of a model that can be pulled and the default one, empty where none is named.

        Raises:
            ResolveError: There is no such model.
            TransferError: The hub could not be asked.
        """
        repo = f"{ORGANISATION}/{name}"
        page = f"{self._endpoint}/{repo}"
        branches = await self._branches(repo, page)
        return [branch for branch in branches if branch != "main"], await self._named_default(repo, page, branches)

    async def _branches(self, repo: str, page: str) -> dict[str, str]:
        """Return the branches that can be pulled, each with its commit."""
        reply = await self._fetcher.fetch("GET", f"{self._endpoint}/api/models/{repo}/refs")
        if not is_ok(reply):
            raise hub_error(reply, repo=repo, host=self._host, page=page)
        refs = expect(await json_of(reply, self._host), dict, host=self._host, what="the list of branches")
        found: dict[str, str] = {}
        for entry in expect(refs.get("branches"), list, host=self._host, what="the list of branches")[
            :BRANCHES_MAX
        ]:
            fields = expect(entry, dict, host=self._host, what="a branch")
            name = expect(fields.get("name"), str, host=self._host, what="the name of a branch")
            if _BRANCH.fullmatch(name) and ".." not in name:
                found[name] = commit_of(fields.get("targetCommit"), host=self._host, what="the commit of a branch")
        return found

    async def _default(self, repo: str, page: str, branches: Mapping[str, str]) -> str:
        """Return the default branch: what metadata.yml says, else the only one there is."""
        named = await self._named_default(repo, page, branches)
        variants = [name for name in branches if name != "main"]
        if named:
            return named
        if len(variants) == 1:
            return variants[0]
        raise _no_branch(repo.partition("/")[2], "names no default branch", branches)

    async def _named_default(self, repo: str, page: str, branches: Mapping[str, str]) -> str:
        if "main" not in branches:
            return ""
        url = file_url(self._endpoint, repo, branches["main"], _METADATA)
        reply = await self._fetcher.fetch("GET", url, max_bytes=METADATA_BYTES_MAX)
        if reply.status == 404:
            return ""
        if not is_ok(reply):
            raise hub_error(reply, repo=repo, host=self._host, page=page, path=_METADATA)
        try:
            value = load_yaml(reply.body.decode("utf-8"), chars_max=METADATA_BYTES_MAX)
        except ValueError as error:
            raise ResolveError(f"The {_METADATA} of {repo} on {self._host} cannot be read") from error
        named = value.get("default") if isinstance(value, dict) else None
        return named if isinstance(named, str) and _BRANCH.fullmatch(named) else ""


def _no_branch(name: str, what: str, branches: Mapping[str, str]) -> NotFound:
    variants = [branch for branch in branches if branch != "main"]
    has = f"; it has {', '.join(variants[:BRANCHES_SHOWN_MAX])}" if variants else ""
    example = f", as in {name}:{variants[0]}" if variants else ""
    return NotFound(f"{name} {what}{has}", action=f"Name a branch after ':'{example}.")
