"""Tokens of hubs: which one is in force, and to whom it goes. Puts them where requests find them.

A variable of the environment wins and goes where the environment says. What was entered comes next, then the token
file of the hub's own tools; both belong to the hub itself, and go to a mirror of it by consent only.
"""

import logging
from collections.abc import Callable, Mapping

from msgspec import Struct

from core.accounts import ACCOUNTS, HUGGING_FACE, MODELSCOPE, Account, HubAccount
from core.net.client import Net
from core.net.credentials import is_endpoint_set, is_mirror
from core.net.endpoints import MODELSCOPE_COOKIE, is_modelscope_mirror, modelscope_of
from core.net.origin import host_label
from core.patterns import pattern
from core.settings import SettingsStore

_log = logging.getLogger(__name__)

MASK = "********"
MASK_SHOWS_FROM_CHARS = 16  # of a shorter secret, four characters would be too many
_SENDABLE = pattern(r"[\x21-\x7e]{1,512}")


def masked(secret: str) -> str:
    """Return what may be shown of a secret."""
    return MASK + secret[-4:] if len(secret) >= MASK_SHOWS_FROM_CHARS else (MASK if secret else "")


class _Place(Struct, frozen=True):
    """Where the token of a hub goes.

    Attributes:
        cookie: The name of a cookie that has to hold it as well; empty for none.
        of_file: What the token file of the hub's tools holds; empty for nothing.
        is_fixed: A variable of the environment holds it.
    """

    url: str
    cookie: str
    is_mirror: bool
    of_file: str
    is_fixed: bool


class Tokens:
    """The tokens of one process; `known` are the secrets that were kept, by name, and may change.

    Attributes:
        on_change: Called with a hub when another token is in force there, or none.
    """

    def __init__(
        self,
        store: SettingsStore,
        known: Mapping[str, str],
        net: Net,
        *,
        endpoint: str,
        environ: Mapping[str, str],
    ) -> None:
        self.on_change: Callable[[HubAccount], None] | None = None
        self._store = store
        self._known = known
        self._net = net
        self._has_setting = not is_endpoint_set(environ)
        self._sent_to: dict[str, str] = {}
        credentials, modelscope = net.credentials, modelscope_of(environ)
        of_file = credentials.of_file
        self._places = {
            HUGGING_FACE: _Place(
                endpoint, "", is_mirror(endpoint), of_file, credentials.has(endpoint) and not of_file
            ),
            MODELSCOPE: _Place(
                modelscope, MODELSCOPE_COOKIE, is_modelscope_mirror(modelscope), "", credentials.has(modelscope)
            ),
        }

    def account(self, hub: HubAccount) -> Account:
        """Return what is known of the token of a hub."""
        place, kept = self._places[hub], self._known.get(hub.secret, "")
        source = "variable" if place.is_fixed else "settings" if kept else "file" if place.of_file else ""
        return Account(
            place=source,
            mask=masked(kept) if source == "settings" else (MASK if source else ""),
            host=host_label(place.url),
            url=place.url,
            is_mirror=place.is_mirror,
            is_allowed=place.is_fixed or self._is_allowed(place),
            has_kept=hub.secret in self._store.current.secrets_kept,
            mirrors=tuple(dict.fromkeys(map(host_label, self._mirrors()))) if hub is HUGGING_FACE else (),
        )

    def token(self, hub: HubAccount) -> str:
        """Return the token in force, else the one that would be if it were allowed; empty for none."""
        place = self._places[hub]
        if place.is_fixed:
            return self._net.credentials.headers(place.url).get("Authorization", "").removeprefix("Bearer ")
        return self._known.get(hub.secret, "") or place.of_file

    def _is_allowed(self, place: _Place) -> bool:
        return not place.is_mirror or host_label(place.url) in self._store.current.token_mirrors

    def _mirrors(self) -> tuple[str, ...]:
        """Return the mirrors of Hugging Face that the settings name, where a token could be sent to one at all."""
        is_free = self._has_setting and not self._places[HUGGING_FACE].is_fixed
        return self._store.current.mirrors_in_use if is_free else ()

    def _use_mirrors(self) -> None:
        """Let those mirrors have the token that a person named for it, and no other."""
        credentials = self._net.credentials
        token = credentials.headers(self._places[HUGGING_FACE].url).get("Authorization", "").removeprefix("Bearer ")
        allowed = self._store.current.token_mirrors
        wanted = {url: token for url in self._mirrors() if token and host_label(url) in allowed}
        if wanted == self._sent_to:
            return
        for url in self._sent_to.keys() | wanted.keys():
            credentials.put_or_forget(url, wanted.get(url, ""))
        self._sent_to = wanted
        if self.on_change is not None:
            self.on_change(HUGGING_FACE)

    def use(self) -> None:
        """Put what is known, and allowed, to work."""
        for hub in ACCOUNTS:
            place = self._places[hub]
            if place.is_fixed:
                continue
            token = self.token(hub) if self._is_allowed(place) else ""
            if token and (not _SENDABLE.fullmatch(token) or (place.cookie and set(token) & set(";,"))):
                _log.warning("The kept token for %s cannot be sent; set it again.", hub.label)
                token = ""
            credentials = self._net.credentials
            before = credentials.headers(place.url)
            if token:
                credentials.put(place.url, token, cookie=place.cookie)
            else:
                credentials.put_or_forget(place.url, "")
            if self.on_change is not None and credentials.headers(place.url) != before:
                self.on_change(hub)
        self._use_mirrors()
