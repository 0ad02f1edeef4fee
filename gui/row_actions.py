"""What the actions about rows do: steer, remove, open, copy. Knows the engine, the selection and the desktop.

The selection is asked for when something is done, by ids; a row that went in between is passed over.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from core.commands import Command
from core.engine import Engine
from core.task import Item, Task
from gui import outside, steering
from gui import wording_window as words
from gui.actions import SPECS, Actions
from gui.dialogs.remove import ask_remove
from gui.relocation import Relocation
from gui.steering import Row
from gui.wording_actions import action_texts, stop_verifying

Pair = tuple[Task, Item | None]


class RowActions(QObject):
    """Connects the actions about rows and keeps them enabled as they should be.

    Signals:
        said: A sentence about what happened or why it did not.
        moved: Places in the queue were changed on purpose.
    """

    said = Signal(str)
    moved = Signal()

    def __init__(
        self,
        engine: Engine,
        actions: Actions,
        window: QWidget,
        *,
        selected: Callable[[], list[Row]],
        endpoint: str,
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._actions = actions
        self._window = window
        self._selected = selected
        self._endpoint = endpoint
        self._relocation = Relocation(engine, window)
        self._relocation.said.connect(self.said)
        self._verified: dict[str, tuple[int, int]] = {}
        self._connect()
        engine.verification_progressed.connect(self._on_verification)
        engine.verification_ended.connect(self._on_verification_ended)

    def _connect(self) -> None:
        special: dict[str, Callable[[], None]] = {
            "actionMoveUp": lambda: self._move(-1),
            "actionMoveDown": lambda: self._move(1),
            "actionRemove": self.remove,
            "actionRemoveWithFiles": lambda: self.remove(delete_files=True),
            "actionClearCompleted": self._clear_completed,
            "actionPauseAll": lambda: self._told(steering.pause_all(self._engine)),
            "actionResumeAll": lambda: self._told(steering.resume_all(self._engine)),
            "actionOpen": self._open,
            "actionOpenFolder": self.open_folder,
            "actionOpenPage": self._open_page,
            "actionRelocate": lambda: self.relocate(self._selected()),
            "actionVerify": self._verify,
            "actionCopyId": self._copy_id,
            "actionCopyLink": lambda: self._copy(lambda t, i: outside.link_of(t, i, self._endpoint)),
            "actionCopyPath": lambda: self._copy(lambda t, i: str(outside.saved_in(t, i) or "")),
            "actionCopyHash": lambda: self._copy(_hash),
        }
        for spec in SPECS:
            if spec.name in special:
                slot = special[spec.name]
                self._actions[spec.name].triggered.connect(lambda _=False, slot=slot: slot())
            elif spec.command is not None:
                self._actions[spec.name].triggered.connect(
                    lambda _=False, command=spec.command: self._send(command)
                )

    # -- what is enabled -------------------------------------------------------------------------------------

    def update_enabled(self) -> None:
        """Enable what would do something now."""
        engine, enable = self._engine, self._actions.enable
        rows = self._selected()
        self._actions.update_enabled(engine, rows)
        self._update_verify(rows)
        pairs = self._pairs(rows)
        first = pairs[0] if pairs else None
        enable("actionOpen", first is not None and outside.openable(*first) is not None)
        enable("actionOpenFolder", first is not None and outside.folder_of(*first) is not None)
        enable("actionOpenPage", first is not None and bool(outside.page_url(first[0], self._endpoint)))
        enable("actionChooseFiles", first is not None and len(first[0].items) > 1)
        enable("actionProperties", first is not None)
        enable("actionCopyId", first is not None)
        enable("actionCopyLink", any(outside.link_of(*pair, self._endpoint) for pair in pairs))
        enable("actionCopyPath", any(outside.saved_in(*pair) for pair in pairs))
        enable("actionCopyHash", any(_hash(*pair) for pair in pairs))
        enable("actionClearCompleted", bool(steering.completed_tasks(engine)))
        enable("actionPauseAll", steering.pausable(engine))
        enable("actionResumeAll", bool(steering.resumable_tasks(engine)))
        enable("actionExport", bool(engine.tasks))
        enable("actionSelectAll", bool(engine.tasks))

    def _pairs(self, rows: list[Row]) -> list[Pair]:
        tasks = {task.id: task for task in self._engine.tasks}
        return [
            (tasks[task_id], None if item_id is None else tasks[task_id].items[item_id])
            for task_id, item_id in steering.known(self._engine, rows)
        ]

    # -- steering ---------------------------------------------------------------------------------------------

    def _told(self, refused: str) -> None:
        if refused:
            self.said.emit(refused)

    def _send(self, command: Command) -> None:
        self._told(steering.send(self._engine, command, self._selected()))

    def _move(self, step: int) -> None:
        steering.move(self._engine, self._selected(), step)
        self.moved.emit()

    def _selected_tasks(self) -> list[Task]:
        rows = steering.accepted(self._engine, Command.REMOVE, self._selected())
        return [task for task, _ in self._pairs(rows)]

    def remove(self, *, delete_files: bool = False) -> None:
        """Ask, then take the selected models off the list."""
        tasks = self._selected_tasks()
        if not tasks:
            return
        ids = [task.id for task in tasks]
        ask_remove(
            self._window,
            tasks,
            delete_files=delete_files,
            then=lambda: self._told(steering.remove(self._engine, ids, delete_files=delete_files)),
        )

    def relocate(self, rows: list[Row]) -> None:
        """Ask for another folder for the models among these rows that can go to one."""
        ids = [task_id for task_id, _ in steering.accepted(self._engine, Command.RELOCATE, rows)]
        if ids:
            self._relocation.ask(ids)

    def _clear_completed(self) -> None:
        ids = steering.completed_tasks(self._engine)
        self.said.emit(steering.remove(self._engine, ids) or words.cleared(len(ids)))

    # -- verifying --------------------------------------------------------------------------------------------

    def _update_verify(self, rows: list[Row]) -> None:
        """Let Verify stop what it began, where there is nothing else among the rows to verify."""
        stops = not self._actions["actionVerify"].isEnabled() and bool(steering.verified_now(self._engine, rows))
        if stops:
            self._actions.enable("actionVerify", True)
        self._actions.say("actionVerify", stop_verifying() if stops else action_texts()["actionVerify"])

    def _verify(self) -> None:
        rows = self._selected()
        if steering.accepted(self._engine, Command.VERIFY, rows):
            self._send(Command.VERIFY)
            return
        for task_id in steering.verified_now(self._engine, rows):
            self._engine.stop_verifying(task_id)

    def _on_verification(self, task_id: str) -> None:
        """Note at the beginning what the end is to be told about."""
        if task_id in self._verified:
            return
        task = self._engine.task(task_id)
        if task.check is not None:
            items = [task.items[item_id] for item_id in task.check.item_ids]
            self._verified[task_id] = (len(items), sum(not item.file.hash for item in items))
            self.update_enabled()

    def _on_verification_ended(self, task_id: str, bad: int, was_stopped: bool) -> None:
        count, size_only = self._verified.pop(task_id, (0, 0))
        name = self._engine.task(task_id).name
        if was_stopped:
            self.said.emit(words.verifying_stopped(name))
        elif bad:
            self.said.emit(words.found_damaged(name, bad, count))
        else:
            self.said.emit(words.verified(name, count, size_only))
        self.update_enabled()

    # -- outside ----------------------------------------------------------------------------------------------

    def _first(self) -> Pair | None:
        pairs = self._pairs(self._selected())
        return pairs[0] if pairs else None

    def _open(self) -> None:
        pair = self._first()
        path = outside.openable(*pair) if pair is not None else None
        if path is not None and not outside.open_path(path):
            self.said.emit(words.not_opened(path.name))

    def open_folder(self) -> None:
        """Open the folder of the first selected row."""
        pair = self._first()
        path = outside.folder_of(*pair) if pair is not None else None
        if path is None:
            return
        if not path.is_dir():
            self.said.emit(words.folder_missing())
        elif not outside.open_path(path):
            self.said.emit(words.not_opened(str(path)))

    def _open_page(self) -> None:
        if (pair := self._first()) is not None:
            self.open_page_of(pair[0].id)

    def open_page_of(self, task_id: str) -> None:
        """Open the page of a model in the browser."""
        for task, _ in self._pairs([(task_id, None)]):
            url = outside.page_url(task, self._endpoint)
            if url and not outside.open_url(url):
                self.said.emit(words.not_opened(url))

    # -- clipboard --------------------------------------------------------------------------------------------

    def _copy_id(self) -> None:
        """Copy what is selected in a label that has the focus, else the ids of the selected rows."""
        focus = QApplication.focusWidget()
        if isinstance(focus, QLabel) and focus.hasSelectedText():
            outside.copy([focus.selectedText()])
            return
        self._copy(lambda task, item: task.id if item is None else item.id)

    def _copy(self, text_of: Callable[[Task, Item | None], str]) -> None:
        if n := outside.copy(text_of(*pair) for pair in self._pairs(self._selected())):
            self.said.emit(words.copied(n))


def _hash(task: Task, item: Item | None) -> str:
    """Return the SHA-256 of a file, or of the only chosen file of a model."""
    if item is None and task.wanted_count == 1:
        item = next(task.wanted_items())
    return "" if item is None else outside.sha256_of(item)
