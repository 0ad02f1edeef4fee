"""The questions before a removal: what stays, what goes, in numbers."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from core.task import Task
from gui import wording, wording_dialogs
from gui.dialogs.ask import AskDialog
from gui.steering import Losses

NAMES_MAX = 5


def remove_lines(tasks: Sequence[Task], *, delete_files: bool) -> list[str]:
    """Return the sentences of the question."""
    losses = Losses(tasks)
    lines = []
    names = [task.name for task in tasks[:NAMES_MAX]]
    if len(tasks) > NAMES_MAX:
        names.append("…")
    lines.append("\n".join(names))
    if losses.live:
        lines.append(wording_dialogs.remove_stops(losses.live))
    complete = wording.size(losses.complete_bytes)
    unfinished = wording.size(losses.unfinished_bytes)
    if delete_files and (losses.complete or losses.unfinished):
        if losses.complete:
            lines.append(wording_dialogs.delete_complete(losses.complete, complete))
        if losses.unfinished:
            lines.append(wording_dialogs.delete_unfinished(losses.unfinished, unfinished))
        lines.append(wording_dialogs.delete_only_ours())
    else:
        held = losses.complete + losses.unfinished
        lines.append(wording_dialogs.remove_keeps(held, complete, unfinished if losses.unfinished else ""))
        if losses.unfinished:
            lines.append(wording_dialogs.remove_pick_up())
    return lines


def ask_remove(
    parent: QWidget, tasks: Sequence[Task], *, delete_files: bool, then: Callable[[], None]
) -> AskDialog:
    """Ask before tasks leave the list, or lose their files; `then` is called on a yes."""
    title = wording_dialogs.delete_title if delete_files else wording_dialogs.remove_title
    dialog = AskDialog(
        parent,
        title(len(tasks)),
        lines=remove_lines(tasks, delete_files=delete_files),
        accept=wording_dialogs.button("delete" if delete_files else "remove"),
    )
    dialog.setObjectName("removeDialog")
    if delete_files:
        dialog.prefer_cancel()
    else:
        dialog.prefer_accept()
    dialog.ask(lambda _: then())
    return dialog
