"""Opens the settings: the pages over whatever desks there are. Knows the dialog, its pages and the store."""

from pathlib import Path

from msgspec import Struct
from PySide6.QtWidgets import QWidget

from core.settings import Settings, SettingsStore
from gui import wording
from gui import wording_window as words
from gui.accounts_desk import AccountsDesk
from gui.api_switch import ApiSwitch
from gui.hub_desk import HubDesk
from gui.link_lookup import Prepare
from gui.links_desk import LinksDesk
from gui.network_desk import NetworkDesk
from gui.settings.accounts import AccountsPage
from gui.settings.dialog import SettingsDialog
from gui.settings.links import LinksPage
from gui.settings.local_api import LocalApiPage
from gui.settings.network import NetworkPage
from gui.style.theme import Theme


class Desks(Struct, frozen=True):
    """What stands behind the pages; a page whose desk is missing is not shown.

    Attributes:
        prepare: Finds out what a link asks for, before it is agreed to.
    """

    api: ApiSwitch | None = None
    network: NetworkDesk | None = None
    hub: HubDesk | None = None
    accounts: tuple[AccountsDesk, ...] = ()
    links: LinksDesk | None = None
    prepare: Prepare | None = None

    def there(self) -> list[ApiSwitch | NetworkDesk | HubDesk | AccountsDesk | LinksDesk]:
        """Return those that there are."""
        desks = (self.api, self.network, self.hub, *self.accounts, self.links)
        return [desk for desk in desks if desk is not None]

    async def aclose(self) -> None:
        """Stop what is under way behind them."""
        for desk in self.there():
            await desk.aclose()


def open_settings(
    store: SettingsStore, desks: Desks, theme: Theme, *, root: Path, parent: QWidget
) -> SettingsDialog:
    """Show the settings; `root` is the models folder in force."""

    def now() -> Settings:
        return store.current

    dialog = SettingsDialog(
        store.current,
        default_dir=wording.folder(root) if store.current.models_dir is None else words.default_folder(),
        folder_now=str(root),
        api=LocalApiPage(now, desks.api, theme) if desks.api else None,
        network=NetworkPage(now, desks.network, theme, hub=desks.hub) if desks.network else None,
        accounts=AccountsPage(now, desks.accounts, theme) if desks.accounts else None,
        links=LinksPage(desks.links) if desks.links else None,
        parent=parent,
    )
    dialog.open()
    return dialog
