"""What is known of the models of one pull: their tasks, the newest views, how each ended. Pure.

It outlives the process that does the work: where that ends, the models that are still open are asked for anew.
"""

from collections.abc import Callable, Sequence

from core.door.wire import Heard, Message, Named, Refused, Saw
from core.views import TaskView


class Ledger:
    """Keeps account of so many models, by their place in what was asked for."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._ids: dict[int, str] = {}
        self._refused: dict[int, TaskView] = {}
        self._views: dict[str, TaskView] = {}

    def taker(
        self, places: Sequence[int], *, show: Callable[[TaskView], None], event: Callable[[str], None]
    ) -> Callable[[Message], None]:
        """Return what takes the messages of an errand for the models at `places`, and passes some on."""

        def take(message: Message) -> None:
            match message:
                case Named(index, task_id) if index < len(places):
                    self._ids[places[index]] = task_id
                case Refused(index, view) if index < len(places):
                    self._refused[places[index]] = view
                    show(view)
                case Saw(view):
                    self._views[view.id] = view
                    show(view)
                case Heard(text):
                    event(text)
                case _:
                    pass

        return take

    def _view(self, place: int) -> TaskView | None:
        if place in self._refused:
            return self._refused[place]
        return self._views.get(self._ids.get(place, ""))

    @property
    def open(self) -> list[int]:
        """The places of the models that have not ended."""
        views = ((place, self._view(place)) for place in range(len(self._names)))
        return [place for place, view in views if view is None or not view.is_over]

    @property
    def is_good(self) -> bool:
        """All are complete."""
        views = [self._view(place) for place in range(len(self._names))]
        return all(view is not None and view.is_good for view in views)

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """Each model that is not complete: its name, what happened, what to do."""
        found: dict[str, tuple[str, str, str]] = {}
        for place, name in enumerate(self._names):
            view = self._view(place)
            if view is None:
                found[name] = (name, "It was not begun", "Try again.")
            elif not view.is_good:
                found[view.id] = (view.id, *view.problem)
        return list(found.values())

    @property
    def open_names(self) -> list[str]:
        """What the open ones are called."""
        return list(dict.fromkeys(self._ids.get(place, self._names[place]) for place in self.open))
