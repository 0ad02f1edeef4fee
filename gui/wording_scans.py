"""What is said of a hub's own scan of its files: as the hub says it, and no more.

Knows sentences and Qt's translation, context `Scans`. Words of a hub that are not known here are shown as they are.
"""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from core.scans import Finding, Verdict
from gui.wording import fill, one_line

translate = QCoreApplication.translate

NAMES_MAX = 5


def said(finding: Finding) -> str:
    """Return what the hub says of some files."""
    match finding.verdict:
        case Verdict.CLEAN:
            return translate("Scans", "Hub: no issue found")
        case Verdict.UNSCANNED:
            return translate("Scans", "not scanned by the hub")
        case _:
            return fill(translate("Scans", "Hub: %1"), word(finding.word))


def word(told: str) -> str:
    """Return the hub's word for an issue."""
    known = {
        "caution": translate("Scans", "caution"),
        "suspicious": translate("Scans", "suspicious"),
        "unsafe": translate("Scans", "unsafe"),
        "": translate("Scans", "an issue that it does not name"),
    }
    return known.get(told.lower()) or one_line(told)


def joined(*texts: str) -> str:
    """Return what is known of a row in one line, its first letter large."""
    text = " · ".join(text for text in texts if text)
    return text[:1].upper() + text[1:]


def icon_of(finding: Finding) -> tuple[str, str]:
    """Return the icon of a finding and the token of its colour."""
    if finding.verdict is Verdict.CLEAN:
        return "check", "muted"
    if finding.verdict is Verdict.UNSCANNED:
        return "queued", "muted"
    return "warning", colour_of(finding)


def colour_of(finding: Finding) -> str:
    """Return the token of the colour that a finding is written in; empty for what is no issue."""
    if not finding.is_issue:
        return ""
    return "red" if finding.asks_first else "amber"


# -- the question before something bad is pulled ---------------------------------------------------------------


def title() -> str:
    """Return the question."""
    return translate("Scans", "Pull what the hub warns of?")


def lines(files: Mapping[str, Finding], instead: str) -> list[str]:
    """Return the sentences of the question; `instead` names weights of the repo that run no code."""
    named = [f"{one_line(path)}: {word(finding.word)}" for path, finding in list(files.items())[:NAMES_MAX]]
    if len(files) > NAMES_MAX:
        named.append("…")
    told = [translate("Scans", "The hub scanned these files and says:"), "\n".join(named)]
    told.append(translate("Scans", "Such files may harm this computer when a program loads them."))
    if instead:
        text = translate("Scans", "%1 holds the model in a format that runs no code.")
        told.append(fill(text, one_line(instead)))
    return told


def accept() -> str:
    """Return the answer that pulls all the same."""
    return translate("Scans", "&Pull all the same")
