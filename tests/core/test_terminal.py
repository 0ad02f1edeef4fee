"""What a terminal is shown of views: lines, their width, news, and what a hub's names cannot do to it."""

import asyncio
import io
from typing import Any

import pytest

from core import terminal
from core.states import TaskState
from core.terminal import bar, cells, fitted, line_of, news, plain, row_of, screen, time_text
from core.views import TaskView
from tests.fakes.glass import Glass

RUNNING = TaskView(
    "bartowski/Llama-3.2-1B-Instruct-GGUF", TaskState.RUNNING, percent=42, size=808_000_000, durable=339_360_000,
    rate=12_300_000.0, eta_s=38.2, done=0, wanted=1,
)  # fmt: skip


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_live_line_has_bar_percent_size_speed_and_time_left() -> None:
    line = line_of(RUNNING, 120)
    for part in (RUNNING.id, bar(42), " 42 %", "808 MB", "12.3 MB/s", "38 s", "0 of 1 file"):
        assert part in line


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 200])
@pytest.mark.parametrize("name", ["short", "org/" + "x" * 200, "org/模型模型模型模型模型模型模型模型模型"])
def test_no_line_is_as_wide_as_the_terminal(width: int, name: str) -> None:
    line = line_of(TaskView(name, TaskState.FAILED, message="名" * 100), width)
    assert cells(line) <= max(1, width - 1)


@pytest.mark.parametrize("text", ["", "a", "abcdefghijklmnop", "模型模型模型模型模型", "e\u0301" * 20])
def test_a_fitted_text_takes_exactly_its_columns(text: str) -> None:
    assert cells(fitted(text, 12)) == 12


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.4, "0 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (7260, "2 h 01 min"), (1e9, "> 99 h")],
)
def test_times_are_for_people(seconds: float | None, text: str) -> None:
    assert time_text(seconds) == text


def test_names_of_a_hub_steer_no_terminal() -> None:
    evil = "org/\x1b]0;owned\x07\x1b[2J\r\n\u202egpj.exe\u200b\x9b31m"
    assert plain(evil).isprintable() and plain("模型 ä/ok") == "模型 ä/ok"
    view = TaskView(evil, TaskState.FAILED, message=evil, waiting=evil)
    assert line_of(view, 100).isprintable() and row_of(view, 40).isprintable()
    out = io.StringIO()
    shown = screen(out=out)
    shown.show(view)
    assert all(line.isprintable() for line in out.getvalue().split("\n"))


Step = dict[str, Any]
STORY: list[tuple[Step, list[str]]] = [
    ({"state": TaskState.QUEUED}, []),
    ({"state": TaskState.RESOLVING}, ["fetching file list"]),
    ({"wanted": 2, "size": 2_000_000}, ["2 files, 2 MB"]),
    ({"state": TaskState.RUNNING}, []),
    ({"percent": 24}, []),
    ({"percent": 26, "rate": 1000.0}, ["26 % of 2 MB at 1 kB/s"]),
    ({"percent": 49}, []),
    ({"waiting": "no answer", "retry_s": 8}, ["retrying in 8 s: no answer"]),
    ({"retry_s": 7}, []),
    ({"waiting": "", "retry_s": None}, []),
    ({"percent": 90}, ["90 % of 2 MB at 1 kB/s"]),
    ({"state": TaskState.PAUSED}, ["paused"]),
    ({"state": TaskState.QUEUED}, ["goes on"]),
    ({"state": TaskState.RUNNING}, []),
    ({"state": TaskState.VERIFYING}, []),
    ({"state": TaskState.DONE, "percent": 100}, ["complete, verified"]),
    ({"rate": 0.0}, []),
]


def test_a_log_has_one_line_for_each_thing_that_happens() -> None:
    old = None
    fields: Step = {"id": "a"}
    for changes, said in STORY:
        fields |= changes
        view = TaskView(**fields)
        assert news(old, view) == said, view
        old = view


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (TaskView("a", TaskState.FAILED, message="it broke"), ["failed: it broke"]),
        (TaskView("a", TaskState.CANCELLED), ["cancelled"]),
        (TaskView("a", TaskState.RUNNING, is_removed=True), ["removed from the list"]),
    ],
)
def test_an_end_is_said_once(view: TaskView, said: list[str]) -> None:
    assert news(TaskView("a", TaskState.RUNNING), view) == said
    assert news(view, view) == []


async def test_live_lines_are_drawn_over_the_ones_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "DRAW_EVERY_S", 0.0)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    out = Tty()
    shown = screen(out=out)
    for number in range(3):
        shown.show(TaskView(f"model-{number}", TaskState.RUNNING))
    await asyncio.sleep(0.01)
    assert out.getvalue().count("\n") == 3 and "\x1b[3A" not in out.getvalue()
    shown.show(TaskView("model-1", TaskState.DONE, percent=100))
    shown.finish()
    again = out.getvalue().rpartition("\x1b[3A")[2]
    assert again.count("\n") == 3 and "complete, verified" in again


async def test_many_tasks_show_the_active_ones_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("TERM", "xterm")
    out = Tty()
    shown = screen(out=out)
    for number in range(40):
        shown.show(TaskView(f"model-{number}", TaskState.RUNNING if number % 2 else TaskState.QUEUED))
    shown.finish()
    assert out.getvalue().count("\n") == 8 and "model-1 " in out.getvalue() and "queued" not in out.getvalue()


async def test_more_tasks_than_rows_end_with_a_line_for_each_and_what_stands_stays_visible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("TERM", "xterm")
    out = Tty()
    shown = screen(out=out)

    def glass() -> list[str]:
        shown.finish()
        seen = Glass()
        seen.take(out.getvalue())
        return seen.text.splitlines()

    for number in range(30):
        state = TaskState.RUNNING if number < 2 else TaskState.PAUSED if number < 4 else TaskState.QUEUED
        shown.show(TaskView(f"model-{number}", state))
    rows = glass()
    assert [row.split()[0] for row in rows[:3]] == ["model-0", "model-1", "model-4"], "what moves, then the queue"
    assert len(rows) == 8 and rows[-1] == "23 more"
    for number in (7, 3):
        shown.show(TaskView(f"model-{number}", TaskState.DONE, percent=100))
        shown.show(TaskView(f"model-{number}", TaskState.DONE, percent=100, rate=1.0))
    rows = glass()
    assert [row.split()[0] for row in rows[:2]] == ["model-3", "model-7"] and rows[-1] == "21 more"
    shown.show(TaskView("model-7", TaskState.DONE, percent=100))
    for number in range(30):
        shown.show(TaskView(f"model-{number}", TaskState.DONE, percent=100))
    rows = glass()
    assert sorted(row.split()[0] for row in rows) == sorted(f"model-{number}" for number in range(30))


async def test_what_is_said_aside_stands_above_the_lines_that_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    out = Tty()
    shown = screen(out=out)
    for number in range(2):
        shown.show(TaskView(f"model-{number}", TaskState.RUNNING))
    shown.finish()
    shown.aside(lambda: print("it broke", file=out))
    shown.finish()
    seen = Glass()
    seen.take(out.getvalue())
    assert [row.split()[0] for row in seen.text.splitlines()] == ["it", "model-0", "model-1"]


def test_quiet_and_json_show_what_they_should() -> None:
    out = io.StringIO()
    quiet = screen(quiet=True, out=out)
    quiet.show(RUNNING)
    quiet.event("{}")
    quiet.finish()
    assert out.getvalue() == ""
    lines = screen(as_json=True, out=out)
    lines.show(RUNNING)
    lines.event('{"type": "DownloadSuccess"}')
    lines.finish()
    assert out.getvalue() == '{"type": "DownloadSuccess"}\n'


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
async def test_a_terminal_without_our_signs_gets_plain_ones(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")

    class Old(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    out = Old(raw, encoding=encoding)
    shown = screen(out=out)
    shown.show(TaskView("org/模型", TaskState.RUNNING, percent=50))
    shown.finish()
    assert "##########.........." in raw.getvalue().decode(encoding)
