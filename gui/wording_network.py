"""What Settings > Network says. Knows sentences and Qt's translation only."""

from PySide6.QtCore import QCoreApplication

from core.errors import Failure
from gui.wording import one_line

translate = QCoreApplication.translate


def page() -> str:
    """Return the name of the page."""
    return translate("Network", "Network")


def heading(name: str) -> str:
    """Return a heading: `proxy`, `certificates`, `test`."""
    return {
        "proxy": translate("Network", "Proxy"),
        "certificates": translate("Network", "Certificates"),
        "test": translate("Network", "Connection"),
    }[name]


def label(name: str) -> str:
    """Return the label of a setting: `mode`, `url`, `user`, `password`, `no_proxy`, `ca_file`, `test`."""
    return {
        "mode": translate("Network", "&Proxy"),
        "url": translate("Network", "&Address"),
        "user": translate("Network", "&User name"),
        "password": translate("Network", "Pass&word"),
        "no_proxy": translate("Network", "&Reached directly"),
        "ca_file": translate("Network", "Company CA &file"),
        "test": translate("Network", "&Test connection"),
    }[name]


def plain(text: str) -> str:
    """Return a label without the sign before its letter."""
    return text.replace("&", "")


def mode(name: str) -> str:
    """Return a way to choose the proxy: `system`, `off`, `manual`."""
    return {
        "system": translate("Network", "That of the system"),
        "off": translate("Network", "None"),
        "manual": translate("Network", "This one"),
    }[name]


def mode_hint(name: str) -> str:
    """Say what a way to choose the proxy means."""
    return {
        "system": translate(
            "Network", "As HTTPS_PROXY, ALL_PROXY and NO_PROXY, or the system's settings, say. Read at each start."
        ),
        "off": translate("Network", "Every host is reached directly, whatever the environment says."),
        "manual": translate("Network", "For the hub and for the bytes alike. Servers on this machine never."),
    }[name]


def placeholder(name: str) -> str:
    """Return what an empty field says: `url`, `user`, `password`, `kept`, `no_proxy`, `ca_file`."""
    return {
        "url": "http://proxy.example:3128",
        "user": translate("Network", "none"),
        "password": translate("Network", "none"),
        "kept": translate("Network", "kept; type to replace it"),
        "no_proxy": "intranet.example, 10.0.0.0/8",
        "ca_file": translate("Network", "only what the system trusts"),
    }[name]


def forget() -> str:
    """Return the button that forgets the password."""
    return translate("Network", "F&orget")


def url_problem(name: str) -> str:
    """Say what is wrong with the address: `empty`, `credentials`, `address`; empty where nothing is."""
    return {
        "": "",
        "empty": translate("Network", "Type the address of the proxy, such as http://proxy.example:3128."),
        "credentials": translate("Network", "User name and password go into the fields below."),
        "address": translate("Network", "Begin with http://, https://, socks5:// or socks5h://; then host:port."),
        "user": translate("Network", "A user name has no colon in it."),
    }[name]


def ca_hint(problem: str = "") -> str:
    """Say what the file is for, or why it cannot be used."""
    if problem:
        return translate("Network", "This file cannot be used: {reason}.").format(reason=one_line(problem))
    return translate(
        "Network",
        "For a company's proxy that reads what passes: its certificate is trusted beside those of the system. "
        "Certificates are always checked.",
    )


def ca_filter() -> str:
    """Return the kinds of files that the dialog offers."""
    return translate("Network", "Certificates (*.pem *.crt *.cer *.der);;All files (*)")


def not_kept(reason: str) -> str:
    """Say that the password was not taken."""
    return translate("Network", "The password of the proxy was not changed: {reason}").format(
        reason=one_line(reason)
    )


def in_memory() -> str:
    """Say that this system keeps no secrets."""
    return translate("Network", "This system has no keyring that answers: the password is kept until Pulley quits.")


# -- the test --------------------------------------------------------------------------------------------------


def asking(hub: str) -> str:
    """Say that the hub is being asked."""
    return translate("Network", "Asking {hub}…").format(hub=hub)


def good(hub: str) -> str:
    """Say that the hub answered."""
    return translate("Network", "{hub} answers.").format(hub=hub)


def bad(failure: Failure) -> str:
    """Say what went wrong and what can be done."""
    message = one_line(failure.message)
    return f"{message if message.endswith('.') else message + '.'} {failure.action}"


def test_hint() -> str:
    """Say what the button does."""
    return translate("Network", "Asks the hub once, with what stands on this page.")


def broken() -> Failure:
    """Return the failure of the test itself."""
    return Failure(
        "DownloadError",
        translate("Network", "The test failed because of an error of Pulley itself"),
        "",
        translate("Network", "Try again; the log tells more."),
    )
