"""The places of the window: what stands in the middle, and the lines of the left bar that lead there.

Knows widgets and their keys, not what is in them. Downloads is always there; Browse where a hub can be asked.
"""

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from gui import wording_window as words
from gui.sidebar.side_list import Entry, SideList
from gui.sidebar.status_filter import StatusFilter
from gui.style.theme import Theme

LEAST_PX, MOST_PX = 140, 360


class Place(Enum):
    """One place."""

    DOWNLOADS = "downloads"
    BROWSE = "browse"


_ICONS = {Place.DOWNLOADS: "downloading", Place.BROWSE: "browse"}


class SideBar(QWidget):
    """The left bar: the places, and below them the status filter.

    Attributes:
        places: The list of places.
        status_filter: The groups of downloads.
    """

    def __init__(self, theme: Theme, *, has_browse: bool) -> None:
        super().__init__()
        self.setObjectName("sideBar")
        self.setProperty("side", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(LEAST_PX)
        self.setMaximumWidth(MOST_PX)
        self.status_filter = StatusFilter(theme)
        self.places = SideList(theme)
        self.places.setObjectName("placeList")
        self.places.setAccessibleName(words.places_name())
        self.places.set_entries([Entry(place, words.place(place.value), _ICONS[place]) for place in Place])
        self.places.setFixedHeight(self.places.height_of_entries())
        self.places.setVisible(has_browse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(16)
        column.addWidget(self.places)
        column.addWidget(self.status_filter, 1)
        column.addStretch(0)


class Pages(QStackedWidget):
    """What stands in the middle of the window.

    Signals:
        changed: Another place is shown (Place).
    """

    changed = Signal(object)

    def __init__(self, side: SideBar, downloads: QWidget, browse: Callable[[], QWidget] | None) -> None:
        super().__init__()
        self._places, self._status = side.places, side.status_filter
        self._pages = {Place.DOWNLOADS: downloads}
        self._make_browse = browse
        self.addWidget(downloads)
        side.places.currentRowChanged.connect(lambda _: self._on_row())

    @property
    def place(self) -> Place:
        """The place that is shown."""
        return next(place for place, page in self._pages.items() if page is self.currentWidget())

    def go(self, place: Place) -> None:
        """Show a place, where it is there; it is made when it is shown for the first time."""
        if place is Place.BROWSE and place not in self._pages and self._make_browse is not None:
            self._pages[place] = self._make_browse()
            self.addWidget(self._pages[place])
        if place in self._pages and place is not self.place:
            self.setCurrentWidget(self._pages[place])
            self._places.select_key(place)
            self._status.setVisible(place is Place.DOWNLOADS)
            self.changed.emit(place)

    def _on_row(self) -> None:
        if isinstance(place := self._places.key(), Place):
            self.go(place)
