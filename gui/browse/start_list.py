"""What stands in place of results while nothing is looked for: the last searches, and places to begin.

Knows queries and their words. Must not know a hub: each line is a search like one that a person types.
"""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidgetItem, QWidget

from core.catalogue.records import Query, Sort
from gui import wording_browse as words
from gui.browse.filters import BILLION
from gui.sidebar.side_list import Entry, SideList
from gui.style.theme import Theme

STARTS: dict[str, Query] = {
    "trending": Query(formats=("gguf",)),
    "small": Query(formats=("gguf",), parameters_max=4 * BILLION, sort=Sort.DOWNLOADS),
    "vision": Query(formats=("gguf",), task="image-text-to-text"),
    "embeddings": Query(task="feature-extraction", sort=Sort.DOWNLOADS),
    "speech": Query(task="automatic-speech-recognition", sort=Sort.DOWNLOADS),
    "safetensors": Query(formats=("safetensors",), sort=Sort.DOWNLOADS),
}


class StartList(SideList):
    """Searches to begin with.

    Signals:
        chosen: A person takes one (Query).
        left: A person goes back to the search field.
    """

    chosen = Signal(object)
    left = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setObjectName("startList")
        self.setProperty("side", False)
        self.setAccessibleName(words.start_name())
        self.itemClicked.connect(self._take)
        self.show_recent(())

    def show_recent(self, recent: Sequence[Query]) -> None:
        """Show the last searches before the places to begin."""
        last = [Entry(query, words.query_name(query), "queued") for query in recent]
        first = [Entry(query, words.start_point(key), "search", "accent") for key, query in STARTS.items()]
        self.set_entries(last + first)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._take(self.currentItem())
            case Qt.Key.Key_Escape:
                self.left.emit()
            case Qt.Key.Key_Up if self.currentRow() <= 0:
                self.left.emit()
            case _:
                super().keyPressEvent(event)

    def _take(self, line: QListWidgetItem | None) -> None:
        if line is not None and isinstance(query := self.key(), Query):
            self.chosen.emit(query)
