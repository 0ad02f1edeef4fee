"""How models come in and lists go out: add dialog, paste, drop, command line, import, export.

Knows handles, the engine's `add`, and when a review is due: whenever a line is refused, many lines come at once, or
a link of another program asks. Nothing that a web page can trigger starts without a yes.
"""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QIODevice, QMimeData, QObject, QSaveFile, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from core.engine import Engine
from core.errors import DownloadError
from core.handles import format_handle, parse_many
from core.records import Handle
from gui import wording, wording_dialogs
from gui import wording_window as words
from gui.choosing.desk import ChoosingDesk
from gui.dialogs.add import AddDialog
from gui.dialogs.review import ReviewDialog
from gui.drop import TEXT_BYTES_MAX, check_text, decode_list, read_mime
from gui.link_lookup import LinkLookup, Prepare
from gui.style.theme import Theme

AT_ONCE_MAX = 5  # so many lines are added without a review; a person sees them all in the list


class Intake(QObject):
    """Takes texts, asks where it has to, and adds what is understood.

    `prepare` finds out what a link asks for, before it is agreed to.

    Attributes:
        choosing: Opens choosers.

    Signals:
        said: A sentence about what happened.
        added: Ids of the tasks that were added, or were there already.
    """

    said = Signal(str)
    added = Signal(list)

    def __init__(
        self, engine: Engine, theme: Theme, window: QWidget, *, endpoint: str, prepare: Prepare | None = None
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._theme = theme
        self._window = window
        self._endpoint = endpoint
        self._prepare = prepare
        self.choosing = ChoosingDesk(engine, theme, window)
        self.choosing.said.connect(self.said)
        self.choosing.added.connect(self.added)

    # -- in ------------------------------------------------------------------------------------------------

    def submit(self, text: str, *, ask: bool = False) -> None:
        """Add the models that a text names, or show the review first; `ask` shows it whatever it holds."""
        checked = check_text(text)
        if checked.refusal:
            self.said.emit(words.drop_refused(checked.refusal))
            return
        parsed = parse_many(checked.text, endpoint=self._endpoint)
        handles = [line.handle for line in parsed if line.handle is not None]
        if not parsed:
            self.said.emit(words.nothing_to_add())
            return
        linked = ask or any(handle.from_link for handle in handles)
        if not linked and len(handles) == len(parsed) <= AT_ONCE_MAX:
            self._add(handles)
            return
        dialog = ReviewDialog(parsed, self._theme, folder=self.folder, careful=linked, parent=self._window)
        dialog.submitted.connect(self._add)
        asked = [
            (n, p.handle) for n, p in enumerate(parsed) if p.handle is not None and (ask or p.handle.from_link)
        ]
        lookup = LinkLookup(dialog, asked, self._prepare, folder=self.folder, endpoint=self._endpoint)
        dialog.finished.connect(lambda _: lookup.stop())
        lookup.start()
        dialog.show()

    def take_mime(self, mime: QMimeData | None) -> None:
        """Add what was dropped or pasted."""
        text, refusal = read_mime(mime)
        if refusal:
            self.said.emit(words.drop_refused(refusal))
        elif not text:
            self.said.emit(words.nothing_to_add())
        else:
            self.submit(text)

    def paste(self) -> None:
        """Add what the clipboard holds."""
        self.take_mime(QGuiApplication.clipboard().mimeData())

    def open_add(self) -> None:
        """Ask for models."""
        dialog = AddDialog(self._theme, folder=self.folder, endpoint=self._endpoint, parent=self._window)
        dialog.submitted.connect(lambda handles, paused: self._add(handles, paused=paused))
        dialog.choose_asked.connect(lambda handle, paused: self.choosing.open_for(handle, paused=paused))
        dialog.open()

    @property
    def folder(self) -> str:
        """The models folder, as it is shown."""
        return wording.folder(self._engine.root)

    def _add(self, handles: Sequence[Handle], *, paused: bool = False) -> None:
        before = {task.id for task in self._engine.tasks}
        ids: list[str] = []
        refused = ""
        for handle in handles:
            try:
                ids.append(self._engine.add(handle, paused=paused))
            except DownloadError as error:
                refused = error.message
        ids = list(dict.fromkeys(ids))
        new = [task_id for task_id in ids if task_id not in before]
        old = [task_id for task_id in ids if task_id in before]
        told = [words.added(new)] if new else []
        told += [words.already_there(old)] if old else []
        told += [refused] if refused else []
        self.said.emit(" · ".join(told))
        if ids:
            self.added.emit(ids)

    # -- lists -----------------------------------------------------------------------------------------------

    def open_import(self) -> None:
        """Ask for a text file and add what it lists."""
        dialog = self._file_dialog(wording_dialogs.import_title(), QFileDialog.AcceptMode.AcceptOpen)
        dialog.setObjectName("importDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_file)
        dialog.open()

    def open_export(self) -> None:
        """Ask for a place and write the names of all models there."""
        dialog = self._file_dialog(wording_dialogs.export_title(), QFileDialog.AcceptMode.AcceptSave)
        dialog.setObjectName("exportDialog")
        dialog.setDefaultSuffix("txt")
        dialog.selectFile(wording_dialogs.export_name())
        dialog.fileSelected.connect(self.export_file)
        dialog.open()

    def _file_dialog(self, title: str, mode: QFileDialog.AcceptMode) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setAcceptMode(mode)
        dialog.setNameFilter(wording_dialogs.list_filter())
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    def import_file(self, name: str) -> None:
        """Add what a file lists: one model a line, at most 1 MiB."""
        try:
            with Path(name).open("rb") as file:
                text = decode_list(file.read(TEXT_BYTES_MAX + 1))
        except OSError as error:
            self.said.emit(words.file_failed(error.strerror or str(error)))
        except ValueError as error:
            self.said.emit(words.file_failed(str(error)))
        else:
            self.submit(text)

    def export_file(self, name: str) -> None:
        """Write one handle a line, in the order of the queue; an old file stays whole until the new one is."""
        names = [format_handle(task.handle) for task in self._engine.tasks]
        file = QSaveFile(name)
        data = "".join(f"{line}\n" for line in names).encode()
        if file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(data) == len(data) and file.commit():
            self.said.emit(words.exported(len(names)))
        else:
            self.said.emit(words.file_failed(file.errorString()))
