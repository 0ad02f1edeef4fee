"""Which of several answers counts: an older one never overwrites a newer one. Pure."""


class Turns:
    """Numbers questions; only the answer to the last one counts."""

    def __init__(self) -> None:
        self._last = 0

    def __repr__(self) -> str:
        return f"Turns(last={self._last})"

    @property
    def current(self) -> int:
        """The number of the last question."""
        return self._last

    def begin(self) -> int:
        """Ask anew: every answer to an earlier question is late from now on."""
        self._last += 1
        return self._last

    def counts(self, turn: int) -> bool:
        """Tell whether the answer to this question may be shown."""
        return turn == self._last
