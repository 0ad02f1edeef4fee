"""What Browse says: the search and its filters, the rows, and what goes wrong there.

Knows sentences and Qt's translation, context `Browse`; sizes come from `gui.wording`. Must not know widgets.
"""

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from core.catalogue.records import Found, Query, SizeRange, Sort
from core.errors import Failure
from gui.wording import duration, one_line, size

translate = QCoreApplication.translate

TASKS = (
    "text-generation", "image-text-to-text", "feature-extraction", "sentence-similarity", "text-to-image",
    "automatic-speech-recognition", "text-to-speech",
)  # fmt: skip
"""The tasks that can be asked for, by the hub's names."""

# -- figures ---------------------------------------------------------------------------------------------------


def count(number: int | None) -> str:
    """Return a number in at most three figures: `612`, `4.9k`, `1.2M`; a dash where unknown."""
    if number is None:
        return "—"
    value, sign = float(number), ""
    for each in ("k", "M", "B", "T"):
        if value < 999.5:
            break
        value, sign = value / 1000, each
    digits = 1 if sign and value < 9.95 else 0
    text = QLocale().toString(value, "f", digits)
    return f"{text.removesuffix(QLocale().decimalPoint() + '0')}{sign}"


def parameters(number: int | None) -> str:
    """Return how many weights a model has as `3.2B`; empty where unknown."""
    if not number:
        return ""
    unit, value = ("B", number / 1e9) if number >= 999_500_000 else ("M", number / 1e6)
    text = QLocale().toString(value, "f", 1 if value < 99.95 else 0)
    return f"{text.removesuffix(QLocale().decimalPoint() + '0')}{unit}"


def month(moment: float | None) -> str:
    """Return when something was as `Oct 2025`; empty where unknown."""
    if moment is None:
        return ""
    return QLocale().toString(QDateTime.fromSecsSinceEpoch(int(moment)), "MMM yyyy")


def sizes(found: SizeRange | None) -> str:
    """Return what the choices of a model take: `0.8 – 6.4 GB`; empty where unknown."""
    if found is None:
        return ""
    least, most = size(found.least), size(found.most)
    if least == most:
        return least
    if (ends := _apart(least))[1] == (other := _apart(most))[1]:
        return f"{ends[0]} – {most}"
    unit_bytes = 1000 ** ((len(str(found.most)) - 1) // 3)
    low, high = found.least / unit_bytes, found.most / unit_bytes
    if low < 0.05:
        return f"{least} – {most}"
    number = QLocale().toString
    both = f"{number(low, 'f', 1)} – {number(high, 'f', 1 if high < 99.5 else 0)}"
    return most.replace(other[0], both, 1)


def _apart(text: str) -> tuple[str, str]:
    """Return the figure and the unit of a size."""
    number, _, unit = text.replace("\u00a0", " ").partition(" ")
    return number, unit


def row_facts(found: Found) -> str:
    """Return the second line of a result."""
    parts = [one_line(found.author), f"↓ {count(found.downloads)}", f"♥ {count(found.likes)}"]
    return "   ".join(part for part in (*parts, parameters(found.parameters), month(found.updated)) if part)


def row_spoken(found: Found, sizes_text: str, here: str) -> str:
    """Return a result as a screen reader says it."""
    parts = [
        found.name,
        translate("Browse", "by {author}").format(author=found.author) if found.author else "",
        translate("Browse", "{n} downloads").format(n=count(found.downloads)),
        translate("Browse", "{n} likes").format(n=count(found.likes)),
        translate("Browse", "{n} parameters").format(n=parameters(found.parameters)) if found.parameters else "",
        translate("Browse", "updated {date}").format(date=month(found.updated)) if found.updated else "",
        sizes_text,
        gated() if found.is_gated else "",
        here,
    ]
    return one_line(", ".join(part for part in parts if part))


def gated() -> str:
    """Return the mark of a model whose terms have to be accepted."""
    return translate("Browse", "gated")


def here(state: str) -> str:
    """Return the mark of a model that is here already: `disk` or `list`; empty for none."""
    return {"disk": translate("Browse", "on disk"), "list": translate("Browse", "in the list")}.get(state, "")


# -- the search ------------------------------------------------------------------------------------------------


def panel_name() -> str:
    """Return the accessible name of the panel."""
    return translate("Browse", "Browse models")


def search_placeholder(host: str) -> str:
    """Return what the empty search field says."""
    return translate("Browse", "Search {host}").format(host=host)


def search_name() -> str:
    """Return the accessible name of the search field."""
    return translate("Browse", "Search models by name")


def results_name() -> str:
    """Return the accessible name of the results."""
    return translate("Browse", "Results")


def start_name() -> str:
    """Return the accessible name of the starting points."""
    return translate("Browse", "Recent searches and starting points")


def format_name(tag: str) -> str:
    """Return the name of a format."""
    return {"gguf": translate("Browse", "GGUF"), "safetensors": translate("Browse", "Safetensors")}[tag]


def format_tip(tag: str) -> str:
    """Return what the button of a format does."""
    return translate("Browse", "Show only models with {format} files").format(format=format_name(tag))


def sort_name(sort: Sort) -> str:
    """Return the name of an order."""
    return {
        Sort.TRENDING: translate("Browse", "Trending"),
        Sort.DOWNLOADS: translate("Browse", "Most downloads"),
        Sort.LIKES: translate("Browse", "Most likes"),
        Sort.UPDATED: translate("Browse", "Updated last"),
    }[sort]


def sort_label() -> str:
    """Return the accessible name of the choice of order."""
    return translate("Browse", "Order of the results")


def filters(active: int) -> str:
    """Return the text of the button that shows the other filters."""
    return translate("Browse", "Filters ({n})").format(n=active) if active else translate("Browse", "Filters")


def filters_tip() -> str:
    """Return what that button does."""
    return translate("Browse", "Filter by task, parameters, author and access")


def task_label() -> str:
    """Return the accessible name of the choice of task."""
    return translate("Browse", "Task")


def task_name(task: str) -> str:
    """Return a task in words; the hub's own name where there are none."""
    return {
        "": translate("Browse", "Any task"),
        "text-generation": translate("Browse", "Text generation"),
        "image-text-to-text": translate("Browse", "Images and text"),
        "feature-extraction": translate("Browse", "Embeddings"),
        "sentence-similarity": translate("Browse", "Sentence similarity"),
        "text-to-image": translate("Browse", "Text to image"),
        "automatic-speech-recognition": translate("Browse", "Speech to text"),
        "text-to-speech": translate("Browse", "Text to speech"),
    }.get(task, one_line(task))


def parameters_label() -> str:
    """Return the accessible name of the choice of sizes."""
    return translate("Browse", "Parameters")


def parameters_range(least: int, most: int) -> str:
    """Return a range of parameters in words; 0 is no limit."""
    if not least and not most:
        return translate("Browse", "Any size")
    if not least:
        return translate("Browse", "Up to {most}").format(most=parameters(most))
    if not most:
        return translate("Browse", "Over {least}").format(least=parameters(least))
    return translate("Browse", "{least} to {most}").format(least=parameters(least), most=parameters(most))


def author_placeholder() -> str:
    """Return what the empty field for the author says."""
    return translate("Browse", "Any author")


def author_name() -> str:
    """Return the accessible name of that field."""
    return translate("Browse", "Author or organisation")


def hide_gated() -> str:
    """Return the text of the check box."""
    return translate("Browse", "Hide gated models")


def start_point(key: str) -> str:
    """Return the name of a starting point."""
    return {
        "trending": translate("Browse", "Trending GGUF models"),
        "small": translate("Browse", "Small models, up to 4B parameters"),
        "vision": translate("Browse", "Models that see images"),
        "embeddings": translate("Browse", "Embeddings for search"),
        "speech": translate("Browse", "Speech to text"),
        "safetensors": translate("Browse", "Most downloaded safetensors"),
    }[key]


# -- states of the list ----------------------------------------------------------------------------------------


def searching() -> str:
    """Say that an answer is awaited."""
    return translate("Browse", "Searching…")


def nothing_found() -> str:
    """Say that nothing fits."""
    return translate("Browse", "No model fits")


def nothing_found_how() -> str:
    """Say what to do about it."""
    return translate("Browse", "Try fewer or other words, or take filters away.")


def take_filters_away() -> str:
    """Return the text of the button that does so."""
    return translate("Browse", "Take filters away")


def cannot_search() -> str:
    """Return the heading where a search failed."""
    return translate("Browse", "The search was not answered")


def try_again() -> str:
    """Return the text of the button."""
    return translate("Browse", "Try again")


def waiting(seconds: float) -> str:
    """Say when a busy hub is asked again."""
    return translate("Browse", "It is asked again in {duration}.").format(duration=duration(seconds))


def more_failed(failure: Failure) -> str:
    """Say that further results did not come."""
    return translate("Browse", "More results did not come: {message}").format(message=failure.message)


def told(failure: Failure) -> str:
    """Return a failure in two sentences."""
    return f"{one_line(failure.message)}. {one_line(failure.action)}".strip()


def broken() -> Failure:
    """Stand in for an error that nobody foresaw."""
    return Failure("DownloadError", translate("Browse", "Something in Pulley went wrong"), "", try_again() + ".")


def query_name(query: Query) -> str:
    """Return a search in one line."""
    parts = [
        query.text.strip(),
        *(format_name(tag) for tag in query.formats if tag in ("gguf", "safetensors")),
        task_name(query.task) if query.task else "",
        query.author,
        parameters_range(query.parameters_min, query.parameters_max)
        if query.parameters_min or query.parameters_max
        else "",
        hide_gated() if query.hide_gated else "",
    ]
    return one_line("  ·  ".join(part for part in parts if part)) or sort_name(query.sort)
