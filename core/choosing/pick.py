"""What is chosen of a listing, row by row or file by file, and what to ask the engine for. Pure.

A projector comes and goes with the models that it belongs to; single files are only chosen by who asks for them.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from core.choosing.rows import Kind, Listing, Row, group
from core.formats.quant import quant_label
from core.records import Handle, RemoteFile, Selection
from core.scans import Finding
from core.selection import Unselectable, choose

_HUBS_WITH_QUANTS = frozenset({"huggingface", "modelscope"})


class Pick:
    """The choice of one person.

    Attributes:
        listing, rows: What there is to choose from.
        chosen: Paths that are chosen.
    """

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.rows = group(listing)
        self.files: dict[str, RemoteFile] = {file.path: file for file in listing.files}
        self.default = frozenset(file.path for file in listing.files if file.wanted)
        self.chosen = set(self.default)
        self._row_of = {path: row for row in self.rows for path in row.paths}
        self._findings: dict[str, Finding | None] = {}  # of rows that were looked at: one may have many files

    # -- changing ----------------------------------------------------------------------------------------

    def set_row(self, row: Row, on: bool) -> None:
        """Choose a whole row with what goes along with it, or leave it out with what nobody needs any more."""
        if on:
            self.chosen.update(row.paths, row.companions)
            return
        self.chosen.difference_update(row.paths)
        needed = {path for other in self.rows if self.is_chosen(other) for path in other.companions}
        self.chosen.difference_update(path for path in row.companions if path not in needed)

    def set_files(self, paths: Iterable[str], on: bool) -> None:
        """Choose single files, or leave them out."""
        known = [path for path in paths if path in self.files]
        (self.chosen.update if on else self.chosen.difference_update)(known)

    def only(self, row: Row) -> None:
        """Choose a row in place of all others of its kind."""
        for other in self.rows:
            if other.kind is row.kind and other is not row and not self.chosen.isdisjoint(other.paths):
                self.set_row(other, False)
        self.set_row(row, True)

    def reset(self) -> None:
        """Choose what the handle stands for."""
        self.chosen = set(self.default)

    # -- looking -----------------------------------------------------------------------------------------

    def is_chosen(self, row: Row) -> bool:
        """Tell whether all of a row is chosen."""
        return self.chosen.issuperset(row.paths)

    def is_only(self, row: Row) -> bool:
        """Tell whether a row is chosen, and no other of its kind."""
        return self.is_chosen(row) and all(
            other is row or other.kind is not row.kind or self.chosen.isdisjoint(other.paths) for other in self.rows
        )

    def row_of(self, path: str) -> Row:
        """Return the row of a file."""
        return self._row_of[path]

    @property
    def chosen_rows(self) -> list[Row]:
        """Rows of which something is chosen, in their order."""
        return [row for row in self.rows if not self.chosen.isdisjoint(row.paths)]

    @property
    def size(self) -> int:
        """Bytes of what is chosen, as far as the hub says."""
        return sum(self.files[path].size or 0 for path in self.chosen)

    @property
    def refusal(self) -> str:
        """Why this cannot be pulled; empty where it can."""
        if not self.files:
            return "This repository holds no files."
        if not self.chosen:
            return "Choose at least one file."
        for row in self.chosen_rows:
            if row.missing:
                return missing_text(row)
        return ""

    def finding(self, paths: Iterable[str]) -> Finding | None:
        """Return the worst that the hub says of these files; None where it says nothing of any."""
        return None if self.listing.scan is None else self.listing.scan.of(paths)

    def finding_of(self, row: Row) -> Finding | None:
        """Return the worst that the hub says of the files of a row."""
        if row.key not in self._findings:
            self._findings[row.key] = self.finding(row.paths)
        return self._findings[row.key]

    @property
    def dangers(self) -> dict[str, Finding]:
        """Chosen files that the hub found something bad in, worst first: a person is asked before."""
        scan = self.listing.scan
        found = {path: scan.of((path,)) for path in scan.words if path in self.chosen} if scan is not None else {}
        bad = [(path, each) for path, each in found.items() if each.asks_first]
        return dict(sorted(bad, key=lambda item: -item[1].verdict))

    # -- asking ------------------------------------------------------------------------------------------

    def selection(self) -> Selection:
        """Return the chosen paths; an empty selection where the default is chosen."""
        return Selection() if self.chosen == self.default else Selection(paths=frozenset(self.chosen))

    def request(self) -> tuple[Handle, Selection]:
        """Return what to ask for: the shortest handle that stands for the choice, else one with chosen paths.

        Several quantisations of a repo are several downloads then, as if each had been typed.
        """
        handle = self.listing.handle
        if self.chosen == self.default:
            return handle, Selection()
        if handle.hub in _HUBS_WITH_QUANTS and not handle.path:
            labels = {quant_label(row.paths[0]) for row in self.chosen_rows if row.kind is Kind.MODEL}
            for quant in ("", *labels) if len(labels) == 1 else ("",):
                if self._default_of(quant) == self.chosen:
                    return replace(handle, quant=quant), Selection()
            handle = replace(handle, quant="")
        return handle, self.selection()

    def _default_of(self, quant: str) -> frozenset[str]:
        try:
            return choose(self.files, quant=quant)
        except Unselectable:
            return frozenset()


def missing_text(row: Row) -> str:
    """Say what a repo lacks of a row."""
    lacks = "1 of its {} parts is" if row.missing == 1 else f"{row.missing} of its {{}} parts are"
    return f"{row.name} is not complete: {lacks.format(row.count)} missing in the repository, so it would not load."
