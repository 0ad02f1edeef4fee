"""What the dialogs say: adding, reviewing, removing, quitting, about, shortcuts, settings.

Knows sentences and Qt's translation only; sizes come in as texts.
"""

from PySide6.QtCore import QCoreApplication

from gui.wording import plural

translate = QCoreApplication.translate


def button(name: str) -> str:
    """Return a button: `add`, `cancel`, `remove`, `delete`, `quit`, `close`, `ok`, `apply`, `browse`."""
    return {
        "add": translate("Dialogs", "Add"),
        "cancel": translate("Dialogs", "Cancel"),
        "remove": translate("Dialogs", "Remove"),
        "delete": translate("Dialogs", "Delete files"),
        "quit": translate("Dialogs", "Quit"),
        "close": translate("Dialogs", "Close"),
        "ok": translate("Dialogs", "OK"),
        "apply": translate("Dialogs", "Apply"),
        "browse": translate("Dialogs", "Browse…"),
    }[name]


# -- add and review --------------------------------------------------------------------------------------------


def add_title() -> str:
    """Return the title of the add dialog."""
    return translate("Dialogs", "Add models")


def add_label() -> str:
    """Say what to type."""
    return translate("Dialogs", "&Names or links of models, one a line:")


def add_placeholder(example: str) -> str:
    """Return what the empty field says."""
    return translate("Dialogs", "for example {example}").format(example=example)


def add_paused() -> str:
    """Return the text of the check box that does not start."""
    return translate("Dialogs", "Add &paused")


def add_forms() -> str:
    """Return the heading of the accepted forms."""
    return translate("Dialogs", "What can be typed here")


def saved_under(folder: str) -> str:
    """Say where models go."""
    return translate("Dialogs", "Saved under {folder}").format(folder=folder)


def understood(good: int, bad: int) -> str:
    """Return how many lines are understood and how many are not."""
    if not good and not bad:
        return ""
    return translate("Dialogs", "{good} understood, {bad} not").format(good=good, bad=bad)


def add_button(good: int) -> str:
    """Return the text of the button that adds."""
    if not good:
        return button("add")
    return plural(translate("Dialogs", "Add %n model(s)", "", good), good)


def review_title() -> str:
    """Return the title of the review."""
    return translate("Dialogs", "Add these models?")


def review_nothing() -> str:
    """Return the heading of a review in which no line was understood."""
    return translate("Dialogs", "None of this was understood")


def review_from_link() -> str:
    """Say that another program or page asks for this."""
    return translate("Dialogs", "A web page or another program asks Pulley to download this. Nothing has started.")


def refused_line(line: str, reason: str) -> str:
    """Return a refused line with its reason, for screen readers and tooltips."""
    return translate("Dialogs", "{line}: {reason}").format(line=line, reason=reason)


# -- remove ----------------------------------------------------------------------------------------------------


def remove_title(n: int) -> str:
    """Return the title of the remove dialog."""
    return plural(translate("Dialogs", "Remove %n model(s) from the list?", "", n), n)


def delete_title(n: int) -> str:
    """Return the title of the dialog that deletes files."""
    return plural(translate("Dialogs", "Delete %n model(s) and their files?", "", n), n)


def remove_stops(n: int) -> str:
    """Say that running downloads stop."""
    return plural(translate("Dialogs", "%n download(s) still under way will stop.", "", n), n)


def remove_keeps(n: int, complete: str, unfinished: str) -> str:
    """Say what stays on the disk: `n` files, sizes as texts, `unfinished` empty where there is none."""
    if not n:
        return translate("Dialogs", "Nothing was saved on the disk yet.")
    if not unfinished:
        text = translate("Dialogs", "%n file(s) stay on the disk ({complete} complete).", "", n)
    else:
        text = translate(
            "Dialogs", "%n file(s) stay on the disk ({complete} complete, {unfinished} unfinished).", "", n
        )
    return plural(text, n).format(complete=complete, unfinished=unfinished)


def remove_pick_up() -> str:
    """Say that unfinished bytes are not lost."""
    return translate("Dialogs", "Add the model again to go on where it stopped.")


def delete_complete(n: int, size: str) -> str:
    """Say how many complete files go."""
    return plural(translate("Dialogs", "%n complete file(s) will be deleted: {size}.", "", n), n).format(size=size)


def delete_unfinished(n: int, size: str) -> str:
    """Say how many unfinished files go."""
    return plural(translate("Dialogs", "%n unfinished file(s) will be deleted: {size} so far.", "", n), n).format(
        size=size
    )


def delete_only_ours() -> str:
    """Say what is never touched."""
    return translate("Dialogs", "Only files that Pulley made are deleted. They would have to be downloaded again.")


# -- quit ------------------------------------------------------------------------------------------------------


def quit_title() -> str:
    """Return the title of the quit question."""
    return translate("Dialogs", "Quit while downloads are under way?")


def quit_text(n: int) -> str:
    """Say what quitting means for the downloads."""
    return plural(
        translate(
            "Dialogs", "%n download(s) will stop. Every byte is kept, and they go on at the next start.", "", n
        ),
        n,
    )


def do_not_ask_again() -> str:
    """Return the text of the check box."""
    return translate("Dialogs", "Do not ask &again")


# -- about and shortcuts ---------------------------------------------------------------------------------------


def about_title() -> str:
    """Return the title of the about dialog."""
    return translate("Dialogs", "About Pulley")


def about_version(version: str) -> str:
    """Return the version line."""
    return translate("Dialogs", "Version {version}").format(version=version)


def about_what() -> str:
    """Say what Pulley is."""
    return translate(
        "Dialogs", "Pulls machine-learning models: several at a time, verified to the last byte, resumable."
    )


def about_licences(qt: str, pyside: str) -> str:
    """Name our licence and Qt's."""
    return translate(
        "Dialogs",
        "Pulley is free software under the Apache License 2.0. It uses Qt {qt} through PySide6 {pyside}, both "
        "under the GNU Lesser General Public License, version 3 (LGPLv3).",
    ).format(qt=qt, pyside=pyside)


def about_quiet() -> str:
    """Say what Pulley never does."""
    return translate("Dialogs", "It sends no usage data and calls nobody but the hubs you ask.")


def shortcuts_title() -> str:
    """Return the title of the list of keys."""
    return translate("Dialogs", "Keyboard shortcuts")


def shortcuts_columns() -> tuple[str, str]:
    """Return the headings of the list of keys."""
    return translate("Dialogs", "Action"), translate("Dialogs", "Key")


# -- files -----------------------------------------------------------------------------------------------------


def import_title() -> str:
    """Return the title of the file dialog for reading a list."""
    return translate("Dialogs", "Import a list of models")


def export_title() -> str:
    """Return the title of the file dialog for writing a list."""
    return translate("Dialogs", "Export the list of models")


def list_filter() -> str:
    """Return the name filter of both."""
    return translate("Dialogs", "Text files (*.txt);;All files (*)")


def export_name() -> str:
    """Return the file name that is proposed."""
    return translate("Dialogs", "models.txt")


# -- settings --------------------------------------------------------------------------------------------------


def settings_title() -> str:
    """Return the title of the settings."""
    return translate("Settings", "Settings")


def settings_general() -> str:
    """Return the name of the first page."""
    return translate("Settings", "General")


def settings_heading(name: str) -> str:
    """Return a heading: `saving`, `limits`, `window`."""
    return {
        "saving": translate("Settings", "Saving"),
        "limits": translate("Settings", "At the same time"),
        "window": translate("Settings", "Window and machine"),
    }[name]


def settings_label(name: str) -> str:
    """Return the label of a setting."""
    return {
        "models_dir": translate("Settings", "&Models folder"),
        "parallel_tasks": translate("Settings", "Models in &parallel"),
        "connections_per_host": translate("Settings", "&Connections to one host"),
        "max_connections": translate("Settings", "Connections in &all"),
        "theme": translate("Settings", "&Theme"),
        "ask_before_quit": translate("Settings", "Ask before &quitting while downloads are under way"),
        "keep_awake": translate("Settings", "&Keep the machine awake while something is coming in"),
    }[name]


def settings_theme(name: str) -> str:
    """Return the name of a theme."""
    return {
        "system": translate("Settings", "As the system"),
        "light": translate("Settings", "Light"),
        "dark": translate("Settings", "Dark"),
    }[name]


def settings_folder_hint() -> str:
    """Say what the folder is for."""
    return translate("Settings", "For models that are added from now on; those in the list stay where they are.")


def settings_folder_problem(name: str) -> str:
    """Say what is wrong with the folder: `relative`, `file`, `readonly`."""
    return {
        "relative": translate("Settings", "Type the full path of a folder."),
        "file": translate("Settings", "This is a file, not a folder."),
        "readonly": translate("Settings", "You may not write to this folder."),
    }[name]


def settings_folder_new() -> str:
    """Say that the folder is made."""
    return translate("Settings", "This folder does not exist yet; it is made when it is needed.")
