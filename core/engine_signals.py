"""What an engine tells. Knows nothing: whoever listens finds the names here."""

from typing import TYPE_CHECKING

from core.qt import signal_types

if TYPE_CHECKING:
    from PySide6.QtCore import QMetaMethod, QObject, Signal
else:
    QObject, Signal, QMetaMethod = signal_types()


class EngineSignals(QObject):
    """Every signal of an engine, in the past tense; a QObject, but in a process without a window (`core.qt`).

    Signals:
        task_added(id), task_about_to_be_removed(id), task_removed(id), task_moved(id): The list changed.
        items_added(id): The files of a task are known.
        task_STATE(id): A task came into that state; one signal a TaskState.
        item_STATE(task id, item id): An item came into that state; one signal an ItemState.
        progress_updated({task id: (item id, ...)}): Numbers changed; at most four times a second.
        totals_updated(): `totals` changed; at most four times a second.
        task_relocated(id, problem): A move to another folder ended; `problem` says what went wrong, if anything.
        keeping_changed(): `keeping_error` changed.
        verification_progressed(id): `task.check` began or counted on; at most four times a second.
        verification_ended(id, count, stopped): `count` files are bad or missing, unless it was stopped before.
    """

    task_added = Signal(str)
    task_about_to_be_removed = Signal(str)
    task_removed = Signal(str)
    task_moved = Signal(str)
    items_added = Signal(str)
    task_queued = Signal(str)
    task_resolving = Signal(str)
    task_running = Signal(str)
    task_verifying = Signal(str)
    task_paused = Signal(str)
    task_done = Signal(str)
    task_failed = Signal(str)
    task_cancelled = Signal(str)
    item_waiting = Signal(str, str)
    item_connecting = Signal(str, str)
    item_transferring = Signal(str, str)
    item_backing_off = Signal(str, str)
    item_verifying = Signal(str, str)
    item_paused = Signal(str, str)
    item_done = Signal(str, str)
    item_skipped = Signal(str, str)
    item_failed = Signal(str, str)
    item_cancelled = Signal(str, str)
    progress_updated = Signal(object)
    totals_updated = Signal()
    task_relocated = Signal(str, str)
    keeping_changed = Signal()
    verification_progressed = Signal(str)
    verification_ended = Signal(str, int, bool)

    def __init__(self) -> None:
        super().__init__()
        self._methods: dict[str, QMetaMethod] = {}

    def tell(self, name: str, *args: object) -> None:
        """Emit the signal of this name, if anybody listens.

        Qt lets go of the interpreter's lock for each signal, heard or not, and gets it back from the threads that
        write 0.15 ms later: for the four states of a small file that is a tenth of all it costs.
        """
        signal = getattr(self, name)
        method = self._methods.get(name)
        if method is None:
            method = self._methods[name] = QMetaMethod.fromSignal(signal)
        if self.isSignalConnected(method):
            signal.emit(*args)
