"""Signals by name, told where anybody listens: Qt's, and those of a process without a window."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import plain_signals, qt
from core.engine_signals import EngineSignals
from core.states import ITEM_SIGNALS, TASK_SIGNALS

SOURCE = Path(qt.__file__).with_name("engine_signals.py")


def without_qt() -> type[EngineSignals]:
    """Return the class as a process without a window has it."""
    found: dict[str, object] = {"__name__": "core.engine_signals"}
    text = SOURCE.read_text(encoding="utf-8")
    parts = plain_signals.Speaker, plain_signals.Signal, plain_signals.MetaMethod
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(qt, "signal_types", lambda: parts)
        exec(compile(text, str(SOURCE), "exec"), found)
    made = found["EngineSignals"]
    assert isinstance(made, type)
    return made


@pytest.fixture(params=["Qt", "plain"])
def engine(request: pytest.FixtureRequest) -> Iterator[EngineSignals]:
    kind = EngineSignals if request.param == "Qt" else without_qt()
    assert ("QObject" in [base.__name__ for base in kind.__mro__]) == (request.param == "Qt")
    yield kind()


def test_each_signal_of_the_tables_reaches_who_listens_and_nobody_else(engine: EngineSignals) -> None:
    heard: list[tuple[object, ...]] = []
    for name in ITEM_SIGNALS.values():
        getattr(engine, name).connect(lambda task_id, item_id, name=name: heard.append((name, task_id, item_id)))
    for name in ITEM_SIGNALS.values():
        engine.tell(name, "a/b", "model.gguf")
    assert heard == [(name, "a/b", "model.gguf") for name in ITEM_SIGNALS.values()]
    heard.clear()
    for name in TASK_SIGNALS.values():
        engine.tell(name, "a/b")  # nobody listens
    assert heard == []


def test_who_comes_late_hears_the_next_and_who_left_hears_nothing(engine: EngineSignals) -> None:
    heard: list[str] = []
    engine.tell("task_done", "before")
    engine.task_done.connect(heard.append)
    engine.tell("task_done", "meanwhile")
    engine.task_done.disconnect(heard.append)
    engine.tell("task_done", "after")
    assert heard == ["meanwhile"]


def test_engines_are_heard_apart_and_in_the_order_of_their_listeners(engine: EngineSignals) -> None:
    other, heard = type(engine)(), list[str]()
    engine.totals_updated.connect(lambda: heard.append("first"))
    engine.totals_updated.connect(lambda: heard.append("second"))
    other.totals_updated.connect(lambda: heard.append("other"))
    engine.totals_updated.emit()
    assert heard == ["first", "second"]


def test_a_listener_may_leave_while_it_hears_and_a_new_one_waits_for_the_next(engine: EngineSignals) -> None:
    heard: list[str] = []

    def once(task_id: str) -> None:
        heard.append(task_id)
        engine.task_done.disconnect(once)
        engine.task_done.connect(heard.append)

    engine.task_done.connect(once)
    engine.tell("task_done", "a")
    engine.tell("task_done", "b")
    assert heard == ["a", "b"]


def test_a_plain_listener_that_fails_says_so_and_the_others_hear_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, heard, failures = without_qt()(), list[str](), list[BaseException]()
    monkeypatch.setattr(sys, "excepthook", lambda _, error, __: failures.append(error))
    engine.task_done.connect(lambda _: [][0])
    engine.task_done.connect(heard.append)
    engine.tell("task_done", "a")
    assert heard == ["a"] and [type(error) for error in failures] == [IndexError]
    with pytest.raises(RuntimeError, match="not connected"):
        engine.task_done.disconnect(heard.clear)


def test_whoever_leaves_qt_out_gets_it_all_the_same_where_it_is_there() -> None:
    script = (
        "import sys\n"
        "from core import qt\n"
        "qt.leave_out()\n"
        "assert [kind.__module__ for kind in qt.signal_types()] == 3 * ['core.plain_signals']\n"
        "assert 'PySide6' not in sys.modules\n"
        "qt.load()\n"
        "assert [kind.__name__ for kind in qt.signal_types()] == ['QObject', 'Signal', 'QMetaMethod']\n"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=SOURCE.parent.parent, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
