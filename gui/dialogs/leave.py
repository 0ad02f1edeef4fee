"""The question before quitting while downloads are under way."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from gui import wording_dialogs as words
from gui.dialogs.ask import AskDialog


def ask_quit(parent: QWidget, live: int, *, then: Callable[[bool], None]) -> AskDialog:
    """Ask whether to quit with `live` downloads; `then` learns whether to go on asking."""
    dialog = AskDialog(
        parent,
        words.quit_title(),
        lines=[words.quit_text(live)],
        accept=words.button("quit"),
        check_text=words.do_not_ask_again(),
    )
    dialog.setObjectName("quitDialog")
    dialog.prefer_accept()
    dialog.ask(lambda asked: then(asked.check is None or not asked.check.isChecked()))
    return dialog
