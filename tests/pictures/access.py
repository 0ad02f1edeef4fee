"""Pictures of access: a gated model's row with its buttons, and the accounts with a token that was just tested."""

from collections.abc import Awaitable, Callable

from core.access import access_failure
from gui.main_window import MainWindow

GEMMA = "google/gemma-3-27b-it"
TOKEN = "hf_shown_in_a_picture_0042"


async def access_story(
    window: MainWindow,
    *,
    take: Callable[..., Awaitable[None]],
    until: Callable[[Callable[[], bool]], Awaitable[None]],
    dark: Callable[[bool], None],
) -> None:
    """Take pictures of what a model shows that needs access."""
    engine = window._engine
    if all(task.id != GEMMA for task in engine.tasks):
        window.add_texts([GEMMA], ask=False)
    await until(lambda: access_failure(engine.task(GEMMA)) is not None)
    window.tree.select_task(GEMMA)
    await take("access")
    dark(True)
    await take("access-dark")
    dark(False)
    dialog = window.open_settings()
    dialog.show_accounts()
    assert dialog.accounts is not None
    group = dialog.accounts.groups[0]
    group.token.setText(TOKEN)
    group.use.click()
    await until(lambda: bool(group._desk.name) and not group._desk.is_busy)
    await take("accounts", dialog)
    dialog.reject()
