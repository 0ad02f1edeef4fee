"""What programs may see and change of the configuration, and the keys that the gate goes by.

Settings live in their file, secrets in the system's keyring or, where there is none, in memory. Replies show
secrets masked; a masked value that is sent back leaves the secret as it is. Folders and endpoints are not to be had
from here.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.accounts import HUGGING_FACE
from core.api.bodies import BadBody, Field
from core.api.gate import Rules, needs_keys
from core.api.tokens import MASK, Tokens, masked
from core.net.client import Net
from core.net.proxies import Proxy
from core.patterns import pattern
from core.settings import Settings, SettingsStore, problem
from core.vault import Secrets

_log = logging.getLogger(__name__)

KEYS_MAX = 64
_SECRET = pattern(r"[\x21-\x7e]{1,512}")

# Name in the API -> name in the settings.
PLAIN = {
    "allowed_origins": "allowed_origins",
    "cors": "cors",
    "proxy_url": "proxy_url",
    "proxy_username": "proxy_username",
    "no_proxy": "no_proxy",
    "max_parallel_tasks": "parallel_tasks",
    "max_connections": "max_connections",
    "max_connections_per_host": "connections_per_host",
}
SECRET = ("huggingface_token", "modelscope_token", "proxy_password")
VERIFY = ("verify_peer_ssl", "verify_host_ssl", "verify_proxy_ssl", "verify_proxy_host_ssl")

FIELDS = (
    Field("allowed_origins", "texts", "Web origins that may use the API"),
    Field("cors", "flag", "Whether the allowed origins get CORS headers and access at all"),
    Field("api_keys", "texts", "Keys of which every request needs one; masked in replies"),
    Field("huggingface_token", "text", "Token for the hub; masked in replies"),
    Field(
        "proxy_url",
        "text",
        "Proxy for all traffic, http://host:port (or https, socks5, socks5h); empty for that of the environment",
    ),
    Field("proxy_username", "text", "User name at the proxy"),
    Field("proxy_password", "text", "Password at the proxy; masked in replies"),
    Field("no_proxy", "text", "Hosts that are reached directly, parted by commas"),
    Field("max_parallel_tasks", "number", "Models at a time"),
    Field("max_connections", "number", "Open connections in all"),
    Field("max_connections_per_host", "number", "Open connections to one host"),
    *(Field(name, "flag", "Always true: certificates are always checked") for name in VERIFY),
)


def proxy_of(settings: Settings, password: str) -> Proxy:
    """Return the proxy that the settings name."""
    url, user = settings.proxy_url, settings.proxy_username
    return Proxy(url, user, password, settings.no_proxy, is_off=settings.proxy_off)


def split_keys(text: str) -> tuple[str, ...]:
    """Return the keys in PULLEY_API_KEYS, parted by commas or spaces."""
    return tuple(dict.fromkeys(key for key in re.split(r"[\s,]+", text) if key))


class Control:
    """The configuration of one running Pulley.

    `apply` is called with the new settings after each change; `run` runs blocking work on a thread.

    Attributes:
        store: The settings; shared with whoever else changes them.
        keys: The access keys in force.
        on_keys: Called when they are others.
        tokens: The hubs' tokens.
    """

    def __init__(
        self,
        store: SettingsStore,
        secrets: Secrets,
        net: Net,
        *,
        endpoint: str,
        environ: Mapping[str, str],
        apply: Callable[[Settings], None],
    ) -> None:
        self.store = store
        self.secrets = secrets
        self._net = net
        self._of_environment = split_keys(environ.get("PULLEY_API_KEYS", ""))
        self._apply = apply
        self._known: dict[str, str] = {}
        self.tokens = Tokens(store, self._known, net, endpoint=endpoint, environ=environ)
        self._changing = asyncio.Lock()
        self.keys: tuple[str, ...] = self._of_environment
        self.on_keys: Callable[[], None] | None = None

    async def load(self) -> None:
        """Read the secrets that were kept; one that cannot be read counts as absent."""
        settings = self.store.current
        for name in settings.secrets_kept:
            self._known[name] = await asyncio.to_thread(self.secrets.get, name)
        self._use_secrets()

    @property
    def lacks_keys(self) -> bool:
        """Keys were set and cannot be had again: better no API than an open one."""
        return self.store.current.needs_api_key and not self.keys

    def rules(self, host: str, port: int) -> Rules:
        """Return what the gate goes by now."""
        settings = self.store.current
        origins = frozenset(settings.allowed_origins) if settings.cors else frozenset()
        return Rules(host, port, origins, self.keys)

    def config(self) -> dict[str, Any]:
        """Return the configuration as replies show it."""
        settings = self.store.current
        shown: dict[str, Any] = {name: getattr(settings, own) for name, own in PLAIN.items()}
        shown["allowed_origins"] = list(settings.allowed_origins)
        shown["api_keys"] = [masked(key) for key in self.keys]
        shown["huggingface_token"] = masked(self._known.get("huggingface_token", ""))
        if not shown["huggingface_token"]:
            shown["huggingface_token"] = self.tokens.account(HUGGING_FACE).mask
        shown["proxy_password"] = masked(self._known.get("proxy_password", ""))
        return {**shown, **dict.fromkeys(VERIFY, True)}

    # -- changing ----------------------------------------------------------------------------------------

    async def change(self, values: Mapping[str, Any], *, host: str) -> bool:
        """Apply the known values, all or none; return whether there were any.

        Raises:
            BadBody: One of them cannot be; nothing was changed.
            StoreError: The settings could not be written.
        """
        if not values:
            return False
        async with self._changing:
            changes = self._checked(values)
            secrets = {name: self._secret(name, values[name]) for name in SECRET if name in values}
            keys = self._new_keys(values["api_keys"], host) if "api_keys" in values else None
            if keys is not None:
                secrets["api_keys"] = json.dumps(list(keys)) if keys else ""
                changes["needs_api_key"] = bool(keys)
            kept = set(self.store.current.secrets_kept)
            changed = {
                name: text
                for name, text in secrets.items()
                if text != self._known.get(name, "") or (not text and name in kept)
            }
            for name, text in changed.items():
                await asyncio.to_thread(self.secrets.put, name, text)
                self._known[name] = text
            # A secret that the keyring did not give this time is kept all the same.
            kept = (kept - set(changed)) | {name for name, text in changed.items() if text}
            changes["secrets_kept"] = tuple(sorted(kept))
            try:
                settings = await asyncio.to_thread(self.store.update, changes)
            finally:
                self._use_secrets()  # they are kept already, whatever became of the file
            self._apply(settings)
        return True

    async def set_keys(self, keys: Sequence[str], *, host: str = "127.0.0.1") -> None:
        """Replace the access keys.

        Raises:
            BadBody: One cannot be sent in a header, or there are too many.
            StoreError: The settings could not be written.
        """
        await self.change({"api_keys": list(keys)}, host=host)

    def _checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the plain values by their names in the settings."""
        for name in VERIFY:
            if values.get(name, True) is not True:
                raise BadBody(f"{name} cannot be switched off: certificates are always checked")
        changed: dict[str, Any] = {}
        for name, own in PLAIN.items():
            if name in values:
                value = tuple(values[name]) if isinstance(values[name], list) else values[name]
                if reason := problem(own, value):
                    raise BadBody(reason.replace(own, name, 1))
                changed[own] = value
        if "proxy_url" in values:
            changed["proxy_off"] = False  # who names a proxy, or the environment's, wants it used
        return changed

    def _secret(self, name: str, text: str) -> str:
        if text.startswith(MASK):
            return self._known.get(name, "")
        if text and not _SECRET.fullmatch(text):
            raise BadBody(f"{name} holds spaces or characters that cannot be sent")
        return text

    def _new_keys(self, texts: Sequence[str], host: str) -> tuple[str, ...]:
        if len(texts) > KEYS_MAX:
            raise BadBody(f"api_keys holds more than {KEYS_MAX} keys")
        keys = []
        for text in texts:
            known = [key for key in self.keys if text.startswith(MASK) and masked(key) == text]
            if not known and (text.startswith(MASK) or not _SECRET.fullmatch(text)):
                raise BadBody("api_keys holds a key that is unknown, empty or cannot be sent")
            keys += known or [text]
        if not keys and not self._of_environment and needs_keys(host):
            raise BadBody("api_keys cannot be empty while other machines can reach this address")
        return tuple(dict.fromkeys(key for key in keys if key not in self._of_environment))

    @property
    def proxy_password(self) -> str:
        """The password at the proxy; empty for none."""
        return self._known.get("proxy_password", "")

    def use_network(self) -> None:
        """Let requests go by what the settings say about the network, and about who may get the token."""
        settings = self.store.current
        self._net.proxy = proxy_of(settings, self.proxy_password)
        self._net.ca_file = settings.ca_file
        self.tokens.use()

    def _use_secrets(self) -> None:
        """Put what is known to work."""
        kept: list[str] = []
        if text := self._known.get("api_keys", ""):
            try:
                kept = [key for key in json.loads(text) if isinstance(key, str) and key]
            except (ValueError, TypeError):
                _log.warning("The kept access keys cannot be read; set them again.")
        before, self.keys = self.keys, tuple(dict.fromkeys([*self._of_environment, *kept]))
        if self.keys != before and self.on_keys is not None:
            self.on_keys()
        self.use_network()
