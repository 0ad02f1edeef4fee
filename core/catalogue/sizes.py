"""What to ask next of the sizes of the rows that are seen. Pure: who asks is not here.

One question a model, a few at once, the rows in sight before all others, none for rows that are out of sight again.
"""

from collections import OrderedDict
from collections.abc import Sequence

from core.catalogue.records import SizeRange

AT_ONCE = 3
KEPT_MAX = 5000


class SizeBook:
    """Remembers sizes and decides what is asked."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, SizeRange | None] = OrderedDict()
        self._asked: set[str] = set()
        self._seen: list[str] = []
        self._resting_until = 0.0

    def __repr__(self) -> str:
        return f"SizeBook(known={len(self._known)}, asked={len(self._asked)}, seen={len(self._seen)})"

    def __contains__(self, repo: str) -> bool:
        return repo in self._known

    def get(self, repo: str) -> SizeRange | None:
        """Return what is known of a model."""
        return self._known.get(repo)

    def see(self, repos: Sequence[str]) -> None:
        """These rows are in sight now, and no others."""
        self._seen = list(repos)

    def rest(self, until: float) -> None:
        """Ask nothing before this moment (of the caller's clock): the hub wants to be left alone."""
        self._resting_until = max(self._resting_until, until)

    def take(self, now: float) -> list[str]:
        """Return what to ask now; each of them has to be answered with `put` or `drop`."""
        if now < self._resting_until:
            return []
        room = AT_ONCE - len(self._asked)
        wanted = [repo for repo in self._seen if repo not in self._known and repo not in self._asked]
        taken = wanted[: max(0, room)]
        self._asked.update(taken)
        return taken

    def wait_s(self, now: float) -> float | None:
        """Return the seconds until something may be asked again; None where nothing waits for that."""
        waits = any(repo not in self._known and repo not in self._asked for repo in self._seen)
        return self._resting_until - now if waits and now < self._resting_until else None

    def put(self, repo: str, sizes: SizeRange | None) -> None:
        """Remember an answer; None where the hub does not say."""
        self._asked.discard(repo)
        self._known[repo] = sizes
        self._known.move_to_end(repo)
        while len(self._known) > KEPT_MAX:
            self._known.popitem(last=False)

    def drop(self, repo: str) -> None:
        """There was no answer; it may be asked again."""
        self._asked.discard(repo)
