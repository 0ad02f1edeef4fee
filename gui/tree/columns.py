"""The columns of the tree, their order, widths and roles. Knows nothing else of ours."""

from enum import Enum, IntEnum

from PySide6.QtCore import Qt


class Column(IntEnum):
    """Columns from left to right; those after ADDED are hidden until asked for."""

    NAME = 0
    SIZE = 1
    PROGRESS = 2
    STATUS = 3
    SPEED = 4
    TIME_LEFT = 5
    SOURCE = 6
    ADDED = 7
    DOWNLOADED = 8
    CONNECTIONS = 9
    REVISION = 10
    SAVED_IN = 11
    COMPLETED = 12
    SHA256 = 13
    RETRIES = 14


class Role(IntEnum):
    """What a cell answers beyond Qt's own roles."""

    SORT = Qt.ItemDataRole.UserRole + 1  # raw value; None sorts last
    PROGRESS = Qt.ItemDataRole.UserRole + 2  # 0..1000, or None while it is unknown
    STATE = Qt.ItemDataRole.UserRole + 3  # TaskState or ItemState
    ID = Qt.ItemDataRole.UserRole + 4  # (task id, item id or None)
    TONE = Qt.ItemDataRole.UserRole + 5  # Tone of the row
    PAINT = Qt.ItemDataRole.UserRole + 6  # Paint: all that a painter asks, in one question


class Tone(Enum):
    """What a row feels like; the value is the token of the bar's colour."""

    RUNNING = "accent"
    DONE = "green"
    WAITING = "amber"
    STILL = "grey"
    VERIFYING = "violet"
    FAILED = "red"


class Paint:
    """What is painted of one cell. An object of ours: Qt would take a tuple apart and put it together again.

    Attributes:
        text: The words.
        is_item: It is a cell of a file.
        tone: Of the row.
        permille: Of the bar; None while it is unknown, and elsewhere.
        is_wanted: It is not a file that is left out.
        check: Of the check box; None where there is none.
    """

    __slots__ = ("check", "is_item", "is_wanted", "permille", "text", "tone")

    def __init__(
        self,
        text: str,
        *,
        is_item: bool,
        tone: Tone,
        permille: int | None,
        is_wanted: bool,
        check: Qt.CheckState | None,
    ) -> None:
        self.text = text
        self.is_item = is_item
        self.tone = tone
        self.permille = permille
        self.is_wanted = is_wanted
        self.check = check


HIDDEN = frozenset(column for column in Column if column > Column.ADDED)
"""Columns that are hidden at first."""

RIGHT = frozenset(
    {Column.SIZE, Column.SPEED, Column.TIME_LEFT, Column.DOWNLOADED, Column.CONNECTIONS, Column.RETRIES}
)
"""Columns of numbers, aligned right."""

LIVE = frozenset(
    {
        Column.PROGRESS, Column.STATUS, Column.SPEED, Column.TIME_LEFT,
        Column.DOWNLOADED, Column.CONNECTIONS, Column.RETRIES,
    }
)  # fmt: skip
"""Columns that change by themselves while something runs: never sorted dynamically (35 s a tick was measured)."""

WIDTHS_PX = {
    Column.NAME: 270,
    Column.SIZE: 80,
    Column.PROGRESS: 164,
    Column.STATUS: 230,
    Column.SPEED: 88,
    Column.TIME_LEFT: 74,
    Column.SOURCE: 130,
    Column.ADDED: 132,
    Column.DOWNLOADED: 96,
    Column.CONNECTIONS: 96,
    Column.REVISION: 130,
    Column.SAVED_IN: 240,
    Column.COMPLETED: 132,
    Column.SHA256: 200,
    Column.RETRIES: 72,
}
"""Widths at first; NAME and STATUS share what is left over."""

FIRST_SIGHT = frozenset(column for column in Column if column <= Column.TIME_LEFT)
"""Columns that always fit the window at once; the others follow to the right where there is no room."""
