"""From a manifest to the items of a task. Pure, and on any thread; a name that is refused fails alone."""

from pathlib import Path

from core.errors import NameRefused
from core.paths import collisions, local_path
from core.patterns import pattern
from core.records import Destination, Manifest
from core.states import ItemState
from core.task import Item

_DIGITS = pattern(r"(\d{1,18})")  # a longer number is a name: Python does not read it as a number without end


def items_of(root: Path, manifest: Manifest, *, complete: bool) -> list[Item]:
    """Return the items for a models folder, in the order of the window; `complete` ones are here already."""
    place = Destination(root, manifest.folder)
    meets = collisions(file.path for file in manifest.files)
    items = []
    for file in sorted(manifest.files, key=lambda file: shown_order(file.path, wanted=file.wanted)):
        state = ItemState.WAITING if file.wanted else ItemState.SKIPPED
        try:
            if file.path in meets:
                raise NameRefused(meets[file.path])
            local_path(place, file.path)  # refuses what is not safe
            item = Item(file, place, state=ItemState.DONE if complete else state)
            item.durable = item.size if complete else 0
        except NameRefused as error:
            item = Item(file, None, state=ItemState.FAILED if file.wanted else ItemState.SKIPPED)
            item.failure = error.failure
        items.append(item)
    return items


def shown_order(path: str, *, wanted: bool) -> tuple[bool, tuple[tuple[int, int, str], ...]]:
    """Return what the files of a model are sorted by: those of the selection first, each part by path."""
    return not wanted, natural_key(path)


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts `shard-2` before `shard-10`, whatever the case."""
    parts = _DIGITS.split(text.casefold())
    return tuple((0, int(part), "") if i % 2 else (1, 0, part) for i, part in enumerate(parts) if part)
