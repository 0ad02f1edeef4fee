"""Which command is accepted in which state: one pure table for the engine, the window and the API.

An empty string is a yes; anything else is the reason, for a person to read.
"""

from collections.abc import Iterable
from enum import Enum

from core.states import ItemState, TaskState
from core.task import Item, Task

BEING_MOVED = "It is being moved to another folder."


class Command(Enum):
    """What can be asked of a task or of one of its items."""

    PAUSE = "pause"
    RESUME = "resume"
    START_NOW = "start_now"
    RETRY = "retry"
    CANCEL = "cancel"
    REMOVE = "remove"
    MOVE = "move"
    SKIP = "skip"
    CHOOSE = "choose"
    VERIFY = "verify"
    REPAIR = "repair"
    RELOCATE = "relocate"


def refusal(command: Command, task: Task, item: Item | None = None) -> str:
    """Return why `command` is refused for the task, or for one item of it; empty where it is accepted."""
    if item is not None:
        return _item_refusal(command, task, item)
    state = task.state
    match command:
        case Command.PAUSE:
            if state.is_live or task.check is not None:
                return ""
            return f"The download is {_word(state)}; there is nothing to pause."
        case Command.RESUME:
            return "" if state.is_resumable else f"The download is {_word(state)}; there is nothing to resume."
        case Command.START_NOW:
            if state is TaskState.DONE:
                return "The download is already complete."
            return "The download runs already." if state.is_active else ""
        case Command.RETRY:
            failed = state is TaskState.FAILED or task.count(ItemState.FAILED) > 0
            return "" if failed and state is not TaskState.CANCELLED else "Nothing has failed here."
        case Command.CANCEL:
            if state is TaskState.DONE:
                return "The download is already complete."
            return "The download is already cancelled." if state is TaskState.CANCELLED else ""
        case Command.REMOVE | Command.MOVE:
            return ""
        case Command.VERIFY:
            return _verify_refusal(task, None)
        case Command.REPAIR:
            return _repair_refusal(task, None)
        case Command.RELOCATE:
            return _relocate_refusal(task)
        case _:
            return "Choose single files for this."


def _item_refusal(command: Command, task: Task, item: Item) -> str:
    state = item.state
    if command in (Command.REMOVE, Command.MOVE, Command.CANCEL, Command.RELOCATE):
        return "This works on whole models only."
    if task.state is TaskState.CANCELLED:
        return "The download is cancelled; resume it first."
    match command:
        case Command.PAUSE:
            is_checked = task.check is not None and item.id in task.check.item_ids
            return "" if state.is_live or is_checked else f"The file is {_word(state)}; there is nothing to pause."
        case Command.VERIFY:
            return _verify_refusal(task, item)
        case Command.REPAIR:
            return _repair_refusal(task, item)
        case Command.RESUME | Command.RETRY | Command.START_NOW:
            if command is Command.RETRY and state is not ItemState.FAILED:
                return "This file has not failed."
            return "" if state.is_resumable else f"The file is {_word(state)}; there is nothing to resume."
        case Command.SKIP:
            if state is ItemState.DONE:
                return "The file is already complete."
            if state is ItemState.SKIPPED:
                return "The file is already left out."
            return "At least one file has to stay chosen." if task.wanted_count <= 1 else ""
        case _:
            if state is not ItemState.SKIPPED:
                return "The file is already chosen."
            if item.place is None:
                return item.failure.message if item.failure else "The name of this file is not safe."
            return ""


def _relocate_refusal(task: Task) -> str:
    if task.moving is not None:
        return BEING_MOVED
    if task.state is TaskState.DONE:
        return "The download is already complete; its files can be moved like any others."
    return "The download is cancelled; resume it first." if task.state is TaskState.CANCELLED else ""


def _failed_or_one(task: Task, item: Item | None) -> Iterable[Item]:
    """Return the item that is meant, or all of a task that may be damaged: of most tasks none is looked at."""
    if item is not None:
        return [item]
    return task.items.values() if task.count(ItemState.FAILED) else ()


def _verify_refusal(task: Task, item: Item | None) -> str:
    if task.moving is not None:
        return BEING_MOVED
    if task.state.is_live:
        return f"The download is {_word(task.state)}; what comes is verified before it is complete."
    if task.check is not None:
        return "It is being verified already."
    if item is None and task.count(ItemState.DONE):
        return ""
    is_checkable = any(one.is_checkable for one in _failed_or_one(task, item))
    return "" if is_checkable else "Nothing of it is complete yet."


def _repair_refusal(task: Task, item: Item | None) -> str:
    if task.moving is not None:
        return BEING_MOVED
    if task.state is TaskState.CANCELLED:
        return "The download is cancelled; resume it first."
    if any(one.is_damaged for one in _failed_or_one(task, item)):
        return ""
    return "Nothing is known to be damaged here; Verify looks for it."


def _word(state: TaskState | ItemState) -> str:
    return "complete" if state.value == "done" else state.value.replace("_", " ")
