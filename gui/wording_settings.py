"""What Settings > Local API says, and the sentences of the local API in the window.

Knows sentences and Qt's translation only; names of programs come in as texts of strangers and leave on one line.
"""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from core.errors import Failure
from gui.wording import one_line, plural

translate = QCoreApplication.translate

PROGRAMS_MAX = 4  # named in a row; the rest is counted
KEYS_REFUSED = "KeysRefused"
KEY_PREFIX = "sk-"
KEY_SHOWS_FROM_CHARS = 16  # of a shorter key, four characters would be too many


def plain(label: str) -> str:
    """Return a label without the sign before its letter, for screen readers."""
    return label.replace("&", "")


def api_page() -> str:
    """Return the name of the page."""
    return translate("LocalApi", "Local API")


def api_heading(name: str) -> str:
    """Return a heading: `api`, `keys`, `origins`."""
    return {
        "api": translate("LocalApi", "For programs on this machine"),
        "keys": translate("LocalApi", "Access keys"),
        "origins": translate("LocalApi", "Web pages"),
    }[name]


def api_label(name: str) -> str:
    """Return the label of a setting: `enabled`, `address`, `port`, `connected`, `keys`, `origins`."""
    return {
        "enabled": translate("LocalApi", "&Let programs pull models and follow them"),
        "address": translate("LocalApi", "A&ddress"),
        "port": translate("LocalApi", "&Port"),
        "connected": translate("LocalApi", "Connected"),
        "keys": translate("LocalApi", "Access &keys"),
        "origins": translate("LocalApi", "&Web pages that may ask"),
    }[name]


def api_button(name: str) -> str:
    """Return a button: `copy`, `copied`, `add_key`, `remove_key`, `retry`, `leave`."""
    return {
        "copy": translate("LocalApi", "Copy"),
        "copied": translate("LocalApi", "Copied"),
        "add_key": translate("LocalApi", "Add &key"),
        "remove_key": translate("LocalApi", "&Remove key"),
        "retry": translate("LocalApi", "&Try again"),
        "leave": translate("LocalApi", "Leave it o&ff"),
    }[name]


def spoken(name: str) -> str:
    """Return the name that a screen reader says: `copy_address`, `copy_key`, `new_key`, `origin_reasons`."""
    return {
        "copy_address": translate("LocalApi", "Copy the address"),
        "copy_key": translate("LocalApi", "Copy the new key"),
        "new_key": translate("LocalApi", "The new key"),
        "origin_reasons": translate("LocalApi", "What is wrong with each line"),
    }[name]


def api_hint() -> str:
    """Say what the API is for and who reaches it."""
    return translate(
        "LocalApi", "Jan and other clients of Cortex, and scripts. Other machines cannot reach this address."
    )


def port_hint(default: int) -> str:
    """Name the default port; no figure grouping, it is a name."""
    return translate("LocalApi", "{port} is where clients of Cortex look").format(port=default)


# -- who is connected ------------------------------------------------------------------------------------------


def connected(programs: Sequence[tuple[str, str]]) -> str:
    """Say who is connected; `programs` are names (empty where unknown) with addresses."""
    if not programs:
        return translate("LocalApi", "Nobody is connected")
    texts = [_program(name, address) for name, address in programs[:PROGRAMS_MAX]]
    if more := len(programs) - len(texts):
        texts.append(plural(translate("LocalApi", "%n more", "", more), more))
    count = plural(translate("LocalApi", "%n program(s)", "", len(programs)), len(programs))
    return translate("LocalApi", "{count}: {names}").format(count=count, names=", ".join(texts))


def _program(name: str, address: str) -> str:
    name = one_line(name).strip() or translate("LocalApi", "unnamed")
    return translate("LocalApi", "{name} ({address})").format(name=name, address=one_line(address))


def api_state(name: str) -> str:
    """Say what the API does while nobody can be connected: `off`, `changing`."""
    return {
        "off": translate("LocalApi", "The local API is off"),
        "changing": translate("LocalApi", "One moment…"),
    }[name]


# -- what went wrong -------------------------------------------------------------------------------------------


def api_problem(failure: Failure) -> str:
    """Say what went wrong, what can be done, and that the wish holds."""
    texts = [_stopped(failure.message), failure.action]
    if failure.kind != KEYS_REFUSED:
        texts.append(translate("LocalApi", "Until then it is tried again at each start."))
    return " ".join(texts)


def api_failed(failure: Failure) -> str:
    """Say the same in the status bar."""
    text = f"{_stopped(failure.message)} {failure.action}"
    if failure.kind == KEYS_REFUSED:
        return text
    return translate("LocalApi", "The local API is off: {reason}").format(reason=text)


def _stopped(text: str) -> str:
    text = one_line(text)
    return text if text.endswith(".") else f"{text}."


def failure(name: str) -> Failure:
    """Return a failure of the switch: `keys_lost`, `slow`, `broken`."""
    message, action = {
        "keys_lost": (
            translate("LocalApi", "Access keys were set, and they cannot be read from the system's keyring"),
            translate("LocalApi", "Unlock the keyring and try again, or set other keys below."),
        ),
        "slow": (
            translate("LocalApi", "It did not start in time"),
            translate("LocalApi", "Try again in a moment."),
        ),
        "broken": (
            translate("LocalApi", "It could not start because of an error of Pulley itself"),
            translate("LocalApi", "Try again; the log tells more."),
        ),
    }[name]
    meaning = translate("LocalApi", "The local API is off; downloads are not affected.")
    return Failure("ApiOff", message, meaning, action)


def keys_refused(reason: str) -> Failure:
    """Return the failure that keys were not taken; the reason may be empty."""
    message = translate("LocalApi", "The access keys could not be changed")
    if reason:
        message = translate("LocalApi", "{what}: {reason}").format(what=message, reason=reason)
    meaning = translate("LocalApi", "Those before stay in force.")
    return Failure(KEYS_REFUSED, message, meaning, translate("LocalApi", "Change them again."))


# -- keys ------------------------------------------------------------------------------------------------------


def key_mask(key: str) -> str:
    """Return a key as it is listed: `sk-…` and its last four characters, less of a short one."""
    prefix = KEY_PREFIX if key.startswith(KEY_PREFIX) else ""
    return f"{prefix}…{key[-4:] if len(key) >= KEY_SHOWS_FROM_CHARS else ''}"


def key_row(key: str, kind: str = "") -> str:
    """Return the row of a key; `kind` is `new`, `fixed` (of the environment), `lost`, or empty."""
    if kind == "lost":
        return translate("LocalApi", "Keys that were set and cannot be read")
    form = {
        "": "{key}",
        "new": translate("LocalApi", "{key} · new"),
        "fixed": translate("LocalApi", "{key} · from PULLEY_API_KEYS"),
    }[kind]
    return form.format(key=key_mask(key))


def keys_hint(n: int) -> str:
    """Say what the keys do, `n` of them being listed."""
    if not n:
        return translate("LocalApi", "Without a key, every program on this machine may use the API.")
    return translate("LocalApi", "Every request has to carry one of these keys.")


def keys_in_memory() -> str:
    """Say that this system keeps no secrets."""
    return translate(
        "LocalApi",
        "This system has no keyring that answers: keys are kept in memory only, until Pulley quits. After that the "
        "API stays off until you add a key.",
    )


def new_key_hint() -> str:
    """Say that the whole key is shown once."""
    return translate("LocalApi", "Copy this key now: it is not shown again.")


# -- origins ---------------------------------------------------------------------------------------------------


def origins_placeholder() -> str:
    """Return what the empty field says."""
    return "http://localhost:3000"


def origins_hint() -> str:
    """Say what belongs into the field."""
    return translate("LocalApi", "One origin a line. Web pages of all other origins are refused.")


def origins_off() -> str:
    """Say that a program switched web pages off."""
    return translate("LocalApi", "A program switched web pages off; changing this list switches them on again.")


def origin_note(reason: str) -> str:
    """Return what stands beside a line: what `core.origins.read_origin` finds, `good`, `twice` or `many`."""
    return {
        "": "",
        "good": translate("LocalApi", "✓ may ask"),
        "any": translate("LocalApi", "✗ * is not allowed: name each origin"),
        "null": translate("LocalApi", "✗ null would let in any local file"),
        "scheme": translate("LocalApi", "✗ begins with http:// or https://"),
        "host": translate("LocalApi", "✗ the host is missing or misspelt"),
        "path": translate("LocalApi", "✗ ends after the host and its port"),
        "port": translate("LocalApi", "✗ ports are numbers from 1 to 65535"),
        "long": translate("LocalApi", "✗ is far too long"),
        "twice": translate("LocalApi", "✓ is in the list already"),
        "many": translate("LocalApi", "✗ more than 32 origins"),
    }[reason]
