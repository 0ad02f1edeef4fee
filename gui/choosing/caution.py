"""Asks once before something is pulled that the hub warns of. Knows the pane and a question; nothing waits."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from gui import wording_scans as words
from gui.choosing.pane import ChoicesPane
from gui.dialogs.ask import AskDialog


def ask_first(parent: QWidget, pane: ChoicesPane, then: Callable[[], None]) -> AskDialog | None:
    """Call `then`: at once where nothing is warned of or a person said yes before, else after a yes."""
    pick = pane.pick
    bad = {} if pick is None else {p: found for p, found in pick.dangers.items() if p not in pane.agreed}
    if pick is None or not bad:
        then()
        return None

    def go_on(_: AskDialog) -> None:
        pane.agreed.update(bad)
        then()

    instead = next((row.instead for row in map(pick.row_of, bad) if row.instead), "")
    dialog = AskDialog(parent, words.title(), lines=words.lines(bad, instead), accept=words.accept())
    dialog.setObjectName("unsafeDialog")
    dialog.prefer_cancel()
    dialog.ask(go_on)
    return dialog
