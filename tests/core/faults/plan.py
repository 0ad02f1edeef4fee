"""A case of a server fault: what the hub holds, what goes wrong, how it has to end."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.core.faults.case import Case
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import REPO, HubFile
from tests.fakes.faults.rules import Rule

if TYPE_CHECKING:
    from tests.core.faults.world import World

MB = 2**20
MODEL = HubFile("model.gguf", Blob(6 * MB + 12_345, "model"))
CONFIG = HubFile("config.json", Blob(1_700, "config"), lfs=False)


@dataclass(frozen=True, slots=True)
class Expect:
    """How a case has to end.

    Attributes:
        end: `done`, `failed` or `waits`.
        kind: Error class of the failure, or of the reason for waiting.
        says: Pattern that its message has to hold.
        most_wait_s: The next try comes no later than this.
    """

    end: str
    kind: str = ""
    says: str = ""
    most_wait_s: float = 3600.0

    @property
    def text(self) -> str:
        """The end in words."""
        if self.end == "done":
            return "done"
        if self.end == "failed":
            return f"fails: {self.kind}"
        return f"waits: {self.kind}, next try named"

    def mismatch(self, end: str, kind: str, message: str) -> str:
        """Say how an end differs from this one; empty where it does not."""
        if (end, kind) != (self.end, self.kind):
            return f"ended as {end} {kind}: {message}"
        if self.says and not re.search(self.says, message):
            return f"the message does not say {self.says!r}: {message}"
        return ""


DONE = Expect("done")


def fails(kind: str, says: str = "") -> Expect:
    """It has to fail with this kind."""
    return Expect("failed", kind, says)


def waits(kind: str, says: str = "", *, most_s: float = 3600.0) -> Expect:
    """It has to wait with this reason."""
    return Expect("waits", kind, says, most_s)


@dataclass(frozen=True, slots=True)
class Plan:
    """One case.

    Attributes:
        rules: The faults, made when the servers listen.
        files: What the hub's `main` holds.
        later: A further commit that the hub also has, never asked for by the plan itself.
        handle: What is pulled; a function where it holds an address.
        globs: Which files.
        seed: Prepares the disk before the engine starts.
        act: Runs beside the download.
        also: Further checks at the end: what is wrong.
        good: Files that have to be complete even where the task fails.
        requests: The most requests that the servers may see, apart from those of the healthy task.
        again: The most bytes of files that may be sent beyond their size.
        loses: Kept bytes may really be thrown away.
        wrong_bytes: The part may hold bytes that are not those of the hub, as the hub lied.
        heals: Once the faults are gone, "Try again" completes it.
        secure: Roles that speak https.
        names: Host names by role, for a hub that is not on this machine as far as names tell.
        memory: The most bytes by which the process may grow.
        space: What is free on the disk beyond what is kept free, as far as Pulley can tell.
        disk: The most bytes under the models folder beyond the files themselves.
    """

    id: str
    title: str
    expect: Expect = DONE
    rules: Callable[["World"], Sequence[Rule]] = lambda world: ()
    files: tuple[HubFile, ...] = (MODEL,)
    later: tuple[HubFile, ...] = ()
    handle: str | Callable[["World"], str] = REPO
    globs: tuple[str, ...] = ("*",)
    seed: Callable[["World"], None] | None = None
    act: Callable[["World"], Awaitable[None]] | None = None
    also: Callable[["World"], Iterable[str]] = lambda world: ()
    good: tuple[str, ...] = ()
    requests: int = 60
    again: int = 8 * MB
    loses: bool = False
    wrong_bytes: bool = False
    heals: bool = True
    gated: bool = False
    page_size: int = 1000
    secure: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)
    memory: int = 96 * MB
    disk: int = 8 * MB
    space: int | None = None
    seconds: float = 40.0

    @property
    def case(self) -> Case:
        """The row of the table."""
        from tests.core.faults.world import run

        return Case(self.id, self.title, self.expect.text, lambda folder: run(self, folder))
