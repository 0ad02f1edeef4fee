"""What the main window says: menus, tool bar, status bar, notices, empty pages.

Knows sentences and how Qt translates them (QCoreApplication.translate with plural forms); sizes, speeds, durations
and states come from `gui.wording`. Must not know widgets or the engine. Texts are asked for at run time, never kept
in constants, so that a translator installed later is heard.
"""

from PySide6.QtCore import QCoreApplication

from gui import wording_access
from gui.wording import plural

translate = QCoreApplication.translate

# -- menus and tool bar ----------------------------------------------------------------------------------------


def menu_title(name: str) -> str:
    """Return the title of the menu `file`, `edit`, `view`, `tools`, `help` or `copy`."""
    return {
        "file": translate("Window", "&File"),
        "edit": translate("Window", "&Edit"),
        "view": translate("Window", "&View"),
        "tools": translate("Window", "&Tools"),
        "help": translate("Window", "&Help"),
        "copy": translate("Window", "&Copy"),
    }[name]


def title() -> str:
    """Return the title of the window."""
    return translate("Window", "Pulley")


def tool_bar() -> str:
    """Return the name of the tool bar."""
    return translate("Window", "Tool bar")


def places_name() -> str:
    """Return the accessible name of the places in the left bar."""
    return translate("Window", "Places")


def place(key: str) -> str:
    """Return the name of a place: `downloads` or `browse`."""
    return {"downloads": translate("Window", "Downloads"), "browse": translate("Window", "Browse")}[key]


def filter_placeholder() -> str:
    """Return what the empty filter field says."""
    return translate("Window", "Filter…")


def filter_name() -> str:
    """Return the accessible name of the filter field."""
    return translate("Window", "Filter the list by name")


# -- status bar ------------------------------------------------------------------------------------------------


def space(free: str, need: str) -> str:
    """Return what the status bar says of the disk; both are sizes, `free` empty where unknown."""
    if not free:
        return translate("Window", "queue needs {need}").format(need=need) if need else ""
    if not need:
        return translate("Window", "{free} free").format(free=free)
    return translate("Window", "{free} free · queue needs {need}").format(free=free, need=need)


def activity(active: int, queued: int) -> str:
    """Return how many downloads run and wait."""
    if not active and not queued:
        return ""
    return translate("Window", "{active} active, {queued} queued").format(active=active, queued=queued)


def time_left(duration: str) -> str:
    """Return how long everything takes."""
    return translate("Window", "{duration} left").format(duration=duration) if duration else ""


def hub_state(hub: str, reachable: bool | None, why: str = "") -> str:
    """Say in words what the coloured dot says, and why the hub is fetched from there."""
    if why:
        return f"{hub_state(hub, reachable)}. {why}"
    if reachable is None:
        return translate("Window", "{hub}: not asked yet").format(hub=hub)
    if reachable:
        return translate("Window", "{hub}: reachable").format(hub=hub)
    return translate("Window", "{hub}: not reachable").format(hub=hub)


def default_folder() -> str:
    """Stand in for the default models folder while another one is in use."""
    return translate("Window", "The default folder")


def stopping() -> str:
    """Return what is said while the engine stops."""
    return translate("Window", "Stopping; every byte is kept…")


# -- messages --------------------------------------------------------------------------------------------------


def added(names: list[str]) -> str:
    """Return what was added."""
    if len(names) == 1:
        return translate("Window", "Added {name}").format(name=names[0])
    return plural(translate("Window", "%n model(s) added", "", len(names)), len(names))


def already_there(names: list[str]) -> str:
    """Return which of the models were in the list before."""
    if len(names) == 1:
        return translate("Window", "{name} is in the list already").format(name=names[0])
    return plural(translate("Window", "%n model(s) were in the list already", "", len(names)), len(names))


def nothing_to_add() -> str:
    """Return the answer to a drop or paste without any text."""
    return translate("Window", "There is no name or link of a model in that")


def drop_refused(reason: str) -> str:
    """Return why a drop is ignored: `file`, `image`, `large` or `lines`."""
    return {
        "file": translate(
            "Window", "Files and folders cannot be added; drop names or links, or use File > Import a list"
        ),
        "image": translate("Window", "A picture cannot be added; drop names or links of models"),
        "large": translate("Window", "That is too much text; up to 1 MiB of names or links can be added at once"),
        "lines": translate("Window", "These are too many lines; up to 2000 can be added at once"),
    }[reason]


def copied(n: int) -> str:
    """Return what Copy says."""
    return plural(translate("Window", "%n line(s) copied", "", n), n)


def cleared(n: int) -> str:
    """Return what Clear completed says."""
    return plural(translate("Window", "%n completed model(s) taken off the list; the files stay", "", n), n)


def folder_missing() -> str:
    """Return what is said where there is no folder yet."""
    return translate("Window", "The folder does not exist yet")


def not_opened(what: str) -> str:
    """Return what is said where the system has no program for it."""
    return translate("Window", "The system could not open {what}").format(what=what)


def exported(n: int) -> str:
    """Return what Export says when it is done."""
    return plural(translate("Window", "%n name(s) written", "", n), n)


def file_failed(reason: str) -> str:
    """Return why a list could not be read or written."""
    return translate("Window", "The file could not be used: {reason}").format(reason=reason)


def verified(name: str, count: int, size_only: int) -> str:
    """Return what is said of a model after its files were found right, some by their size alone."""
    if size_only == count:
        text = translate("Window", "{name}: %n file(s) of the right size; no hash is published", "", count)
        return plural(text, count).format(name=name)
    text = plural(translate("Window", "{name}: %n file(s) verified, all is right", "", count), count)
    if size_only:
        return translate("Window", "{text}, {count} by size only").format(
            text=text.format(name=name), count=size_only
        )
    return text.format(name=name)


def found_damaged(name: str, bad: int, count: int) -> str:
    """Return what is said of a model after files were found damaged or missing."""
    text = translate(
        "Window", "{name}: {bad} of %n file(s) damaged or missing. Repair fetches only those", "", count
    )
    return plural(text, count).format(bad=bad, name=name)


def verifying_stopped(name: str) -> str:
    """Return what is said when a verification was stopped before its end."""
    return translate("Window", "{name} was not verified to the end").format(name=name)


# -- notices above the list ------------------------------------------------------------------------------------


def notice_hub(hub: str) -> str:
    """Say that the hub does not answer."""
    return translate(
        "Window", "{hub} cannot be reached. Downloads go on by themselves when it answers again."
    ).format(hub=hub)


def notice_space(free: str, need: str) -> str:
    """Say that the disk is too small for the queue."""
    return translate(
        "Window", "Not enough space: the queue needs {need}, but only {free} are free in the models folder."
    ).format(free=free, need=need)


def notice_unkept(reason: str) -> str:
    """Say that the list of downloads cannot be saved now."""
    return translate(
        "Window",
        "The list cannot be saved. {reason}. Downloads go on, and saving is tried again by itself; "
        "until then a restart may not know what changed. Make space in the data folder, or make it writable.",
    ).format(reason=reason)


def relocate_title(n: int) -> str:
    """Return the title of the dialog that asks for another folder."""
    return plural(translate("Window", "Choose another models folder for %n download(s)", "", n), n)


def relocating(folder: str) -> str:
    """Say that a move has begun."""
    return translate("Window", "Moving what came so far to {folder}").format(folder=folder)


def relocated(name: str, folder: str) -> str:
    """Say that a download goes on elsewhere."""
    return translate("Window", "{name} is saved in {folder} now").format(name=name, folder=folder)


def relocate_failed() -> str:
    """Return the heading of what is said where a move went wrong."""
    return translate("Window", "The move to another folder did not go well")


def relocate_again() -> str:
    """Return the answer that asks for a folder once more."""
    return translate("Window", "Choose another folder…")


def notice_button(name: str) -> str:
    """Return the text of a notice's button: `retry`, `settings`, `page`, `token` or `dismiss`."""
    return {
        "retry": translate("Window", "Try again"),
        "settings": translate("Window", "Settings…"),
        "page": translate("Window", "Open its page"),
        "token": wording_access.enter_token(),
        "dismiss": translate("Window", "Hide this notice"),
    }[name]


# -- empty pages -----------------------------------------------------------------------------------------------


def empty_title() -> str:
    """Return the heading of the empty list."""
    return translate("Window", "No models yet")


def empty_how() -> str:
    """Say how a model is added."""
    return translate(
        "Window", "Search in Browse, press Add, paste a name or a link with Ctrl+V, or drop one on this window."
    )


def empty_examples() -> str:
    """Lead to the examples."""
    return translate("Window", "Or begin with one of these:")


def example_tip(handle: str) -> str:
    """Return the tooltip of an example."""
    return translate("Window", "Add {handle}").format(handle=handle)


def no_match() -> str:
    """Say that the filter hides everything."""
    return translate("Window", "No model matches the filter")


def no_match_how() -> str:
    """Say what to do about it."""
    return translate("Window", "Other models are in the list, but none of that name and state.")


def clear_filter() -> str:
    """Return the text of the button that shows everything again."""
    return translate("Window", "Clear filter")
