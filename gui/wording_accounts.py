"""What Settings > Accounts says. Knows sentences and Qt's translation only."""

from PySide6.QtCore import QCoreApplication

from core.accounts import Account, HubAccount
from core.errors import Failure
from gui.wording import one_line

translate = QCoreApplication.translate


def page() -> str:
    """Return the name of the page."""
    return translate("Accounts", "Accounts")


def token_label() -> str:
    """Return the label of the field."""
    return translate("Accounts", "Access &token")


def state_label() -> str:
    """Return the label of what is known."""
    return translate("Accounts", "In force")


def button(name: str) -> str:
    """Return the text of a button: `use`, `test`, `remove`, `make`."""
    return {
        "use": translate("Accounts", "&Use this token"),
        "test": translate("Accounts", "&Test"),
        "remove": translate("Accounts", "&Remove"),
        "make": translate("Accounts", "&Make a token…"),
    }[name]


def placeholder(account: Account) -> str:
    """Return what the empty field says."""
    if account.has_kept:
        return translate("Accounts", "kept; paste another to replace it")
    return translate("Accounts", "paste a token with read access")


def state(account: Account, hub: HubAccount) -> str:
    """Say which token is in force; no more of it than its last characters is shown, ever."""
    match account.place:
        case "variable":
            return translate(
                "Accounts", "The token in {variable}, from the environment. It wins over one that is entered here."
            ).format(variable=hub.variable)
        case "settings":
            return translate("Accounts", "The token that was entered: {mask}").format(mask=account.mask)
        case "file":
            return translate(
                "Accounts", "The token file of the hub's own tools. One that is entered here wins over it."
            )
        case _:
            return translate("Accounts", "No token. Public models need none.")


def hint(hub: HubAccount) -> str:
    """Say what a token is for and which one to make."""
    kind = {
        "huggingface": translate(
            "Accounts", "Read access is enough; a fine-grained one has to allow reading public gated repositories."
        )
    }
    text = translate(
        "Accounts", "For gated and private models. {kind} It goes to {hub} alone, not to the servers of the files."
    )
    return text.format(kind=kind.get(hub.name, ""), hub=hub.label).replace("  ", " ")


def in_memory() -> str:
    """Say that this system keeps no secrets."""
    return translate(
        "Accounts", "This system has no keyring that answers: a token is kept in memory until Pulley quits."
    )


def consent(host: str, hub: HubAccount) -> str:
    """Return the text of the box that lets a mirror have the token."""
    return translate("Accounts", "Send the {hub} token to {host} &too").format(hub=hub.label, host=host)


def consent_hint(host: str, hub: HubAccount) -> str:
    """Say what that means."""
    return translate(
        "Accounts",
        "The environment names {host}, which is not {hub} itself. Whoever runs it could use the token as you; "
        "without one, gated and private models cannot be had from it.",
    ).format(host=host, hub=hub.label)


def consent_of_settings_hint(host: str, hub: HubAccount) -> str:
    """Say what it means for a mirror that the settings name."""
    return translate(
        "Accounts",
        "Settings > Network names {host} as a mirror of {hub}. Whoever runs it could use the token as you; without "
        "one, gated and private models cannot be had from it.",
    ).format(host=host, hub=hub.label)


# -- the test --------------------------------------------------------------------------------------------------


def asking(host: str) -> str:
    """Say that the hub is being asked."""
    return translate("Accounts", "Asking {host}…").format(host=host)


def signed_in(name: str, host: str) -> str:
    """Say whose the token is."""
    return translate("Accounts", "{host} knows this token: it is that of {name}.").format(
        host=host, name=one_line(name)
    )


def bad(failure: Failure, *, kept: bool) -> str:
    """Say why a token is no good, or could not be tested."""
    message = one_line(failure.message)
    message = message if message.endswith(".") else f"{message}."
    if failure.kind == "TokenRefused":
        return translate("Accounts", "{message} It was not kept.").format(message=message) if not kept else message
    if kept:
        return translate("Accounts", "{message} The token is kept, and was not tested.").format(message=message)
    return f"{message} {failure.action}".strip()


def not_kept(reason: str) -> str:
    """Say that the token was not taken."""
    return translate("Accounts", "The token was not changed: {reason}").format(reason=one_line(reason))


def broken(reason: str = "") -> Failure:
    """Return the failure of the keeping itself."""
    if reason:
        return Failure(
            "TokenRefused", one_line(reason).replace("huggingface_token", translate("Accounts", "The token"))
        )
    return Failure(
        "DownloadError",
        translate("Accounts", "The token could not be changed because of an error of Pulley itself"),
        "",
        translate("Accounts", "Try again; the log tells more."),
    )
