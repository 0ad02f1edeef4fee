"""The tables of states: complete, one signal each, and the derived state of a task."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine import Engine
from core.states import (
    ITEM_MOVES,
    ITEM_SIGNALS,
    TASK_MOVES,
    TASK_SIGNALS,
    Intent,
    ItemState,
    TaskState,
    derive_task_state,
)

It, T = ItemState, TaskState


def test_states_and_signals_are_a_bijection() -> None:
    names = [*TASK_SIGNALS.values(), *ITEM_SIGNALS.values()]
    assert set(TASK_SIGNALS) == set(TaskState)
    assert set(ITEM_SIGNALS) == set(ItemState)
    assert len(set(names)) == len(names) == len(TaskState) + len(ItemState)
    declared = {
        name
        for kind in Engine.__mro__
        for name, value in vars(kind).items()
        if name.startswith(("task_", "item_")) and type(value).__name__ == "Signal"
    }
    others = {"task_added", "task_about_to_be_removed", "task_removed", "task_moved", "task_relocated"}
    assert declared - others == set(names), "each state has its signal on the engine, and each signal its state"


def test_every_state_has_its_moves() -> None:
    assert set(TASK_MOVES) == set(TaskState)
    assert set(ITEM_MOVES) == set(ItemState)
    assert all(state not in moves for state, moves in [*TASK_MOVES.items(), *ITEM_MOVES.items()])


@pytest.mark.parametrize(
    ("intent", "items", "flags", "expected"),
    [
        (Intent.RUN, None, {}, T.QUEUED),
        (Intent.RUN, None, {"resolving": True}, T.RESOLVING),
        (Intent.RUN, None, {"failed": True}, T.FAILED),
        (Intent.PAUSE, None, {}, T.PAUSED),
        (Intent.CANCEL, None, {}, T.CANCELLED),
        (Intent.RUN, [It.WAITING], {}, T.QUEUED),
        (Intent.RUN, [It.WAITING], {"admitted": True}, T.RUNNING),
        (Intent.RUN, [It.TRANSFERRING, It.DONE], {"admitted": True}, T.RUNNING),
        (Intent.RUN, [It.VERIFYING, It.DONE], {"admitted": True}, T.VERIFYING),
        (Intent.RUN, [It.VERIFYING, It.TRANSFERRING], {"admitted": True}, T.RUNNING),
        (Intent.RUN, [It.DONE, It.SKIPPED], {"described": True}, T.DONE),
        (Intent.RUN, [It.DONE], {"admitted": True}, T.VERIFYING),
        (Intent.RUN, [It.FAILED, It.WAITING], {"admitted": True}, T.RUNNING),
        (Intent.RUN, [It.FAILED, It.DONE], {}, T.FAILED),
        (Intent.RUN, [It.PAUSED, It.DONE], {}, T.PAUSED),
        (Intent.PAUSE, [It.PAUSED, It.DONE], {}, T.PAUSED),
        (Intent.PAUSE, [It.DONE], {"described": True}, T.DONE),
        (Intent.CANCEL, [It.DONE, It.CANCELLED], {}, T.CANCELLED),
    ],
)
def test_the_state_of_a_task_follows_from_its_items(intent, items, flags, expected) -> None:
    assert derive_task_state(intent, items, **flags) is expected


@given(st.sampled_from(Intent), st.none() | st.lists(st.sampled_from(ItemState), min_size=1), st.data())
def test_a_task_without_live_items_is_never_shown_as_running(intent, items, data) -> None:
    flags = {name: data.draw(st.booleans()) for name in ("admitted", "resolving", "failed", "described")}
    state = derive_task_state(intent, items, **flags)
    wanted = [item for item in items or () if item.is_wanted]
    if state is T.RUNNING:
        assert any(item.is_live for item in wanted)
    if state is T.DONE:
        assert all(item is It.DONE for item in wanted)
