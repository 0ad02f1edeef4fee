"""What the page of a model says in Browse: facts, files, the button that pulls, and the card.

Knows sentences and Qt's translation, context `Browse`; figures come from `gui.wording_browse`. No widgets.
"""

from PySide6.QtCore import QCoreApplication

from core.catalogue.records import ModelFacts
from core.errors import Failure
from gui.wording import fill, one_line, size
from gui.wording_browse import count, month, parameters, told

translate = QCoreApplication.translate

# -- the page of a model ---------------------------------------------------------------------------------------


def page_name() -> str:
    """Return the accessible name of the page."""
    return translate("Browse", "Model")


def choose_model() -> str:
    """Say what the empty page is for."""
    return translate("Browse", "Choose a model to see its files and its card.")


def loading(repo: str) -> str:
    """Say that a model is being looked at."""
    return translate("Browse", "Looking at {repo}…").format(repo=one_line(repo))


def page_facts(facts: ModelFacts) -> str:
    """Return the line under the name of a model."""
    found = facts.found
    licence = translate("Browse", "{licence} licence").format(licence=facts.licence) if facts.licence else ""
    weights = parameters(found.parameters)
    tokens = count(facts.context_length) if facts.context_length else ""
    parts = [
        found.author,
        licence,
        facts.architecture,
        translate("Browse", "{n} parameters").format(n=weights) if weights else "",
        translate("Browse", "{n} context").format(n=tokens) if tokens else "",
        translate("Browse", "updated {date}").format(date=month(found.updated)) if found.updated else "",
    ]
    return one_line("  ·  ".join(part for part in parts if part))


def page_tags(facts: ModelFacts, most: int) -> str:
    """Return what a model is tagged with."""
    rest = len(facts.tags) - most
    shown = "  ".join(facts.tags[:most])
    return one_line(translate("Browse", "{tags}  +{n}").format(tags=shown, n=rest) if rest > 0 else shown)


def page_based(facts: ModelFacts) -> str:
    """Say what a model was made from."""
    names = ", ".join(facts.base_models[:3])
    return translate("Browse", "Made from {names}").format(names=one_line(names)) if names else ""


def page_gated() -> str:
    """Say that terms have to be accepted."""
    return translate("Browse", "Its authors ask you to accept terms on its page before you can pull it.")


def open_page() -> str:
    """Return the text of the button that opens the page in the browser."""
    return translate("Browse", "Open its page")


def back() -> str:
    """Return the text of the button that goes back to the results."""
    return translate("Browse", "Back to the results (Esc)")


def revision_name() -> str:
    """Return the accessible name of the choice of revision."""
    return translate("Browse", "Revision")


def revision_tip(commit: str) -> str:
    """Return the tooltip of that choice."""
    return translate("Browse", "Branch or tag; now at commit {commit}").format(commit=commit[:7])


def pull(total: int | None, what: str = "") -> str:
    """Return the text of the button that pulls what is chosen."""
    parts = [part for part in (what, size(total) if total else "") if part]
    if not parts:
        return translate("Browse", "Pull")
    return translate("Browse", "Pull {what}").format(what=" · ".join(parts))


def pull_where(folder: str, free: int | None) -> str:
    """Say where it goes."""
    text = translate("Browse", "into {folder}").format(folder=folder)
    return text if free is None else translate("Browse", "{text} · {free} free").format(text=text, free=size(free))


def no_files() -> str:
    """Say that there is nothing to pull."""
    return translate("Browse", "There are no files in this revision.")


# -- the card --------------------------------------------------------------------------------------------------


def card_name() -> str:
    """Return the accessible name of the card."""
    return translate("Browse", "Model card")


def card_coming() -> str:
    """Say that the card is awaited."""
    return translate("Browse", "The card is being fetched…")


def no_card() -> str:
    """Say that there is none."""
    return translate("Browse", "This model has no card.")


def card_large(total: int) -> str:
    """Say that a card is too large to be fetched."""
    return translate("Browse", "The card has {size}; it is not shown here. Its page shows it.").format(
        size=size(total)
    )


def card_cut() -> str:
    """Say that only the beginning of a card is shown."""
    return translate("Browse", "Parts of this long card are left out here. Its page shows all of it.")


def card_failed(failure: Failure) -> str:
    """Say that the card did not come."""
    return translate("Browse", "The card could not be fetched. {why}").format(why=told(failure))


def link_opened(url: str) -> str:
    """Say which link was opened."""
    return translate("Browse", "Opened {url} in the browser").format(url=one_line(url))


def link_refused(url: str) -> str:
    """Say that a link is no page of the web."""
    return fill(translate("Browse", "Only links to web pages are opened: %1"), one_line(url)[:200])
