"""What is asked of the catalogue and what it answers: frozen records with every value checked.

Sizes are bytes, times are seconds since 1970. What the hub does not say is None, or empty.
"""

from dataclasses import dataclass, field
from enum import Enum

from msgspec import Struct

from core.records import RemoteFile
from core.scans import Scan


class Sort(Enum):
    """The order of the results, greatest first; the values are the hub's."""

    TRENDING = "trendingScore"
    DOWNLOADS = "downloads"
    LIKES = "likes"
    UPDATED = "lastModified"


class Query(Struct, frozen=True):
    """What is looked for.

    Attributes:
        text: Words of the name.
        formats: Tags that all have to be there: `gguf`, `safetensors`.
        task: The hub's name of a task, as `text-generation`; empty for all.
        author: Name of a person or organisation; empty for all.
        parameters_min, parameters_max: In whole numbers; 0 for no limit.
        hide_gated: Leave out models whose terms have to be accepted.
    """

    text: str = ""
    sort: Sort = Sort.TRENDING
    formats: tuple[str, ...] = ()
    task: str = ""
    author: str = ""
    parameters_min: int = 0
    parameters_max: int = 0
    hide_gated: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing is looked for: every model would be a result."""
        return not (self.text.strip() or self.author.strip())


class Found(Struct, frozen=True):
    """One model of the hub.

    Attributes:
        repo: `org/name`, or a bare name.
        is_gated: Terms have to be accepted first.
        parameters: How many weights; None where the hub does not say.
        formats: `gguf` and `safetensors`, as far as it is tagged so.
    """

    repo: str
    downloads: int | None = None
    likes: int | None = None
    updated: float | None = None
    is_gated: bool = False
    is_private: bool = False
    parameters: int | None = None
    task: str = ""
    formats: tuple[str, ...] = ()

    @property
    def author(self) -> str:
        """Who published it."""
        return self.repo.rpartition("/")[0]

    @property
    def name(self) -> str:
        """Its name without the author."""
        return self.repo.rpartition("/")[2]


class Page(Struct, frozen=True):
    """Some results, and where more are; `next_url` is empty after the last."""

    found: tuple[Found, ...]
    next_url: str = ""


class SizeRange(Struct, frozen=True):
    """What a model takes on the disk: the smallest and the largest choice of it."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model at one revision.

    Attributes:
        revision: As it was asked for; empty for the default.
        commit: What it stands for now.
        files: All of them, the usual choice marked as wanted.
        tags: What it is tagged with, without what is told by the other values.
        licence: Its short name, as `apache-2.0`.
        context_length: In tokens.
        card_bytes: Size of the card; None where there is none.
        page_url: Its page for people.
        scan: What the hub found in its files; None where it says nothing.
    """

    found: Found
    revision: str
    commit: str
    files: tuple[RemoteFile, ...] = field(repr=False)
    tags: tuple[str, ...] = ()
    licence: str = ""
    architecture: str = ""
    context_length: int | None = None
    base_models: tuple[str, ...] = ()
    card_bytes: int | None = None
    page_url: str = ""
    scan: Scan | None = None


class Revisions(Struct, frozen=True):
    """The names that a model can be had under."""

    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
