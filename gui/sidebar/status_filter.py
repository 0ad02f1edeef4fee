"""The status filter of the left bar: one line a group, with how many tasks it has. Knows groups, not tasks."""

from collections.abc import Mapping

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtWidgets import QWidget

from gui import wording
from gui.filters import StatusGroup
from gui.sidebar.side_list import COUNT_ROLE, Entry, SideList
from gui.style.theme import Theme

_ICONS = {
    StatusGroup.ALL: ("list", "muted"),
    StatusGroup.DOWNLOADING: ("downloading", "accent"),
    StatusGroup.QUEUED: ("queued", "muted"),
    StatusGroup.PAUSED: ("paused", "muted"),
    StatusGroup.COMPLETED: ("completed", "green"),
    StatusGroup.FAILED: ("failed", "red"),
}


class StatusFilter(SideList):
    """Lets a person look at one group of tasks.

    Signals:
        status_changed: Another group is selected (StatusGroup).
    """

    status_changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setObjectName("statusFilter")
        self.setAccessibleName(wording.status_filter_name())
        self.set_entries(
            [Entry(group, wording.group_title(group), name, role) for group, (name, role) in _ICONS.items()]
        )
        self.set_counts({})
        self.currentRowChanged.connect(self._on_row_changed)

    @property
    def status(self) -> StatusGroup:
        """The selected group."""
        key = self.key()
        return key if isinstance(key, StatusGroup) else StatusGroup.ALL

    def set_counts(self, counts: Mapping[StatusGroup, int]) -> None:
        """Show how many tasks each group has; a group that is not named has none."""
        for row, group in enumerate(_ICONS):
            count = counts.get(group, 0)
            line = self.item(row)
            line.setData(COUNT_ROLE, QLocale().toString(count))
            line.setData(Qt.ItemDataRole.AccessibleTextRole, wording.group_spoken(group, count))

    def _on_row_changed(self, row: int) -> None:
        if row >= 0:
            self.status_changed.emit(self.status)
