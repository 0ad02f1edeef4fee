"""What the table of faults is made of: cases, those that are not run with the reason, and groups of both.

A group of another kind (disk, process) brings its own way to run a case; all that counts is a `Case`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case came to.

    Attributes:
        happened: One sentence, made from what was recorded.
        broken: The promises that did not hold, each with how; empty where the case passes.
    """

    happened: str
    broken: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every promise held."""
        return not self.broken


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table.

    Attributes:
        id: As in the catalogue; a letter follows where a case has several forms (`A29b`).
        title: What is done to Pulley.
        expected: How it has to end.
        run: Runs it in an empty folder.
    """

    id: str
    title: str
    expected: str
    run: Callable[[Path], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class NotRun:
    """A row of the catalogue that no case runs, and why."""

    id: str
    title: str
    because: str


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one letter.

    Attributes:
        size: How many numbers the catalogue has under this letter.
    """

    letter: str
    title: str
    size: int
    cases: tuple[Case, ...]
    not_run: tuple[NotRun, ...] = ()

    @property
    def numbers(self) -> set[str]:
        """The numbers of the catalogue that a case runs."""
        return {case.id.rstrip("abcdefghijkl") for case in self.cases}
