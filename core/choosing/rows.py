"""A list of files as rows to choose from: one row a model, whatever number of files it has. Pure.

Every file is in exactly one row. A GGUF model has its shards in its row; the projector that goes with it is a row
of its own and named as its companion. Rows of other weights are sets of shards with their index.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

from msgspec import Struct, field

from core.choosing.kinds import carries_code, set_of, suffix_of, weights_of
from core.formats.quant import is_gguf, is_mmproj, stem_of
from core.records import Handle, RemoteFile
from core.scans import Scan
from core.selection import (
    HOUSEKEEPING,
    Group,
    Unselectable,
    choose,
    default_model,
    groups,
    is_aside,
    is_text,
    projector_of,
    projectors,
)


class Listing(Struct, frozen=True):
    """The files of one commit, with what the handle stands for marked as wanted.

    Attributes:
        scan: What the hub found in them; None where it says nothing.
    """

    handle: Handle
    commit: str
    files: tuple[RemoteFile, ...]
    scan: Scan | None = None


class Kind(Enum):
    """What a row is, in the order in which rows are shown."""

    MODEL = "model"  # a GGUF model
    WEIGHTS = "weights"  # of any other format
    PROJECTOR = "projector"  # lets a model see or hear
    DRAFT = "draft"  # guesses ahead for a model; no use alone
    IMATRIX = "imatrix"  # only for who makes quantisations
    SUPPORT = "support"  # configuration, tokenizer, card, licence
    CODE = "code"  # programs of the repo
    OTHER = "other"


class Row(Struct, frozen=True):
    """One thing to choose.

    Attributes:
        key: The same for the same files; unique in its listing.
        name: The quantisation, else a path; empty for the rows that a listing has once.
        stem: Name of the model, where a listing holds several of one quantisation.
        total: Bytes of all its files, as far as the hub says.
        unsized: Files that the hub tells no size of.
        companions: Paths of other rows that are chosen along with it.
        is_usual: The default selection takes it.
        missing, count: Shards that the repo lacks, of how many; 0 for what has none.
        carries_code: Loading it may run code.
        instead: Name of a row that holds weights without code; of rows that carry code.
        twin: Name of the usual row that holds the same weights.
    """

    key: str
    kind: Kind
    name: str
    paths: tuple[str, ...]
    total: int
    unsized: int = 0
    stem: str = ""
    companions: tuple[str, ...] = ()
    is_usual: bool = False
    missing: int = 0
    count: int = 0
    carries_code: bool = False
    instead: str = ""
    twin: str = ""

    @property
    def suffix(self) -> str:
        """The format, as the names of its files tell it: `.safetensors`."""
        return suffix_of(self.name) or suffix_of(self.paths[0])


class _Draft(Struct):
    kind: Kind
    name: str
    paths: list[str] = field(default_factory=list)
    numbers: set[int] | None = None  # most are no sets: a set each would cost more than all the rest
    count: int = 0
    is_usual: bool = True

    @property
    def missing(self) -> int:
        return max(0, self.count - len(self.numbers or ()))


class _Lister:
    """Makes the rows of one listing."""

    def __init__(self, sizes: Mapping[str, int | None]) -> None:
        self._sizes = sizes
        ggufs = [path for path in sizes if is_gguf(path)]
        self._models = groups(ggufs)
        self._projectors = projectors(ggufs)
        self._usual = self._find_usual()
        self._safe: dict[str, str] = {}  # folder -> the usual safetensors in it
        self._anywhere = ""  # a name of weights without code

    def _find_usual(self) -> frozenset[str]:
        if self._models:  # what `choose` takes, without making the groups again
            model = default_model(self._models)
            whole = model.paths + projector_of(model, self._projectors)
            return frozenset() if model.missing else frozenset(whole)
        try:
            return choose(self._sizes)
        except Unselectable:
            return frozenset()

    def rows(self) -> list[Row]:
        models = [self._model_row(model) for model in self._models]
        drafts = self._drafts()
        for model in models:
            if not model.missing and (model.is_usual or not self._anywhere):
                self._anywhere = model.name
        for draft in drafts:
            if draft.kind is Kind.WEIGHTS and draft.name.endswith(".safetensors") and not draft.missing:
                self._anywhere = self._anywhere or draft.name
                if draft.is_usual:
                    self._safe.setdefault(_folder(draft.name), draft.name)
        return models + [self._row(draft) for draft in drafts]

    def _drafts(self) -> list[_Draft]:
        drafts: dict[tuple[Kind, str], _Draft] = {}
        taken = {path for model in self._models for path in model.paths}
        for path in self._sizes:
            if path in taken:
                continue
            kind, name, number, count = _classify(path)
            draft = drafts.get((kind, name))
            if draft is None:
                draft = drafts[kind, name] = _Draft(kind, name)
            draft.paths.append(path)
            if draft.is_usual and path not in self._usual:
                draft.is_usual = False
            if count:  # a shard
                draft.count = max(draft.count, count)
                if 1 <= number <= count:
                    draft.numbers = draft.numbers or set()
                    draft.numbers.add(number)
        return list(drafts.values())

    def _model_row(self, model: Group) -> Row:
        first = model.paths[0]
        total, unsized = self._sum(model.paths)
        stem = stem_of(first)
        return Row(
            key=f"{Kind.MODEL.value}:{first}",
            kind=Kind.MODEL,
            name=model.label or stem,
            stem=stem,
            paths=model.paths,
            total=total,
            unsized=unsized,
            companions=projector_of(model, self._projectors) if self._projectors else (),
            is_usual=self._usual.issuperset(model.paths),
            missing=model.missing,
            count=model.count,
        )

    def _row(self, draft: _Draft) -> Row:
        total, unsized = self._sum(draft.paths)
        twin = instead = ""
        code = draft.kind is Kind.CODE
        if draft.kind is Kind.WEIGHTS:
            code = carries_code(draft.name)
            twin = "" if draft.is_usual or not self._safe else self._twin(draft.name)
            instead = (twin or self._anywhere) if code else ""
        return Row(
            key=f"{draft.kind.value}:{draft.name}",
            kind=draft.kind,
            name=draft.name,
            paths=tuple(draft.paths),
            total=total,
            unsized=unsized,
            is_usual=draft.is_usual,
            missing=draft.missing,
            count=draft.count,
            carries_code=code,
            instead=instead,
            twin=twin,
        )

    def _twin(self, name: str) -> str:
        """Return the usual weights that these repeat: beside them, or above the folder of another format."""
        return self._safe.get(_folder(name)) or (self._safe.get("", "") if is_aside(name) else "")

    def _sum(self, paths: Iterable[str]) -> tuple[int, int]:
        total = unsized = 0
        for path in paths:
            size = self._sizes[path]
            if size is None:
                unsized += 1
            else:
                total += size
        return total, unsized


_ORDER = {kind: place for place, kind in enumerate(Kind)}


def group(listing: Listing) -> tuple[Row, ...]:
    """Return the rows of a listing: models by size, then what else there is, in the order of the hub."""
    rows = _Lister({file.path: file.size for file in listing.files}).rows()
    rows.sort(key=lambda row: (_ORDER[row.kind], row.total if row.kind is Kind.MODEL else 0))
    return tuple(rows)


def _classify(path: str) -> tuple[Kind, str, int, int]:
    """Return the kind and the name of the row of a file that is no GGUF model; number and count of a shard."""
    if (weights := weights_of(path)) is not None:
        return Kind.WEIGHTS, *weights
    name = path.rpartition("/")[2].lower()
    if is_gguf(path):
        whole, number, count = set_of(path)
        kind = Kind.PROJECTOR if is_mmproj(path) else Kind.IMATRIX if "imatrix" in name else Kind.DRAFT
        return kind, whole, number, count
    if is_text(path):
        if name.endswith(".py"):
            return Kind.CODE, "", 0, 0
        if name not in HOUSEKEEPING and not is_aside(path):
            return Kind.SUPPORT, "", 0, 0
    return (Kind.IMATRIX, path, 0, 0) if "imatrix" in name else (Kind.OTHER, "", 0, 0)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
