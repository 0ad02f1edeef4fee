"""What may be turned while the hub runs: rates, limits, faults.

Knows: the names of the faults and which request takes one. Must not know: sockets, routes.
"""

from typing import Self

from msgspec import Struct, field

DEMO_BYTES_PER_S = 16_000_000  # two models of the demo catalogue then fill a window for about 8 s
FAULTS = ("status", "cut", "reset", "html", "ignore_range", "corrupt", "hang")


class Fault(Struct, frozen=True):
    """One thing that goes wrong once.

    status:503      that status instead of the answer (429 and 503 come with Retry-After: 1)
    cut:N           the connection ends after N bytes of the body
    reset, reset:N  a TCP reset before the answer, or after N bytes of the body
    hang, hang:N    silence before the answer, or after N bytes of the body
    html            a sign-in page with status 200
    ignore_range    the whole file with status 200
    corrupt:OFFSET  that byte of the file is wrong; taken by the first reply that holds it
    """

    name: str
    value: int | None = None

    @property
    def is_silent(self) -> bool:
        """Whether there is no answer at all."""
        return self.name in ("reset", "hang") and self.value is None

    @property
    def breaks_off(self) -> bool:
        """Whether the connection does not outlive this answer."""
        return self.name in ("cut", "reset", "hang")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "name" or "name:number"."""
        name, _, value = text.partition(":")
        if name not in FAULTS or (not value and name in ("status", "cut", "corrupt")):
            raise ValueError(f"no such fault: {text!r} (known: {', '.join(FAULTS)})")
        return cls(name, int(value) if value else None)


class Knobs(Struct):
    """Every change applies at once, to bodies under way too. None: no limit. A rate of 0: nothing moves.

    `fail_next` maps the end of a path to the faults of the next requests, one each, in order:

    - "model.gguf", "org/repo/model.gguf", "/api/models/org/repo": the next GET that is answered with more than
      a redirect, so for a file the one that carries its bytes, whichever server that is;
    - "hub:..." and "cdn:...": the next request of any kind at that server, redirects and HEAD included.
    """

    bytes_per_s_connection: float | None = None
    bytes_per_s_total: float | None = None
    latency_s: float = 0.0
    signed_link_ttl_s: float = 3600.0
    page_size: int = 1000
    max_connections_per_client: int | None = None
    fail_next: dict[str, list[str]] = field(default_factory=dict)

    def take_fault(
        self, server: str, names: tuple[str, ...], *, plain: bool, covers: range = range(0)
    ) -> Fault | None:
        """Take the fault that is due for a request known under `names`, if any.

        `plain`: a GET answered with more than a redirect. `covers`: the part of the file that is to be sent.
        """
        for key, faults in self.fail_next.items():
            wanted, _, rest = key.partition(":")
            at_server = wanted in ("hub", "cdn")
            if (wanted != server) if at_server else (not plain):
                continue
            suffix = rest if at_server else key
            if not faults or not any(name.endswith(suffix) for name in names):
                continue
            fault = Fault.parse(faults[0])
            if fault.name == "corrupt" and fault.value not in covers:
                continue
            faults.pop(0)
            return fault
        return None
