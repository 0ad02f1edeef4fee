"""Opens choosers and carries out what was chosen; finds out what fits and what headers tell, for any pane.

Knows the engine, dialogs and panes. Nothing waits: a dialog opens at once, the list, the machine and the headers
come when they come, and what comes after a dialog was closed is dropped.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from core.choosing import Listing, Pick, Row
from core.choosing.machine import Figures, ThisMachine
from core.commands import Command
from core.engine import Engine
from core.errors import CommandRefused, DownloadError, NotFound, ResolveError
from core.handles import format_handle
from core.records import Handle, Selection
from core.spawn import spawn
from core.task import Task
from gui import wording, wording_window
from gui import wording_choosing as words
from gui.choosing.dialog import ChooserDialog
from gui.choosing.pane import ChoicesPane
from gui.steering import Row as TaskRow
from gui.steering import is_done, known
from gui.style.theme import Theme

_log = logging.getLogger(__name__)

OFF_LOOP_FILES = 500  # more are grouped on a thread: between two awaits stay under 5 ms
EVERYTHING = Selection(globs=("*",))
DIRECT = "direct"  # a single file of some server: its header is not asked for


class ChoosingDesk(QObject):
    """Lets people choose.

    Signals:
        said: A sentence about what happened.
        added: Ids of the tasks that were added, or were there already.
    """

    said = Signal(str)
    added = Signal(list)

    def __init__(self, engine: Engine, theme: Theme, window: QWidget, *, figures: Figures | None = None) -> None:
        super().__init__(window)
        self._engine = engine
        self._theme = theme
        self._window = window
        self._figures = figures or ThisMachine()
        self._work: dict[QWidget, set[asyncio.Task[None]]] = {}

    # -- opening -----------------------------------------------------------------------------------------

    def open_for(self, handle: Handle, *, paused: bool = False) -> None:
        """Ask what of a model is wanted, then add that."""
        dialog = ChooserDialog(self._theme, format_handle(handle), folder=self._engine.root, parent=self._window)
        dialog.submitted.connect(lambda: self._add(dialog, paused=paused))
        dialog.retry_asked.connect(lambda: self._fetch_for(dialog, handle))
        dialog.folder_changed.connect(lambda: self.look(dialog.pane, dialog.folder))
        self._open(dialog)
        self._fetch_for(dialog, handle)

    def open_for_rows(self, rows: Sequence[TaskRow]) -> None:
        """Ask what of the first model among these rows is wanted."""
        tasks = {task.id: task for task in self._engine.tasks}
        task = next((tasks[task_id] for task_id, _ in known(self._engine, rows)), None)
        if task is None or not task.items:
            return
        dialog = ChooserDialog(self._theme, task.name, folder=task.root, listed=True, parent=self._window)
        task_id = task.id
        dialog.submitted.connect(lambda: self._change(task_id, dialog.pane))
        self._open(dialog)
        dialog.show_pick(Pick(listing_of(task)))

    def _open(self, dialog: ChooserDialog) -> None:
        self.serve(dialog.pane, lambda: dialog.folder)
        dialog.finished.connect(lambda _: self.leave(dialog.pane))
        dialog.open()

    def _fetch_for(self, dialog: ChooserDialog, handle: Handle) -> None:
        dialog.show_fetching()
        self._start(
            dialog.pane, lambda: self._fetch(dialog, handle), f"list {format_handle(handle)} to choose from"
        )

    async def _fetch(self, dialog: ChooserDialog, handle: Handle) -> None:
        try:
            listing, problem = await self._list(handle)
            listing = replace(listing, scan=await self._engine.read_scan(listing))
        except DownloadError as error:
            dialog.show_failure(error)
            return
        except Exception as error:  # a dialog that waits for ever would be worse
            _log.exception("%s", format_handle(handle))
            dialog.show_failure(ResolveError(f"An error of Pulley itself: {error!r}"))
            return
        many = len(listing.files) > OFF_LOOP_FILES
        dialog.show_pick(await asyncio.to_thread(Pick, listing) if many else Pick(listing))
        if problem:
            dialog.pane.set_facts_problem(problem)
        row = dialog.pane.row_in_question()
        if row is not None:
            await self._ask_facts(dialog.pane, row)

    async def _list(self, handle: Handle) -> tuple[Listing, str]:
        """Return the files of a model, and why nothing is ticked where the usual choice is not to be had."""
        problem, files = "", None
        try:
            found = await self._engine.prepare(handle, fresh=True)
        except NotFound as error:  # no such model; or one whose usual files are not whole, and others may be
            if handle.path or handle.hub == DIRECT:
                raise
            try:
                found = await self._engine.prepare(replace(handle, quant=""), EVERYTHING, fresh=True)
            except DownloadError:
                raise error from None
            problem = error.message
            files = tuple(replace(file, wanted=False) for file in found.manifest.files)
        return Listing(found.handle, found.manifest.commit, files or found.manifest.files), problem

    # -- what fits, for any pane -------------------------------------------------------------------------

    def serve(self, pane: ChoicesPane, folder: Callable[[], Path] | None = None) -> None:
        """Tell a pane what this machine has, and what headers say of the rows that a person looks at."""
        pane.row_looked_at.connect(lambda row: self._facts_for(pane, row))
        self.look(pane, folder() if folder is not None else self._engine.root)

    def leave(self, pane: ChoicesPane) -> None:
        """Drop what is under way for a pane."""
        for task in self._work.pop(pane, set()):
            task.cancel()

    def look(self, pane: ChoicesPane, folder: Path) -> None:
        """Look at the machine, and at the disk where a folder is."""
        self._start(pane, lambda: self._look(pane, folder), "look at this machine")

    async def _look(self, pane: ChoicesPane, folder: Path) -> None:
        machine = await asyncio.to_thread(self._figures.machine)
        free = await asyncio.to_thread(self._figures.free, folder)
        pane.set_machine(machine, free)

    def _facts_for(self, pane: ChoicesPane, row: Row) -> None:
        self._start(pane, lambda: self._ask_facts(pane, row), "read a header")

    async def _ask_facts(self, pane: ChoicesPane, row: Row) -> None:
        """Show what the header of a row tells; the first that tells something is that of the model."""
        pick = pane.pick
        if pick is None or pick.listing.handle.hub == DIRECT or pane.has_facts:
            return
        try:
            facts = await self._engine.read_facts(pick.listing, row)
        except DownloadError as error:
            if pane.pick is pick:
                pane.set_facts_problem(error.message)
            return
        if pane.pick is pick:
            pane.set_facts(facts)

    def _start(self, pane: ChoicesPane, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        task = spawn(work(), name=name)
        running = self._work.setdefault(pane, set())
        running.add(task)
        task.add_done_callback(running.discard)

    # -- carrying out ------------------------------------------------------------------------------------

    def _add(self, dialog: ChooserDialog, *, paused: bool) -> None:
        asked = dialog.pane.request()
        if asked is not None:
            self.pull(*asked, paused=paused, root=dialog.root)

    def pull(self, handle: Handle, selection: Selection, *, paused: bool = False, root: Path | None = None) -> None:
        """Add what was chosen; of a model that is under way, take in what was left out of it."""
        before = {task.id: task for task in self._engine.tasks}
        try:
            task_id = self._ask(handle, selection, paused=paused, root=root)
        except DownloadError as error:
            self.said.emit(error.message)
            return
        is_new = self._engine.task(task_id) is not before.get(task_id)
        self.said.emit((wording_window.added if is_new else wording_window.already_there)([task_id]))
        self.added.emit([task_id])

    def _ask(self, handle: Handle, selection: Selection, *, paused: bool, root: Path | None) -> str:
        chosen = selection if selection.paths else None
        task_id = self._engine.add(handle, selection=chosen, paused=paused, root=root)
        task = self._engine.task(task_id)
        if task.items:
            for path in selection.paths:
                if path in task.items and not task.items[path].state.is_wanted:
                    self._send(Command.CHOOSE, task_id, path)
        elif task.state.is_live and task.selection != selection:  # its list is on its way, for another choice
            self._engine.remove(task_id)
            return self._engine.add(handle, selection=chosen, paused=paused, root=root)
        return task_id

    def _change(self, task_id: str, pane: ChoicesPane) -> None:
        """Choose and leave out files of a task; what is complete stays."""
        if pane.pick is None or not known(self._engine, [(task_id, None)]):
            self.said.emit(words.gone())
            return
        task, chosen = self._engine.task(task_id), pane.pick.chosen
        items = list(task.items.values())
        refused = ""
        for item in items:  # first what comes in: one file has to stay chosen all the time
            if item.id in chosen and not item.state.is_wanted:
                refused = self._send(Command.CHOOSE, task_id, item.id) or refused
        for item in items:
            if item.id not in chosen and item.state.is_wanted and not is_done(item):
                refused = self._send(Command.SKIP, task_id, item.id) or refused
        self.said.emit(refused or words.changed(wording.one_line(task.name)))

    def _send(self, command: Command, task_id: str, path: str) -> str:
        if reason := self._engine.refusal(command, task_id, path):
            return reason
        try:
            (self._engine.choose if command is Command.CHOOSE else self._engine.skip)(task_id, path)
        except CommandRefused as error:
            return error.message
        return ""


def listing_of(task: Task) -> Listing:
    """Return the files of a task, with what is wanted of them now."""
    files = tuple(replace(item.file, wanted=item.state.is_wanted) for item in task.items.values())
    return Listing(task.handle, task.manifest.commit if task.manifest is not None else "", files)
