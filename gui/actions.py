"""Every action of the window: one table of names, keys, icons and commands, and the QActions made from it.

Knows which engine command an action stands for, and so in which state it is enabled: exactly where the engine
would accept the command for one of the selected rows. What an action then does is connected by the window.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from core.commands import Command
from core.engine import Engine
from gui.steering import Row, known, outermost
from gui.style.icons import icon
from gui.style.theme import Theme
from gui.wording_actions import ActionText, action_texts


class Spec(Struct, frozen=True):
    """One row of the table.

    Attributes:
        name: objectName.
        keys: Shortcut, in Qt's portable notation.
        icon: Name of the icon; empty for none.
        command: What is asked of the engine for the selected rows; None for everything else.
        role: Where macOS puts it.
        checkable: Shows and hides something.
    """

    name: str
    keys: str
    icon: str = ""
    command: Command | None = None
    role: QAction.MenuRole = QAction.MenuRole.NoRole
    checkable: bool = False


SPECS = (
    Spec("actionAdd", "Ctrl+N", "add"),
    Spec("actionBrowse", "Ctrl+B", "browse"),
    Spec("actionPaste", "Ctrl+V"),
    Spec("actionImport", "Ctrl+O", "import"),
    Spec("actionExport", "Ctrl+Shift+E", "export"),
    Spec("actionQuit", "Ctrl+Q", "quit", role=QAction.MenuRole.QuitRole),
    Spec("actionResume", "Ctrl+S", "resume", Command.RESUME),
    Spec("actionPause", "Ctrl+P", "pause", Command.PAUSE),
    Spec("actionStartNow", "Ctrl+M", "", Command.START_NOW),
    Spec("actionRetry", "F5", "retry", Command.RETRY),
    Spec("actionResumeAll", "Ctrl+Shift+S"),
    Spec("actionPauseAll", "Ctrl+Shift+P"),
    Spec("actionMoveUp", "Ctrl+Up", "up", Command.MOVE),
    Spec("actionMoveDown", "Ctrl+Down", "down", Command.MOVE),
    Spec("actionRemove", "Del", "remove", Command.REMOVE),
    Spec("actionRemoveWithFiles", "Shift+Del", "", Command.REMOVE),
    Spec("actionClearCompleted", "Ctrl+Shift+Del", "clear"),
    Spec("actionSelectAll", "Ctrl+A"),
    Spec("actionRelocate", "Ctrl+Shift+M", "", Command.RELOCATE),
    Spec("actionVerify", "Ctrl+R", "verify", Command.VERIFY),
    Spec("actionRepair", "Ctrl+Shift+R", "repair", Command.REPAIR),
    Spec("actionOpen", "Ctrl+Return"),
    Spec("actionOpenFolder", "Ctrl+E", "folder"),
    Spec("actionOpenPage", "Ctrl+G", "open-external"),
    Spec("actionEnterToken", "Ctrl+Shift+T", "key"),
    Spec("actionCopyId", "Ctrl+C", "copy"),
    Spec("actionCopyLink", "Ctrl+Shift+C"),
    Spec("actionCopyPath", "Ctrl+Alt+C"),
    Spec("actionCopyHash", "Ctrl+Shift+H"),
    Spec("actionChooseFiles", "Ctrl+Shift+F", "list"),
    Spec("actionProperties", "Alt+Return"),
    Spec("actionFilter", "Ctrl+F", "filter"),
    Spec("actionToggleSidebar", "F9", checkable=True),
    Spec("actionToggleDetails", "F10", checkable=True),
    Spec("actionSettings", "Ctrl+,", "settings", role=QAction.MenuRole.PreferencesRole),
    Spec("actionLeftovers", "Ctrl+Shift+L"),
    Spec("actionShortcuts", "F1"),
    Spec("actionCopyDiagnostics", "Ctrl+Shift+D"),
    Spec("actionAbout", "Shift+F1", "about", role=QAction.MenuRole.AboutRole),
)


class Actions(QObject):
    """The QActions by objectName, as children of the window.

    Icons follow the theme; `update_enabled` follows the selection and the states.
    """

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._actions: dict[str, QAction] = {}
        texts = action_texts()
        for spec in SPECS:
            action = QAction(parent)
            action.setObjectName(spec.name)
            action.setShortcut(QKeySequence(spec.keys))
            action.setMenuRole(spec.role)
            action.setCheckable(spec.checkable)
            self._actions[spec.name] = action
            self.say(spec.name, texts[spec.name])
        self._paint()
        theme.changed.connect(self._paint)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def update_enabled(self, engine: Engine, rows: Sequence[Row]) -> None:
        """Enable exactly the commands that the engine would accept for one of these rows."""
        rows = outermost(known(engine, rows))
        answers: dict[Command, bool] = {}
        for spec in SPECS:
            command = spec.command
            if command is None:
                continue
            if command not in answers:
                answers[command] = any(not engine.refusal(command, *row) for row in rows)
            self._actions[spec.name].setEnabled(answers[command])

    def say(self, name: str, text: ActionText) -> None:
        """Give an action its words, which may be other ones while it means something else."""
        action = self._actions[name]
        if action.iconText() == text.tool and action.text() == text.text:
            return
        action.setText(text.text)
        action.setIconText(text.tool)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{text.tool} ({keys})")
        action.setStatusTip(text.status)

    def enable(self, name: str, on: bool) -> None:
        """Enable or disable one action."""
        self._actions[name].setEnabled(on)

    def _paint(self) -> None:
        for spec in SPECS:
            if spec.icon:
                self._actions[spec.name].setIcon(icon(spec.icon, self._theme.tokens))
