"""The machine stays awake exactly as long as it is asked to, by a helper that dies with us."""

import sys

import pytest
from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.awake import Awake

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there it is a state of the thread, not a helper")

READS_UNTIL_END = "import sys; sys.stdin.read()"


def test_the_helper_runs_while_it_is_wanted_and_goes_after_that(qtbot: QtBot) -> None:
    asked: list[int] = []

    def find() -> list[str]:
        asked.append(1)
        return [sys.executable, "-c", READS_UNTIL_END]

    awake = Awake(find=find)
    awake.set(True)
    awake.set(True)
    assert len(asked) == 1 and awake.is_holding
    process = awake.findChild(QProcess)
    assert process is not None
    qtbot.waitUntil(lambda: process.state() is QProcess.ProcessState.Running)
    awake.set(False)
    assert process.state() is QProcess.ProcessState.NotRunning
    assert not awake.is_holding


def test_the_helper_ends_when_its_input_ends(qtbot: QtBot) -> None:
    awake = Awake(find=lambda: [sys.executable, "-c", READS_UNTIL_END])
    awake.set(True)
    process = awake.findChild(QProcess)
    assert process is not None
    with qtbot.waitSignal(process.finished):
        process.closeWriteChannel()  # as when Pulley dies
    awake.set(False)


def test_without_a_helper_nothing_happens(qapp: QApplication) -> None:
    awake = Awake(find=list)
    awake.set(True)
    assert not awake.is_holding
    awake.set(False)


def test_a_helper_that_cannot_start_is_no_error(qtbot: QtBot) -> None:
    awake = Awake(find=lambda: ["/nowhere/helper"])
    awake.set(True)
    awake.set(False)
    assert not awake.is_holding
