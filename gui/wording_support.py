"""Texts about diagnostics and leftovers."""

from PySide6.QtCore import QCoreApplication

from gui.wording import plural, size

translate = QCoreApplication.translate


def diagnostics_copied() -> str:
    """Say that the report is in the clipboard."""
    return translate("Support", "The diagnostics are in the clipboard: versions, settings and the log, no secrets")


def nothing_left_over() -> str:
    """Say that there is nothing to clean."""
    return translate("Support", "Nothing was left over in the models folder")


def leftovers_title() -> str:
    """Return the title of the dialog."""
    return translate("Support", "Leftover files")


def leftovers_what() -> str:
    """Say what is listed."""
    return translate(
        "Support",
        "Files that Pulley set aside or did not finish. Nothing needs them, unless you want to look at one.",
    )


def leftovers_columns() -> tuple[str, str, str]:
    """Return the headings."""
    return translate("Support", "File"), translate("Support", "Why"), translate("Support", "Size")


def kind(value: str) -> str:
    """Return why a file was left over."""
    return {
        "old part": translate("Support", "Changed at the hub meanwhile"),
        "bad copy": translate("Support", "Its hash was wrong"),
        "part": translate("Support", "Unfinished, not in the list"),
    }[value]


def leftovers_sum(count: int, size_text: str) -> str:
    """Say how much is ticked."""
    if not count:
        return translate("Support", "Tick what can go")
    return plural(translate("Support", "%n file(s)", "", count), count) + f" · {size_text}"


def choose_all() -> str:
    """Return the text of the button that ticks everything."""
    return translate("Support", "&Tick all")


def delete_button() -> str:
    """Return the text of the button that deletes."""
    return translate("Support", "&Delete")


def leftovers_deleted(count: int, freed: int) -> str:
    """Say what was deleted."""
    return plural(translate("Support", "%n leftover file(s) deleted", "", count), count) + f" · {size(freed)}"
