"""`pulley pull`: models to be pulled, as work that this process or the holder of the data folder carries out."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from core.door.errand import Step, pull_steps
from core.handles import format_handle
from core.headless.carry import Carrier
from core.headless.hold import Holding
from core.headless.run import run
from core.places import Places
from core.records import Handle
from core.terminal import screen


class PullOptions(Struct, frozen=True):
    """What `pulley pull` was asked for.

    Attributes:
        models_named: The models folder was named, by an option or in the environment.
    """

    handles: tuple[Handle, ...]
    globs: tuple[str, ...] = ()
    quiet: bool = False
    as_json: bool = False
    models_named: bool = False


def pull(options: PullOptions, places: Places) -> int:
    """Pull all handles in parallel; return the exit code: 0, 1 or 130."""
    shown = screen(quiet=options.quiet, as_json=options.as_json)
    return run(lambda stopped: Carrier(_Pull(options, places), places, shown, stopped).run())


class _Pull:
    """The work."""

    def __init__(self, options: PullOptions, places: Places) -> None:
        self._options = options
        self._models = str(places.models) if options.models_named else ""
        self.names: Sequence[str] = [format_handle(handle) for handle in options.handles]
        self.wants_events = options.as_json

    def request(self, places: Sequence[int]) -> dict[str, Any]:
        """Return what to ask of a holder."""
        return {
            "do": "pull",
            "handles": [self.names[place] for place in places],
            "globs": list(self._options.globs),
            "json": self.wants_events,
            "models": self._models,
        }

    def steps(self, holding: Holding, places: Sequence[int]) -> list[Step]:
        """Return the steps."""
        handles = [self._options.handles[place] for place in places]
        return pull_steps(holding.engine, handles, globs=self._options.globs, rest=holding.rest)
