"""What the actions say: menu text, tool text and the sentence for the status bar.

Knows sentences and Qt's translation only. Texts are asked for at run time, so that a translator is heard.
"""

from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


class ActionText(NamedTuple):
    """Texts of an action: menu text with its mnemonic, short tool text, and the sentence for the status bar."""

    text: str
    tool: str
    status: str


def action_texts() -> dict[str, ActionText]:
    """Return the texts of every action by its objectName."""
    return {**_list_actions(), **_queue_actions(), **_model_actions(), **_window_actions()}


def _list_actions() -> dict[str, ActionText]:
    return {
        "actionAdd": ActionText(
            translate("Actions", "&Add models…"),
            translate("Actions", "Add"),
            translate("Actions", "Add models by name or link"),
        ),
        "actionBrowse": ActionText(
            translate("Actions", "&Browse models"),
            translate("Actions", "Browse"),
            translate("Actions", "Search the hub, look at models and pull them"),
        ),
        "actionPaste": ActionText(
            translate("Actions", "Add from the clip&board"),
            translate("Actions", "Paste"),
            translate("Actions", "Add the models whose names or links are in the clipboard"),
        ),
        "actionImport": ActionText(
            translate("Actions", "&Import a list…"),
            translate("Actions", "Import"),
            translate("Actions", "Add the models listed in a text file, one a line"),
        ),
        "actionExport": ActionText(
            translate("Actions", "&Export the list…"),
            translate("Actions", "Export"),
            translate("Actions", "Write the names of all models of the list to a text file, one a line"),
        ),
        "actionRemove": ActionText(
            translate("Actions", "Re&move from the list…"),
            translate("Actions", "Remove"),
            translate("Actions", "Take the selected models off the list; their files stay"),
        ),
        "actionRemoveWithFiles": ActionText(
            translate("Actions", "&Delete files…"),
            translate("Actions", "Delete files"),
            translate("Actions", "Take the selected models off the list and delete what Pulley downloaded of them"),
        ),
        "actionClearCompleted": ActionText(
            translate("Actions", "&Clear completed"),
            translate("Actions", "Clear completed"),
            translate("Actions", "Take all completed models off the list; their files stay"),
        ),
        "actionSelectAll": ActionText(
            translate("Actions", "Select &all"),
            translate("Actions", "Select all"),
            translate("Actions", "Select every row that is shown"),
        ),
    }


def stop_verifying() -> ActionText:
    """Return what Verify says while the selected models are being verified."""
    return ActionText(
        translate("Actions", "Stop &verifying"),
        translate("Actions", "Stop verifying"),
        translate("Actions", "Stop reading the selected files; nothing on the disk is changed"),
    )


def _queue_actions() -> dict[str, ActionText]:
    return {
        "actionResume": ActionText(
            translate("Actions", "&Resume"),
            translate("Actions", "Resume"),
            translate("Actions", "Let the selected downloads go on"),
        ),
        "actionPause": ActionText(
            translate("Actions", "&Pause"),
            translate("Actions", "Pause"),
            translate("Actions", "Stop the selected downloads for now; what came so far is kept"),
        ),
        "actionStartNow": ActionText(
            translate("Actions", "Start &now"),
            translate("Actions", "Start now"),
            translate("Actions", "Start the selected downloads without waiting for their turn"),
        ),
        "actionRetry": ActionText(
            translate("Actions", "&Try again"),
            translate("Actions", "Try again"),
            translate("Actions", "Try the selected failed downloads again"),
        ),
        "actionResumeAll": ActionText(
            translate("Actions", "Resume a&ll"),
            translate("Actions", "Resume all"),
            translate("Actions", "Let all paused downloads go on"),
        ),
        "actionPauseAll": ActionText(
            translate("Actions", "Pau&se all"),
            translate("Actions", "Pause all"),
            translate("Actions", "Pause everything that runs or waits"),
        ),
        "actionMoveUp": ActionText(
            translate("Actions", "Move &up"),
            translate("Actions", "Up"),
            translate("Actions", "Move the selected models up in the queue"),
        ),
        "actionMoveDown": ActionText(
            translate("Actions", "Move do&wn"),
            translate("Actions", "Down"),
            translate("Actions", "Move the selected models down in the queue"),
        ),
    }


def _model_actions() -> dict[str, ActionText]:
    return {
        "actionOpen": ActionText(
            translate("Actions", "&Open"),
            translate("Actions", "Open"),
            translate("Actions", "Open the finished file with the program that the system has for it"),
        ),
        "actionOpenFolder": ActionText(
            translate("Actions", "Open &folder"),
            translate("Actions", "Open folder"),
            translate("Actions", "Open the folder of the selected model"),
        ),
        "actionOpenPage": ActionText(
            translate("Actions", "Open model pa&ge"),
            translate("Actions", "Open model page"),
            translate("Actions", "Open the page of the selected model in the browser"),
        ),
        "actionEnterToken": ActionText(
            translate("Actions", "Enter &token…"),
            translate("Actions", "Enter token"),
            translate("Actions", "Enter an access token for a model that needs one"),
        ),
        "actionCopyId": ActionText(
            translate("Actions", "Copy &ID"),
            translate("Actions", "Copy ID"),
            translate("Actions", "Copy the names of the selected models"),
        ),
        "actionCopyLink": ActionText(
            translate("Actions", "Copy &link"),
            translate("Actions", "Copy link"),
            translate("Actions", "Copy the links of the selected models or files"),
        ),
        "actionCopyPath": ActionText(
            translate("Actions", "Copy &path"),
            translate("Actions", "Copy path"),
            translate("Actions", "Copy where the selected models or files are saved"),
        ),
        "actionCopyHash": ActionText(
            translate("Actions", "Copy &SHA-256"),
            translate("Actions", "Copy SHA-256"),
            translate("Actions", "Copy the SHA-256 of the selected files"),
        ),
        "actionChooseFiles": ActionText(
            translate("Actions", "C&hoose files…"),
            translate("Actions", "Choose files"),
            translate("Actions", "Choose which files of the selected model to download"),
        ),
        "actionRelocate": ActionText(
            translate("Actions", "Choose another fol&der…"),
            translate("Actions", "Choose another folder"),
            translate("Actions", "Let the selected downloads go on in another folder; what came so far is moved"),
        ),
        "actionVerify": ActionText(
            translate("Actions", "&Verify"),
            translate("Actions", "Verify"),
            translate("Actions", "Read the selected complete models or files again and compare size and hash"),
        ),
        "actionRepair": ActionText(
            translate("Actions", "Repai&r"),
            translate("Actions", "Repair"),
            translate("Actions", "Fetch damaged and missing files again; a damaged copy is kept beside it"),
        ),
        "actionProperties": ActionText(
            translate("Actions", "P&roperties"),
            translate("Actions", "Properties"),
            translate("Actions", "Show everything about the selected model below the list"),
        ),
    }


def _window_actions() -> dict[str, ActionText]:
    return {
        "actionFilter": ActionText(
            translate("Actions", "&Filter the list"),
            translate("Actions", "Filter"),
            translate("Actions", "Go to the filter field"),
        ),
        "actionToggleSidebar": ActionText(
            translate("Actions", "&Side bar"),
            translate("Actions", "Side bar"),
            translate("Actions", "Show or hide the bar on the left"),
        ),
        "actionToggleDetails": ActionText(
            translate("Actions", "&Details"),
            translate("Actions", "Details"),
            translate("Actions", "Show or hide the details below the list"),
        ),
        "actionSettings": ActionText(
            translate("Actions", "&Settings…"),
            translate("Actions", "Settings"),
            translate("Actions", "Choose folders, limits and the look"),
        ),
        "actionShortcuts": ActionText(
            translate("Actions", "&Keyboard shortcuts"),
            translate("Actions", "Keyboard shortcuts"),
            translate("Actions", "List every key that does something"),
        ),
        "actionLeftovers": ActionText(
            translate("Actions", "&Leftover files…"),
            translate("Actions", "Leftover files"),
            translate("Actions", "List what was set aside or not finished, with its size, and delete what can go"),
        ),
        "actionCopyDiagnostics": ActionText(
            translate("Actions", "Copy &diagnostics"),
            translate("Actions", "Copy diagnostics"),
            translate("Actions", "Copy versions, settings and the end of the log for a report, without secrets"),
        ),
        "actionAbout": ActionText(
            translate("Actions", "&About Pulley"),
            translate("Actions", "About Pulley"),
            translate("Actions", "Version and licences"),
        ),
        "actionQuit": ActionText(
            translate("Actions", "&Quit"),
            translate("Actions", "Quit"),
            translate("Actions", "Stop cleanly, keep every byte, and close"),
        ),
    }
