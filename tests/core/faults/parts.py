"""Words that several tables of cases use: seeded parts, places in a file, checks of what was asked."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from core.paths import control_path, part_path
from core.transfer import control
from core.transfer.blocks import BLOCK_BYTES, Digest, Entry
from tests.fakes.faults.hub import REPO, HubFile
from tests.fakes.faults.wire import Ask

if TYPE_CHECKING:
    from tests.core.faults.world import World


def entries_of(file: HubFile, start: int, end: int) -> list[Entry]:
    """Return the entries of a control file for a range of a file."""
    entries: list[Entry] = []
    at = start
    while at < end:
        stop = min(end, at - at % BLOCK_BYTES + BLOCK_BYTES)
        entries += Digest(at).feed([file.blob.read(at, stop)])
        at = stop
    return entries


def with_part(
    file: HubFile, *kept: int, length: int | None = None, control_too: bool = True
) -> Callable[["World"], None]:
    """Return a seed: a part of a file stands there, `length` bytes long.

    `kept` are the places where what is kept begins and ends, in turn; one place alone means from the beginning.
    """
    edges = kept if len(kept) > 1 else (0, *kept)
    spans = list(zip(edges[::2], edges[1::2], strict=True))

    def seed(world: "World") -> None:
        from tests.core.faults.world import FIRST

        final = world.folder / file.path
        data = bytearray(max(edges[-1], length or 0))
        entries: list[Entry] = []
        for start, end in spans:
            data[start:end] = file.blob.read(start, end)
            entries += entries_of(file, start, end)
        part_path(final).write_bytes(data)
        digest = f"sha256:{file.blob.sha256}" if file.lfs else f"git-sha1:{file.blob.git_sha1}"
        url = f"{world.server.url('hub')}/{REPO}/resolve/{FIRST}/{file.path}"
        identity = control.Identity(file.path, file.blob.size, digest, FIRST, url, REPO)
        if control_too:
            control_path(final).write_bytes(control.dump(identity, entries))

    return seed


def covers(place: int) -> Callable[[Ask], bool]:
    """Return whether a request asks for the byte at this place."""

    def holds(ask: Ask) -> bool:
        stop = ask.range[1] if ask.range else None
        return ask.start <= place and (stop is None or place < stop)

    return holds


def unless(holds: bool, what: str) -> Iterator[str]:
    """Yield `what` where something does not hold."""
    if not holds:
        yield what


def nothing_asked_of(world: "World", role: str) -> Iterator[str]:
    """Yield where a server was asked that nobody should ask."""
    yield from unless(not world.server.asks(role), f"{role} was asked {len(world.server.asks(role))} times")


def file_asks(world: "World", role: str = "cdn") -> list[Ask]:
    """Return the requests for bytes of files before anything was healed."""
    return [ask for ask in world.server.log[: world.log_end] if ask.role == role and ask.is_for_bytes]


def all_of(*checks: Callable[["World"], Iterable[str]]) -> Callable[["World"], Iterable[str]]:
    """Return one check of several."""
    return lambda world: [said for check in checks for said in check(world)]
