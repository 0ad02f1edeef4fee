"""The settings and secrets that a person chose, for commands without a window."""

import logging
import os

from core.api.control import Control
from core.headless.run import say
from core.net.client import Net
from core.places import Places
from core.settings import SettingsStore
from core.vault import open_secrets

_log = logging.getLogger(__name__)


def settings_of(places: Places) -> SettingsStore:
    """Return the settings, read; what is wrong with their file is said."""
    store = SettingsStore(places.data / "settings.yml")
    store.load()
    if store.warning:
        say(store.warning)
    return store


async def use_secrets(net: Net, endpoint: str, store: SettingsStore) -> None:
    """Let requests use the proxy and the token that were set; the environment wins."""
    control = Control(store, open_secrets(), net, endpoint=endpoint, environ=os.environ, apply=lambda _: None)
    try:
        await control.load()
    except ValueError:
        _log.warning("A secret in the system's keyring cannot be used; set it again.")
