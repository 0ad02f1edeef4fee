"""Pictures of the chooser: a GGUF repo in light and dark, one whose other formats carry code, and plain files."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from core.choosing.fits import Machine
from core.handles import parse_many
from gui.choosing.dialog import ChooserDialog
from gui.main_window import MainWindow

GGUF = "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF"
SAFE = "sentence-transformers/all-MiniLM-L6-v2"


class ShownMachine:
    """A machine as many people have one."""

    def machine(self) -> Machine:
        """Return 16 GB of memory and a card of 8 GB."""
        return Machine(memory=16_000_000_000, gpu=8_000_000_000)

    def free(self, folder: Path) -> int | None:
        """Return 83 GB for every folder."""
        return 83_000_000_000


async def choosing_story(
    window: MainWindow,
    *,
    take: Callable[[str, QWidget], Awaitable[None]],
    until: Callable[[Callable[[], bool]], Awaitable[None]],
    dark: Callable[[bool], None],
) -> None:
    """Take pictures of choosers."""
    desk = window._intake.choosing
    desk._figures = ShownMachine()
    for repo, name in ((GGUF, "chooser"), (SAFE, "chooser-formats")):
        (parsed,) = parse_many(repo)
        assert parsed.handle is not None
        desk.open_for(parsed.handle)
        dialog = window.findChildren(ChooserDialog)[-1]
        await until(dialog.pull_button.isEnabled)
        await until(lambda dialog=dialog: dialog.pane.has_facts and "16" in dialog.pane.fits.text())
        await take(name, dialog)
        if repo == GGUF:
            dark(True)
            await take("chooser-dark", dialog)
            dark(False)
            dialog.resize(dialog.minimumSize())
            await take("chooser-small", dialog)
        else:
            dialog.pane.plain.setChecked(True)
            await take("chooser-plain", dialog)
        dialog.reject()
