"""Settings: the values a person may choose, their limits, and the YAML file that keeps them.

Knows the file and what is a valid value. Must not know the window, the engine or the command line: whoever holds
the settings applies them. A file that cannot be used never stops the program: what is sound in it is taken, the
rest falls back to its default, and a copy of the file is kept beside it as `settings.yml.bad-N`.
"""

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from msgspec import Struct, field
from msgspec.structs import asdict, force_setattr, replace

from core.errors import StoreError
from core.net.mirrors import KNOWN, MIRRORS_MAX, WAYS, read_mirror
from core.origins import read_origin

THEMES = ("system", "light", "dark")
PARALLEL_TASKS = range(1, 17)
CONNECTIONS_PER_HOST = range(1, 33)
CONNECTIONS = range(4, 257)
PORTS = range(1, 65536)
PORT = 39281  # where clients of Cortex look
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
SECRETS = ("api_keys", "huggingface_token", "modelscope_token", "proxy_password")
ORIGINS_MAX = 32
TEXT_CHARS_MAX = 2048
FILE_BYTES_MAX = 1 << 20  # a real file has a few kilobytes; a larger one is not ours
LAYOUT_ENTRY_CHARS_MAX = 1 << 16


class Settings(Struct, frozen=True):
    """What a person chose.

    Attributes:
        models_dir: Absolute folder for new models; None for the default.
        parallel_tasks: Models at a time, 1 to 16.
        connections_per_host: Open connections to one host, 1 to 32.
        max_connections: Open connections in all, 4 to 256.
        theme: `system`, `light` or `dark`.
        ask_before_quit: Ask when downloads are under way.
        keep_awake: Keep the machine awake while something is coming in.
        api_enabled: The window offers the local API.
        api_port: Its port.
        allowed_origins: Web origins that may use it, as browsers send them.
        cors: Whether they may at all.
        needs_api_key: Access keys were set: where they cannot be had again, the API stays off rather than open.
        secrets_kept: Names of the secrets that were given to the keyring; the values never stand here.
        proxy_off: Every host is reached directly, whatever proxy is set here or in the environment.
        proxy_url: `http://host:port` (or https, socks5, socks5h) without credentials; empty for the proxy of the
            environment.
        proxy_username: User name at the proxy.
        no_proxy: Hosts that are reached directly, parted by commas.
        ca_file: Full path of a company's certificates, trusted beside the system's; empty for none.
        token_mirrors: Hosts of mirrors that may get the token of the hub that they mirror.
        hub_way: Where Hugging Face is fetched from: `hub` (itself), `fastest` (of it and `hub_mirrors`), `mirror`.
        hub_mirror: The address of the mirror for `mirror`; empty for none, then the hub itself.
        hub_mirrors: The addresses of those that `fastest` asks beside the hub.
        layout: Places of the window and its parts, base64 by name.
    """

    models_dir: str | None = None
    parallel_tasks: int = 4
    connections_per_host: int = 16
    max_connections: int = 64
    theme: str = "system"
    ask_before_quit: bool = True
    keep_awake: bool = True
    api_enabled: bool = False
    api_port: int = PORT
    allowed_origins: tuple[str, ...] = ()
    cors: bool = True
    needs_api_key: bool = False
    secrets_kept: tuple[str, ...] = ()
    proxy_off: bool = False
    proxy_url: str = ""
    proxy_username: str = ""
    no_proxy: str = ""
    ca_file: str = ""
    token_mirrors: tuple[str, ...] = ()
    hub_way: str = "hub"
    hub_mirror: str = ""
    hub_mirrors: tuple[str, ...] = KNOWN
    layout: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Bring lists into one form: origins as browsers send them, nothing twice."""
        origins = (read_origin(origin)[0] or origin for origin in self.allowed_origins)
        force_setattr(self, "allowed_origins", tuple(dict.fromkeys(origins)))
        force_setattr(self, "secrets_kept", tuple(dict.fromkeys(self.secrets_kept)))
        force_setattr(self, "hub_mirror", read_mirror(self.hub_mirror)[0] or self.hub_mirror)
        mirrors = (read_mirror(url)[0] or url for url in self.hub_mirrors)
        force_setattr(self, "hub_mirrors", tuple(dict.fromkeys(mirrors)))

    @property
    def mirrors_in_use(self) -> tuple[str, ...]:
        """The mirrors of Hugging Face that may be asked as it is set."""
        if self.hub_way == "mirror":
            return (self.hub_mirror,) if self.hub_mirror else ()
        return self.hub_mirrors if self.hub_way == "fastest" else ()


def _is_int_in(allowed: range) -> Callable[[object], bool]:
    return lambda value: type(value) is int and value in allowed  # True is an int, but no number of tasks


def _is_folder(value: object) -> bool:
    return value is None or _is_path(value)


def _is_path(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value and Path(value).is_absolute()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_CHARS_MAX and value.isprintable()


def _are_secrets(value: object) -> bool:
    return isinstance(value, list | tuple) and all(name in SECRETS for name in value)


def _are_origins(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) <= ORIGINS_MAX
        and all(isinstance(text, str) and not read_origin(text)[1] for text in value)
    )


def _are_hosts(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) <= ORIGINS_MAX and all(_is_text(host) for host in value)


def _is_mirror(value: object) -> bool:
    return isinstance(value, str) and not read_mirror(value)[1]


def _are_mirrors(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) <= MIRRORS_MAX and all(map(_is_mirror, value))


def _is_proxy(value: object) -> bool:
    if value == "":
        return True
    if not isinstance(value, str) or not _is_text(value) or not value.isascii() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        sound = parts.scheme in PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return sound and "@" not in parts.netloc and parts.path in ("", "/") and not (parts.query or parts.fragment)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_layout(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(k, str) and isinstance(v, str) and len(v) <= LAYOUT_ENTRY_CHARS_MAX for k, v in value.items()
    )


def _is_user(value: object) -> bool:
    return _is_text(value) and ":" not in str(value)  # the sign between name and password


_FLAG = (_is_flag, "has to be true or false")
_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "models_dir": (_is_folder, "has to be the full path of a folder"),
    "parallel_tasks": (_is_int_in(PARALLEL_TASKS), "has to be a whole number from 1 to 16"),
    "connections_per_host": (_is_int_in(CONNECTIONS_PER_HOST), "has to be a whole number from 1 to 32"),
    "max_connections": (_is_int_in(CONNECTIONS), "has to be a whole number from 4 to 256"),
    "theme": (lambda value: value in THEMES, "has to be system, light or dark"),
    "ask_before_quit": _FLAG,
    "keep_awake": _FLAG,
    "api_enabled": _FLAG,
    "api_port": (_is_int_in(PORTS), "has to be a whole number from 1 to 65535"),
    "allowed_origins": (_are_origins, "has to be a list of at most 32 origins like http://localhost:1420"),
    "cors": _FLAG,
    "needs_api_key": _FLAG,
    "secrets_kept": (_are_secrets, f"has to be a list of some of {', '.join(SECRETS)}"),
    "proxy_off": _FLAG,
    "proxy_url": (
        _is_proxy,
        "has to be http://host:port (or https, socks5, socks5h), without a user name or password in it",
    ),
    "proxy_username": (_is_user, "has to be a text of one line without a colon"),
    "no_proxy": (_is_text, "has to be a text of host names parted by commas"),
    "ca_file": (lambda value: value == "" or _is_path(value), "has to be the full path of a file"),
    "token_mirrors": (_are_hosts, "has to be a list of host names"),
    "hub_way": (lambda value: value in WAYS, "has to be hub, fastest or mirror"),
    "hub_mirror": (lambda value: value == "" or _is_mirror(value), "has to be an https address of a mirror"),
    "hub_mirrors": (_are_mirrors, "has to be a list of at most 8 https addresses of mirrors"),
    "layout": (_is_layout, "has to be a list of names with texts"),
}


def problem(name: str, value: object) -> str:
    """Return what is wrong with the value of one setting; empty where it is valid."""
    accepts, demand = _RULES[name]
    return "" if accepts(value) else f"{name} {demand}"


def from_mapping(values: dict[Any, Any]) -> tuple[Settings, list[str]]:
    """Take the valid values out of a mapping; return the settings and what was wrong with the others.

    Unknown names are left alone: a newer version may have written them.
    """
    taken: dict[str, Any] = {}
    wrong: list[str] = []
    for name in Settings.__struct_fields__:
        if name not in values:
            continue
        if reason := problem(name, values[name]):
            wrong.append(reason)
        else:
            taken[name] = tuple(values[name]) if isinstance(values[name], list) else values[name]
    return Settings(**taken), wrong


class SettingsStore:
    """The settings file. It may be changed from any thread.

    Attributes:
        path: The YAML file; need not exist.
        warning: What was wrong with the file at the last `load`; empty when all was well.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warning = ""
        self._current: Settings | None = None
        self._unknown: dict[Any, Any] = {}  # what a newer version wrote; it is kept in the file
        self._writing = threading.RLock()

    @property
    def current(self) -> Settings:
        """The settings in force: as last loaded or given to `save`."""
        return self.load() if self._current is None else self._current

    def load(self) -> Settings:
        """Read the settings; never fails: see `warning`."""
        with self._writing:
            self._current = self._read()
            return self._current

    def _read(self) -> Settings:
        self.warning = ""
        self._unknown = {}
        try:
            with self.path.open("rb") as file:
                raw = file.read(FILE_BYTES_MAX + 1)
        except FileNotFoundError:
            return Settings()
        except OSError as error:
            self.warning = f"The settings could not be read ({error.strerror or error}); the defaults are used."
            return Settings()
        settings, wrong = self._parse(raw)
        if wrong:
            self.warning = f"{wrong}{self._keep_copy()}"
        return settings

    def _parse(self, raw: bytes) -> tuple[Settings, str]:
        if len(raw) > FILE_BYTES_MAX:
            return Settings(), "The settings file is far too large; the defaults are used."
        try:
            values = yaml.safe_load(raw.decode("utf-8-sig"))
        except (yaml.YAMLError, ValueError, RecursionError):  # bad UTF-8 and impossible dates are ValueErrors
            return Settings(), "The settings file is damaged; the defaults are used."
        if not isinstance(values, dict):
            # We never write an empty file: one that is empty was cut off while it was written.
            return Settings(), "The settings file is damaged; the defaults are used."
        known = set(Settings.__struct_fields__)
        self._unknown = {name: value for name, value in values.items() if name not in known}
        settings, wrong = from_mapping(values)
        if not wrong:
            return settings, ""
        return settings, f"The settings file has values that cannot be used: {'; '.join(wrong)}."

    def _keep_copy(self) -> str:
        number = 1
        while (copy := self.path.with_name(f"{self.path.name}.bad-{number}")).exists():
            number += 1
        try:
            shutil.copyfile(self.path, copy)
        except OSError:
            return ""
        return f" A copy of it was kept as {copy.name}."

    def update(self, changes: Mapping[str, Any]) -> Settings:
        """Change some values and save; return all. Nobody's change in between is lost.

        Raises:
            StoreError: As `save`.
        """
        with self._writing:
            settings = replace(self.current, **changes)
            if settings != self._current:
                self.save(settings)
            return settings

    def save(self, settings: Settings) -> None:
        """Write all settings: to a temporary name, flushed, then renamed.

        Raises:
            StoreError: The file could not be written; the old one is unharmed, the settings hold all the same.
        """
        with self._writing:
            self._current = settings
            text = yaml.safe_dump(asdict(settings) | self._unknown, sort_keys=False, allow_unicode=True)
            temporary = self.path.with_name(self.path.name + ".tmp")
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with temporary.open("wb") as file:
                    file.write(text.encode())
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self.path)
            except OSError as error:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise StoreError(
                    f"The settings could not be saved ({error.strerror or error})",
                    meaning="They hold until the program ends.",
                ) from error
