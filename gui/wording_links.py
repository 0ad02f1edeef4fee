"""What Settings > Links says, and what is said of a link that asks. Knows sentences and Qt's translation only."""

from PySide6.QtCore import QCoreApplication

from gui.wording import fill, one_line, plural

translate = QCoreApplication.translate


def page() -> str:
    """Return the name of the page."""
    return translate("Links", "Links")


def heading() -> str:
    """Return the heading."""
    return translate("Links", "Open these links with Pulley")


def scheme(name: str) -> str:
    """Return the text of the box of a scheme."""
    return {
        "pulley": translate("Links", "&pulley:// links"),
        "lmstudio": translate("Links", "&lmstudio:// links, as pages offer them for LM Studio"),
        "jan": translate("Links", "&jan:// links, as pages offer them for Jan"),
    }[name]


def hint() -> str:
    """Say what happens."""
    return translate(
        "Links",
        "A link never starts a download: Pulley shows the hub, the size and the folder, and asks. For each kind a "
        "small entry is written into the folder of your desktop entries; it goes away when the box is cleared.",
    )


def not_changed(reason: str) -> str:
    """Say that a change did not go well."""
    return one_line(reason)


def broken() -> str:
    """Say that it was an error of ours."""
    return translate(
        "Links", "The links could not be changed because of an error of Pulley itself; the log tells more."
    )


# -- a link that asks ------------------------------------------------------------------------------------------


def facts(hub: str, size: str, folder: str) -> str:
    """Return the line about a link: where from, how much, where to."""
    return fill(translate("Links", "From %1 · %2 · saved in %3"), one_line(hub), size, one_line(folder))


def size_of(size: str, files: int) -> str:
    """Return how much a link asks for."""
    return plural(fill(translate("Links", "%1 in %n file(s)", "", files), size), files).replace("%n", str(files))


def looking() -> str:
    """Say that the size is being asked for."""
    return translate("Links", "asking for the size…")


def not_asked() -> str:
    """Say why a server is not asked for the size."""
    return translate("Links", "size unknown: this server is not asked before you agree")


def no_size(reason: str) -> str:
    """Say why the size is not known."""
    return fill(translate("Links", "size unknown: %1"), one_line(reason))
