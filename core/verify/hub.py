"""Descriptions against the hub: whoever can change a file can change what describes it, but not the hub."""

from collections.abc import Sequence

from msgspec.structs import replace

from core.description import DescribedFile, Description
from core.errors import ResolveError, UnsupportedHandle
from core.handles import parse_handle
from core.records import Handle, RemoteFile
from core.sources.base import Source
from core.verify.records import Finding, Target, Verdict


async def compare(target: Target, sources: Sequence[Source]) -> list[Finding]:
    """Return a finding for each described file of which the hub says something else at the described commit.

    Raises:
        DownloadError: The hub cannot be asked, or knows no such commit.
    """
    known = await _known(target, sources)
    return [found for file in target.files() if (found := _difference(file, known.get(file.path)))]


async def on_hub(target: Target, sources: Sequence[Source]) -> Target:
    """Return the target described as the hub does, so that a check or a repair goes by what is right.

    Files that the hub does not have are left out.

    Raises:
        DownloadError: The hub cannot be asked, or knows no such commit.
    """
    known = await _known(target, sources)
    files = tuple(_as_known(file, known[file.path]) for file in target.description.files if file.path in known)
    return replace(target, description=replace(target.description, files=files))


def handle_of(described: Description) -> Handle:
    """Return the handle that a description names, with the branch that was taken.

    Raises:
        UnsupportedHandle: It is none.
        ResolveError: It is not one for the repo that the description names: one of the two was edited.
    """
    handle = parse_handle(described.handle)
    if (handle.hub, handle.repo) != (described.hub, described.repo):
        raise ResolveError(
            f"The description of {described.handle} names another repo than its handle",
            meaning="It was edited, or is damaged; nothing was asked of any hub.",
            action="Pull the model again.",
        )
    is_bare = handle.hub == "cortexso" and not handle.revision
    return replace(handle, revision=described.revision) if is_bare else handle


async def _known(target: Target, sources: Sequence[Source]) -> dict[str, RemoteFile]:
    described = target.description
    handle = handle_of(described)
    if described.hub == "direct":  # no server publishes hashes; the handle may bring one
        digest = f"sha256:{handle.sha256}" if handle.sha256 else ""
        return {file.path: RemoteFile(file.path, file.size, digest, handle.repo) for file in described.files}
    source = next((source for source in sources if source.hub == described.hub), None)
    if source is None:
        raise UnsupportedHandle(f"No hub for {described.handle}")
    return {file.path: file for file in await source.files_at(described.repo, described.commit)}


def _difference(file: DescribedFile, known: RemoteFile | None) -> Finding | None:
    if known is None:
        odd = "is described, but the hub has no such file at this commit"
        return Finding(file.path, Verdict.WRONG_HASH, odd, is_fetchable=False)
    if known.size is not None and known.size != file.size:
        return Finding(
            file.path, Verdict.WRONG_SIZE, f"is described with {file.size} bytes; the hub has {known.size}"
        )
    if known.hash and known.hash != file.hash:
        return Finding(file.path, Verdict.WRONG_HASH, "is described with another hash than the hub's")
    return None


def _as_known(file: DescribedFile, known: RemoteFile) -> DescribedFile:
    size = file.size if known.size is None else known.size
    digest = known.hash or file.hash
    local = file.local_hash if digest == file.hash else ""
    return DescribedFile(file.path, size, digest, local)
