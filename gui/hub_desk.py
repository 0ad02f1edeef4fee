"""Between what chooses where Hugging Face is fetched from and who shows it: the settings and the status bar.

Knows what a choice is. Must not know widgets, nor how a place is asked.
"""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from core.net.mirrors import Choice
from gui import wording_hub as words


class Chooser(Protocol):
    """Chooses the place."""

    @property
    def is_fixed(self) -> bool: ...

    @property
    def choice(self) -> Choice: ...

    @property
    def is_asking(self) -> bool: ...

    def listen(self, told: Callable[[], None]) -> None: ...


class HubDesk(QObject):
    """Tells of the place in force.

    Signals:
        changed: `choice` or `is_asking` may have changed.
        said: A sentence, where another place was taken without a person's doing.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, chooser: Chooser, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chooser = chooser
        self._is_closed = False
        self._shown = chooser.choice.place
        chooser.listen(self._on_told)

    @property
    def is_fixed(self) -> bool:
        """The environment names the place."""
        return self._chooser.is_fixed

    @property
    def choice(self) -> Choice:
        """Where Hugging Face is fetched from, and why."""
        return self._chooser.choice

    @property
    def is_asking(self) -> bool:
        """Places are being asked now."""
        return self._chooser.is_asking

    @property
    def why(self) -> str:
        """Why it is this place, in words."""
        return words.why(self.choice, is_asking=self.is_asking)

    def _on_told(self) -> None:
        if self._is_closed:
            return
        choice = self.choice
        is_another, self._shown = choice.place != self._shown, choice.place
        self.changed.emit()
        if is_another and choice.answers:
            self.said.emit(words.moved(choice))

    async def aclose(self) -> None:
        """Tell nothing more."""
        self._is_closed = True
