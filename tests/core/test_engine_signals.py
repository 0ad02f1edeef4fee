"""Signals by name, told where anybody listens."""

from core.engine_signals import EngineSignals
from core.states import ITEM_SIGNALS, TASK_SIGNALS


def test_each_signal_of_the_tables_reaches_who_listens_and_nobody_else() -> None:
    engine = EngineSignals()
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


def test_who_comes_late_hears_the_next_and_who_left_hears_nothing() -> None:
    engine = EngineSignals()
    heard: list[str] = []
    engine.tell("task_done", "before")
    engine.task_done.connect(heard.append)
    engine.tell("task_done", "meanwhile")
    engine.task_done.disconnect(heard.append)
    engine.tell("task_done", "after")
    assert heard == ["meanwhile"]
