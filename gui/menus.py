"""The menu bar, which holds every action, and the menu of a row. Knows the actions' names and order only."""

from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from gui import wording_window as words
from gui.actions import Actions

COPY = ("actionCopyId", "actionCopyLink", "actionCopyPath", "actionCopyHash")

_BAR = {
    "file": ("actionAdd", "actionBrowse", "actionPaste", "", "actionImport", "actionExport", "", "actionQuit"),
    "edit": (
        "actionResume", "actionPause", "actionStartNow", "actionRetry", "",
        "actionResumeAll", "actionPauseAll", "", "actionMoveUp", "actionMoveDown", "",
        "actionChooseFiles", "actionRelocate", "copy", "actionSelectAll", "",
        "actionRemove", "actionRemoveWithFiles", "actionClearCompleted",
    ),
    "view": ("actionToggleSidebar", "actionToggleDetails", "", "actionFilter", "actionProperties"),
    "tools": (
        "actionVerify", "actionRepair", "", "actionOpen", "actionOpenFolder", "actionOpenPage", "",
        "actionEnterToken", "actionLeftovers", "", "actionSettings",
    ),
    "help": ("actionShortcuts", "actionCopyDiagnostics", "", "actionAbout"),
}  # fmt: skip

_ROW = (
    "actionResume", "actionPause", "actionStartNow", "actionRetry", "",
    "actionOpen", "actionOpenFolder", "actionOpenPage", "actionEnterToken", "copy", "",
    "actionChooseFiles", "actionRelocate", "", "actionVerify", "actionRepair", "",
    "actionRemove", "actionRemoveWithFiles", "", "actionProperties",
)  # fmt: skip


def fill_menu_bar(bar: QMenuBar, actions: Actions) -> None:
    """Put the menus into the bar."""
    for title, names in _BAR.items():
        menu = bar.addMenu(words.menu_title(title))
        menu.setObjectName(f"{title}Menu")
        _fill(menu, names, actions)


def row_menu(actions: Actions, parent: QWidget) -> QMenu:
    """Return the menu of the selected rows; it is kept and shown with popup()."""
    menu = QMenu(parent)
    menu.setObjectName("rowMenu")
    _fill(menu, _ROW, actions)
    return menu


def _fill(menu: QMenu, names: tuple[str, ...], actions: Actions) -> None:
    for name in names:
        if not name:
            menu.addSeparator()
        elif name == "copy":
            copy = menu.addMenu(words.menu_title("copy"))
            copy.setObjectName("copyMenu")
            _fill(copy, COPY, actions)
        else:
            menu.addAction(actions[name])
