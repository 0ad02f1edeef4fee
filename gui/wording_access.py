"""What a model that needs access says, and its buttons. Knows kinds of failures and Qt's translation only."""

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def needs(kind: str) -> str:
    """Return what a row says; empty for a kind of which the hub's own words tell more."""
    return {
        "TokenMissing": translate("Accounts", "Needs access: no token is set"),
        "TokenRefused": translate("Accounts", "Needs access: the token is not accepted"),
        "GatedModel": translate("Accounts", "Needs access: accept the terms on its page"),
        "AccessPending": translate("Accounts", "Needs access: asked for, not answered yet"),
        "AccessRefused": translate("Accounts", "Needs access: its authors said no"),
    }.get(kind, "")


def goes_on(kind: str) -> str:
    """Say when a model that needs access goes on by itself; empty where it does not."""
    return {
        "TokenMissing": translate("Accounts", "by itself, when a token is entered"),
        "TokenRefused": translate("Accounts", "by itself, when another token is entered"),
        "GatedModel": translate("Accounts", "by itself, when the terms are accepted"),
        "AccessPending": translate("Accounts", "by itself, when the authors agree"),
    }.get(kind, "")


def notice(kind: str, name: str) -> str:
    """Return the sentence above the list about a model."""
    return {
        "TokenMissing": translate(
            "Accounts", "{name} is gated, and no access token is set. Enter one; it then goes on by itself."
        ),
        "TokenRefused": translate(
            "Accounts",
            "The hub does not accept the access token for {name}. Enter another one, or correct HF_TOKEN.",
        ),
        "GatedModel": translate(
            "Accounts",
            "{name} needs your consent: accept its terms on its page. It then goes on by itself.",
        ),
        "AccessPending": translate(
            "Accounts",
            "{name} is asked for, and its authors have not answered yet. It goes on by itself when they do.",
        ),
        "AccessRefused": translate("Accounts", "The authors of {name} did not grant access to it."),
    }.get(
        kind,
        translate("Accounts", "{name} needs an access token: enter one in Settings > Accounts, or set HF_TOKEN."),
    ).format(name=name)


def enter_token() -> str:
    """Return the text of the button that leads to the field for a token."""
    return translate("Accounts", "Enter token…")


def open_page() -> str:
    """Return the text of the button that opens the model's page."""
    return translate("Accounts", "Open model page")
