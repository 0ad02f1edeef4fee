"""How many connections one item should use: grown while it pays, cut when the server objects. Pure."""

from msgspec import Struct, field

RANGE_BYTES = 16 * 2**20  # what one request asks for; the hash follows within this much a connection
STEAL_LEAST_BYTES = 2 * 2**20  # near the end a remainder is halved only if each half is worth a request
STEAL_WORTH_S = 0.5  # and only if it takes this long: what a cut connection had on its way is lost
BYTES_A_CONNECTION = 2 * 2**20  # a smaller remainder does not earn a further connection
FIRST_CONNECTIONS = 4
MOST_CONNECTIONS = 16
PROBE_S = 0.25  # how long a number of connections is watched before the next step
DOUBT_S = 1.0  # and before it is said that the last step brought nothing
GAIN = 1.05  # a step that brings less than this was not worth it


class Growth(Struct):
    """The connections that an item wants; the budget may give it fewer.

    Attributes:
        wants: Connections asked for now.
        ceiling: Never more than this: lowered each time the server objects.
    """

    wants: int = FIRST_CONNECTIONS
    ceiling: int = MOST_CONNECTIONS
    _best_rate: float = 0.0
    _since: float | None = None
    _bytes: int = 0
    _settled: bool = field(default=False)

    def observe(self, received: int, connections: int, now: float) -> bool:
        """Note all bytes received so far; return whether `wants` changed.

        `connections` are those that bring bytes. A step is judged only when all wanted ones did for `PROBE_S`, and
        given up only after `DOUBT_S`: connections are slow when they are young.
        """
        if self._since is None or connections < self.wants:
            self._since, self._bytes = now, received
            return False
        if self._settled or now - self._since < PROBE_S:
            return False
        if self.wants >= self.ceiling:
            self._settled = True
            return False
        rate = (received - self._bytes) / (now - self._since)
        if rate < self._best_rate * GAIN:
            self._settled = now - self._since >= DOUBT_S
            return False
        self._since, self._bytes = now, received
        self._best_rate = rate
        self.wants = min(self.ceiling, self.wants * 2)
        return True

    @property
    def is_settled(self) -> bool:
        """No further step is tried."""
        return self._settled

    def objected(self, connections: int) -> None:
        """Note that the server refused one more connection beside `connections` that work."""
        self.ceiling = max(1, min(self.ceiling, connections))
        self.wants = min(self.wants, self.ceiling)
        self._settled = True


def useful(left: int, wants: int) -> int:
    """Return how many connections `left` bytes can use, at most `wants`, at least 1."""
    return max(1, min(wants, -(-left // BYTES_A_CONNECTION)))
