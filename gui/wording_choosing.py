"""What choosing says: rows, quality, notes, what fits, the chooser.

Knows sentences and Qt's translation; figures come from `gui.wording`. Names of files are fit for one line here.
"""

from PySide6.QtCore import QCoreApplication, QLocale

from core.choosing.facts import Facts
from core.choosing.fits import GPU_KEPT_BYTES, MEMORY_KEPT_BYTES, TOKENS, WORK_BYTES, Fit, Machine, Need, Verdict
from core.choosing.quality import Quality, quality_of
from core.choosing.rows import Kind, Row
from gui.wording import fill, one_line, plural, size

translate = QCoreApplication.translate


def column(name: str) -> str:
    """Return the title of a column: `name`, `size`, `what`, `fits`."""
    return {
        "name": translate("Choosing", "Name"),
        "size": translate("Choosing", "Size"),
        "what": translate("Choosing", "What it is"),
        "fits": translate("Choosing", "Fits"),
    }[name]


def row_name(row: Row) -> str:
    """Return the name of a row."""
    match row.kind:
        case Kind.SUPPORT:
            return translate("Choosing", "Config and tokenizer")
        case Kind.CODE:
            return translate("Choosing", "Programs in Python")
        case Kind.OTHER:
            return translate("Choosing", "Other files")
        case _:
            return one_line(row.name)


def row_size(row: Row, beside: int) -> str:
    """Return the size of a row; `beside` are the bytes of its projector."""
    if row.unsized:
        return size(None) if not row.total else fill(translate("Choosing", "over %1"), size(row.total))
    return fill(translate("Choosing", "%1 + %2"), size(row.total), size(beside)) if beside else size(row.total)


def quality(step: Quality) -> str:
    """Return what a quantisation is worth, in a few words."""
    return {
        Quality.FULL: translate("Choosing", "Full quality, as it was trained"),
        Quality.NEARLY_FULL: translate("Choosing", "No loss that shows"),
        Quality.VERY_HIGH: translate("Choosing", "Very high quality"),
        Quality.HIGH: translate("Choosing", "High quality"),
        Quality.RECOMMENDED: translate("Choosing", "Recommended: good quality, small"),
        Quality.GOOD: translate("Choosing", "Good quality, a little smaller"),
        Quality.NATIVE: translate("Choosing", "Four bits, as it was trained"),
        Quality.OLD: translate("Choosing", "Older way, others of this size are better"),
        Quality.LOW: translate("Choosing", "Low quality, for little memory"),
        Quality.VERY_LOW: translate("Choosing", "Very low quality"),
        Quality.EXTREME: translate("Choosing", "Heavy loss, where nothing else fits"),
        Quality.UNKNOWN: "",
    }[step]


def row_what(row: Row) -> str:
    """Say what a row is, and what to know before it is chosen."""
    notes = _notes(row)
    told = notes if notes and row.kind is Kind.WEIGHTS else [_kind(row), *notes]
    text = " · ".join(text for text in told if text)
    return text[:1].upper() + text[1:]


def _kind(row: Row) -> str:
    match row.kind:
        case Kind.MODEL:
            return quality(quality_of(row.name))
        case Kind.WEIGHTS:
            return translate("Choosing", "Weights")
        case Kind.PROJECTOR:
            return translate("Choosing", "Projector: lets the model see or hear")
        case Kind.DRAFT:
            return translate("Choosing", "Draft model: speeds up a model, no use alone")
        case Kind.IMATRIX:
            return translate("Choosing", "Importance matrix: only for making quantisations")
        case _:
            return ""


def _notes(row: Row) -> list[str]:
    notes = []
    if row.is_usual and row.kind in (Kind.MODEL, Kind.WEIGHTS):
        notes.append(translate("Choosing", "the usual choice"))
    if row.missing:
        missing = plural(translate("Choosing", "incomplete: %n part(s) missing", "", row.missing), row.missing)
        notes.append(missing.replace("%n", str(row.missing)))
    if row.carries_code:
        notes.append(code_note(row))
    elif row.twin:
        notes.append(fill(translate("Choosing", "the same weights as %1"), one_line(row.twin)))
    return notes


def code_note(row: Row) -> str:
    """Warn of a row that may run code, and name the safe one where the repo has it."""
    if row.kind is Kind.CODE:
        return translate("Choosing", "runs only where a program is told to trust it")
    if row.instead:
        return fill(translate("Choosing", "may run code when loaded; %1 cannot"), one_line(row.instead))
    return translate("Choosing", "may run code when loaded")


def count_of_files(count: int) -> str:
    """Return `12 files`."""
    return plural(translate("Choosing", "%n file(s)", "", count), count).replace("%n", QLocale().toString(count))


def chosen(count: int, total: str) -> str:
    """Say how much is chosen."""
    if not count:
        return translate("Choosing", "Nothing chosen")
    return fill(translate("Choosing", "Chosen: %1, %2"), count_of_files(count), total)


# -- what fits -------------------------------------------------------------------------------------------------


def fits_short(fit: Fit) -> str:
    """Return what fits, for a cell; empty where nothing is known."""
    if fit.disk is Verdict.TOO_LARGE:
        return translate("Choosing", "No room on the disk")
    if fit.gpu is Verdict.FITS:
        return translate("Choosing", "Graphics card")
    if fit.memory is Verdict.FITS:
        return translate("Choosing", "Memory")
    if fit.memory is Verdict.TOO_LARGE:
        return translate("Choosing", "Too large")
    return ""


def fits_rule(need: Need) -> str:
    """Show the rule with its figures."""
    if need.cache is None:
        return fill(
            translate("Choosing", "To run: about %1 (weights %2 + working space %3; context memory not known yet)"),
            size(need.total),
            size(need.weights),
            size(WORK_BYTES),
        )
    return fill(
        translate("Choosing", "To run: about %1 (weights %2 + context memory %3 for %4 tokens + working space %5)"),
        size(need.total),
        size(need.weights),
        size(need.cache),
        QLocale().toString(TOKENS),
        size(WORK_BYTES),
    )


def fits_machine(fit: Fit, machine: Machine, free: int | None) -> str:
    """Say what fits on this machine, and of what the rule keeps something for others."""
    memory = size(machine.memory) if machine.memory is not None else ""
    gpu = size(machine.gpu) if machine.gpu is not None else ""
    told = [
        {
            Verdict.FITS: translate("Choosing", "fits memory (%1, %2 kept for the system)"),
            Verdict.TOO_LARGE: translate("Choosing", "too large for memory (%1, %2 kept for the system)"),
            Verdict.UNKNOWN: translate("Choosing", "memory unknown"),
        }[fit.memory],
        {
            Verdict.FITS: translate("Choosing", "fits the graphics card (%1, %2 kept for it)"),
            Verdict.TOO_LARGE: translate("Choosing", "too large for the graphics card (%1, %2 kept for it)"),
            Verdict.UNKNOWN: translate("Choosing", "graphics memory unknown"),
        }[fit.gpu],
        {
            Verdict.FITS: translate("Choosing", "fits the disk (%1 free)"),
            Verdict.TOO_LARGE: translate("Choosing", "no room on the disk (%1 free)"),
            Verdict.UNKNOWN: translate("Choosing", "free space unknown"),
        }[fit.disk],
    ]
    values = ((memory, size(MEMORY_KEPT_BYTES)), (gpu, size(GPU_KEPT_BYTES)), (size(free), ""))
    text = " · ".join(fill(one, *value) for one, value in zip(told, values, strict=True))
    return text[:1].upper() + text[1:]


def facts(known: Facts) -> str:
    """Return what the header tells, in one line; empty where it tells nothing."""
    told = [one_line(known.architecture)] if known.architecture else []
    if known.parameters:
        told.append(fill(translate("Choosing", "%1 parameters"), _short_count(known.parameters)))
    elif known.size_label:
        told.append(fill(translate("Choosing", "%1 parameters"), known.size_label))
    if known.context_length:
        count = QLocale().toString(known.context_length)
        told.append(fill(translate("Choosing", "context of %1 tokens"), count))
    if known.dtype:
        told.append(one_line(known.dtype))
    return " · ".join(told)


def _short_count(count: int) -> str:
    """Return a number of parameters as people write it: `1.24B`, `109M`."""
    for power, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if count >= power:
            value = count / power
            digits = 0 if value >= 100 else 1 if value >= 10 else 2
            return QLocale().toString(value, "f", digits) + letter
    return QLocale().toString(count)


# -- the pane and the chooser ----------------------------------------------------------------------------------


def view_name() -> str:
    """Return the name of the list, for screen readers."""
    return translate("Choosing", "What can be pulled")


def plain_files() -> str:
    """Return the button that shows plain files."""
    return translate("Choosing", "Plain &files")


def plain_files_tip() -> str:
    """Say what the button does."""
    return translate("Choosing", "Show every file in its folder in place of models")


def usual() -> str:
    """Return the button that goes back to the default."""
    return translate("Choosing", "&Usual choice")


def usual_tip() -> str:
    """Say what the button does."""
    return translate("Choosing", "Choose again what is pulled when nobody chooses")


def keys_hint() -> str:
    """Say which keys do what."""
    return translate("Choosing", "Space ticks, Enter takes this one alone, Enter again goes on")


def title(name: str) -> str:
    """Return the title of the chooser."""
    return fill(translate("Choosing", "Choose files of %1"), one_line(name))


def fetching() -> str:
    """Say that the list is on its way."""
    return translate("Choosing", "Fetching the list of files…")


def failed(message: str, action: str) -> str:
    """Say why there is no list, and what to do."""
    return f"{one_line(message)}. {one_line(action)}"


def saved_in(folder: str) -> str:
    """Say where this download goes."""
    return fill(translate("Choosing", "Saved under %1"), folder)


def other_folder() -> str:
    """Return the button that asks for another folder."""
    return translate("Choosing", "Other f&older…")


def other_folder_title() -> str:
    """Return the title of the folder dialog."""
    return translate("Choosing", "Save this download under")


def button(name: str) -> str:
    """Return a button: `pull`, `apply`, `cancel`, `retry`."""
    return {
        "pull": translate("Choosing", "Pull"),
        "apply": translate("Choosing", "Apply"),
        "cancel": translate("Choosing", "Cancel"),
        "retry": translate("Choosing", "Try again"),
    }[name]


def choose_button() -> str:
    """Return the button of the add dialog that opens the chooser."""
    return translate("Choosing", "C&hoose files…")


def choose_tip() -> str:
    """Say when the chooser can be opened."""
    return translate("Choosing", "Look at the files of one model and choose among them")


def changed(name: str) -> str:
    """Say that the choice of a listed download is another one now."""
    return fill(translate("Choosing", "%1: the chosen files were changed"), one_line(name))


def gone() -> str:
    """Say that a download went while its files were chosen."""
    return translate("Choosing", "This download is no longer in the list.")
