"""Cyclic garbage with Qt objects in it is deleted on the Qt thread, whoever allocates."""

import gc
import threading

from PySide6.QtCore import QObject, QThread
from PySide6.QtWidgets import QApplication

from gui.garbage import Collector, collected_here


class Cycle(QObject):
    """An object in a cycle that notes which thread deletes it."""

    deleted_on: list[QThread]

    def __init__(self, deleted_on: list[QThread]) -> None:
        super().__init__()
        self.me = self
        self.deleted_on = deleted_on

    def __del__(self) -> None:
        self.deleted_on.append(QThread.currentThread())


def allocate() -> None:
    """Allocate enough containers to make the interpreter collect every generation."""
    kept = [[[]] for _ in range(200_000)]
    assert kept


def test_a_worker_that_allocates_never_deletes_what_belongs_to_qt(qapp: QApplication) -> None:
    deleted_on: list[QThread] = []
    with collected_here():
        Cycle(deleted_on)
        worker = threading.Thread(target=allocate)
        worker.start()
        worker.join()
        assert deleted_on == []
        assert not gc.isenabled()
    assert deleted_on == [qapp.thread()]
    assert gc.isenabled()


def test_garbage_is_collected_while_the_window_runs(qapp: QApplication) -> None:
    deleted_on: list[QThread] = []
    with collected_here():
        collector = Collector()
        Cycle(deleted_on)
        allocate()
        kept = [[] for _ in range(2000)]
        collector.look()
        collector.stop()
        assert kept and deleted_on == [qapp.thread()]
