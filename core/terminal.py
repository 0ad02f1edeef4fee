"""What a terminal shows of views: one live line a task, plain lines where stdout is no terminal, or JSON lines.

Takes views and events and writes; decides nothing, and knows neither where they come from nor the engine. Texts of
a hub are written without what could steer a terminal.
"""

import asyncio
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from core.sizes import size_text
from core.states import TaskState
from core.views import TaskView, files_text

BAR_CELLS = 20
PLAIN_EVERY_PERCENT = 25
DRAW_EVERY_S = 0.2
NAME_CELLS = range(12, 45)


def plain(text: str) -> str:
    """Return a text without characters that steer a terminal or that nobody can see."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def cells(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, width: int) -> str:
    """Return a text of at most `width` columns, shortened at its end."""
    if cells(text) <= width:
        return text
    while text and cells(text) >= width:
        text = text[:-1]
    return f"{text}…"


def fitted(text: str, width: int) -> str:
    """Return a text of exactly `width` columns; a long one is shortened in its middle."""
    if cells(text) > width:
        head, tail = text, text
        while cells(head) > width // 2 - 1:
            head = head[:-1]
        while cells(tail) > width - cells(head) - 1:
            tail = tail[1:]
        text = f"{head}…{tail}"
    return text + " " * (width - cells(text))


def time_text(seconds: float | None) -> str:
    """Return a time left for a person; empty where nobody can tell."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole >= 100 * 3600:
        return "> 99 h"
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def bar(percent: int, *, full: str = "█", empty: str = "░") -> str:
    """Return a bar of `BAR_CELLS` columns."""
    count = BAR_CELLS * percent // 100
    return full * count + empty * (BAR_CELLS - count)


def line_of(view: TaskView, width: int, *, full: str = "█", empty: str = "░") -> str:
    """Return the live line of a task, less than `width` columns: bar, percent, size, speed, time left, status."""
    figures = [
        size_text(view.size) if view.size else "",
        f"{size_text(round(view.rate))}/s" if view.rate >= 1 else "",
        time_text(view.eta_s),
        plain(view.status),
    ]
    room = max(NAME_CELLS[0], min(NAME_CELLS[-1], width // 3))
    drawn = bar(view.percent, full=full, empty=empty)
    text = f"{fitted(plain(view.id), room)} {drawn} {view.percent:3d} %  " + "  ".join(t for t in figures if t)
    return cut(text, max(2, width) - 1)


def row_of(view: TaskView, room: int) -> str:
    """Return the row of a task in a list: name, state, percent, size, status."""
    size = size_text(view.size) if view.size else ""
    more = view.message if view.state is TaskState.FAILED else view.status
    more = "" if more == view.state.value else more
    row = f"{fitted(plain(view.id), room)}  {view.state.value:<9}  {view.percent:3d} %  {size:>8}  {plain(more)}"
    return row.rstrip()


def news(old: TaskView | None, new: TaskView) -> list[str]:
    """Return what has happened to a task between two views, for people who read a log; without its name."""
    said: list[str] = []
    before = None if old is None else old.state
    if new.is_over:
        return [] if old is not None and (old.is_over, before) == (True, new.state) else [new.status]
    if new.state is not before and new.state in (TaskState.RESOLVING, TaskState.PAUSED):
        said.append(new.status)
    elif before is TaskState.PAUSED and new.state.is_live:
        said.append("goes on")
    if new.wanted and (old is None or not old.wanted):
        said.append(files_text(new))
    if new.waiting and (old is None or old.waiting != new.waiting):
        said.append(new.waiting_text)
    step = new.percent // PLAIN_EVERY_PERCENT
    if old is not None and new.state.is_active and step > old.percent // PLAIN_EVERY_PERCENT:
        speed = f" at {size_text(round(new.rate))}/s" if new.rate >= 1 else ""
        said.append(f"{new.percent} % of {size_text(new.size)}{speed}")
    return said


class Output:
    """Writes to a stream until nobody reads it any more (`| head`); what is done goes on without words."""

    def __init__(self, out: TextIO | None = None, *, encoding: str = "") -> None:
        # There is no stdout at all where whoever started us closed it.
        self.stream = out or sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        reconfigure = getattr(self.stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace", **({"encoding": encoding} if encoding else {}))

    @property
    def is_terminal(self) -> bool:
        """Lines can be drawn over."""
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"

    def can(self, text: str) -> bool:
        """Tell whether the stream has these characters."""
        try:
            text.encode(self.stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def write(self, text: str) -> None:
        """Write at once."""
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:
            self._mute()

    def _mute(self) -> None:
        """Point the stream at nothing: what is left in it would be said again when the process ends."""
        try:
            number = self.stream.fileno()
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, number)
            os.close(nothing)
        except (OSError, ValueError):
            self.stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  as long as the process


class Screen(Protocol):
    """Where views and events go."""

    def aside(self, say: Callable[[], None]) -> None:
        """Let `say` write on stderr, which may be the same terminal."""

    def show(self, view: TaskView) -> None:
        """Take the newest view of a task."""

    def event(self, text: str) -> None:
        """Take an event of the API."""

    def finish(self) -> None:
        """Show the last of it."""


class Silent:
    """Shows nothing."""

    def aside(self, say: Callable[[], None]) -> None:
        """Let `say` write on stderr, which may be the same terminal."""
        say()

    def show(self, view: TaskView) -> None:
        """Take the newest view of a task."""

    def event(self, text: str) -> None:
        """Take an event of the API."""

    def finish(self) -> None:
        """Show the last of it."""


class JsonLines(Silent):
    """Writes the events, one a line."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def event(self, text: str) -> None:
        """Write an event."""
        self._output.write(f"{text}\n")


class PlainLines(Silent):
    """Writes one line for each thing that happens."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._views: dict[str, TaskView] = {}

    def show(self, view: TaskView) -> None:
        """Write what is new."""
        old, self._views[view.id] = self._views.get(view.id), view
        for text in news(old, view):
            self._output.write(f"{plain(view.id)}: {plain(text)}\n")


class LiveLines(Silent):
    """Draws one line a task, over the ones before; a few times a second, on the running loop.

    Where there are more tasks than rows, those that are over are written once, above, and drawn no more.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._views: dict[str, TaskView] = {}
        self._written: dict[str, TaskState] = {}
        self._drawn = 0
        self._timer: asyncio.TimerHandle | None = None
        if os.name == "nt":
            os.system("")  # lets an old console understand escape sequences
        self._signs = ("█", "░") if output.can("█░…") else ("#", ".")

    def show(self, view: TaskView) -> None:
        """Draw it soon."""
        if view.is_over and self._written.get(view.id) is view.state:
            return
        self._written.pop(view.id, None)
        self._views[view.id] = view
        self._draw_soon()

    def _draw_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DRAW_EVERY_S, self._draw)

    def aside(self, say: Callable[[], None]) -> None:
        """Let `say` write where the lines stand; they are drawn again below it."""
        if self._drawn:
            self._output.write(f"\x1b[{self._drawn}A\r\x1b[J")
            self._drawn = 0
        say()
        self._draw_soon()

    def finish(self) -> None:
        """Draw the end."""
        if self._timer is not None:
            self._draw()

    def _draw(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        width, height = shutil.get_terminal_size((100, 24))
        over: list[TaskView] = []
        if len(self._views) >= height:
            over = [view for view in self._views.values() if view.is_over]
            for view in over:
                self._written[view.id] = view.state
                del self._views[view.id]
        above = self._lines(over, width)
        views = list(self._views.values())
        room = max(1, height - 2)
        if len(views) > room:
            views.sort(key=_rank)
            more = cut(f"{len(views) - room + 1} more", max(2, width) - 1)
            below = [*self._lines(views[: room - 1], width), more]
        else:
            below = self._lines(views, width)
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        self._output.write(up + "".join(f"\r{line}\x1b[K\n" for line in [*above, *below]) + "\x1b[J")
        self._drawn = len(below)

    def _lines(self, views: Sequence[TaskView], width: int) -> list[str]:
        full, empty = self._signs
        return [line_of(view, width, full=full, empty=empty) for view in views]


def _rank(view: TaskView) -> int:
    """Return the place of a task among more than there are rows: what moves, what will move, the rest."""
    return 0 if view.state.is_active else 1 if view.state.is_live else 2


def screen(*, quiet: bool = False, as_json: bool = False, out: TextIO | None = None) -> Screen:
    """Return the screen that was asked for, for where stdout goes."""
    if quiet:
        return Silent()
    output = Output(out, encoding="utf-8" if as_json else "")
    if as_json:
        return JsonLines(output)
    return LiveLines(output) if output.is_terminal else PlainLines(output)
