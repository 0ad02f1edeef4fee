"""The painter's colours say the same as the words."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QModelIndex, QPointF
from PySide6.QtGui import QColor, QHoverEvent, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.states import ItemState, TaskState
from gui.style.theme import Theme
from gui.style.tokens import Tokens
from gui.tree.columns import Column
from gui.tree.delegate import box_rect
from gui.tree.look import PAD_PX
from gui.tree.view import TaskTreeView
from tests.fakes.engine import FakeEngine


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[Theme]:
    style, font, palette = qapp.style().name(), qapp.font(), qapp.palette()
    made = Theme()
    made.apply(qapp, request.param)
    yield made
    qapp.setStyleSheet("")
    qapp.setStyle(style)
    qapp.setFont(font)
    qapp.setPalette(palette)


@pytest.fixture
def view(theme: Theme, engine: FakeEngine, qtbot: QtBot) -> TaskTreeView:
    made = TaskTreeView(theme)
    qtbot.addWidget(made)
    made.set_engine(engine)  # type: ignore[arg-type]
    made.resize(1000, 400)
    with qtbot.waitExposed(made):
        made.show()
    made.expandAll()
    return made


def index_of(view: TaskTreeView, column: Column, task: str, item: str | None = None) -> QModelIndex:
    assert view.source is not None
    return view.proxy.mapFromSource(view.source.index_of(task, item)).siblingAtColumn(column)


def picture(view: TaskTreeView, column: Column, task: str, item: str | None = None) -> QImage:
    return view.viewport().grab(view.visualRect(index_of(view, column, task, item))).toImage()


def colours(image: QImage) -> set[str]:
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def bar_colour(view: TaskTreeView, task: str, item: str | None = None) -> str:
    image = picture(view, Column.PROGRESS, task, item)
    return image.pixelColor(PAD_PX + 5, image.height() // 2).name()


@pytest.mark.parametrize(
    ("state", "token"),
    [
        (ItemState.TRANSFERRING, "accent"), (ItemState.DONE, "green"), (ItemState.BACKING_OFF, "amber"),
        (ItemState.PAUSED, "grey"), (ItemState.VERIFYING, "violet"), (ItemState.FAILED, "red"),
    ],
)  # fmt: skip
def test_the_bar_has_the_colour_of_the_state(
    view: TaskTreeView, theme: Theme, engine: FakeEngine, state: ItemState, token: str
) -> None:
    engine.script_progress("a/a", {"part-1.gguf": 500})
    engine.script_item("a/a", "part-1.gguf", state)
    assert bar_colour(view, "a/a", "part-1.gguf") == getattr(theme.tokens, token)


def test_the_rest_of_the_bar_is_track_and_nothing_kept_is_no_bar(
    view: TaskTreeView, theme: Theme, engine: FakeEngine
) -> None:
    assert bar_colour(view, "a/a", "part-1.gguf") == theme.tokens.track
    engine.script_progress("a/a", {"part-1.gguf": 500})
    image = picture(view, Column.PROGRESS, "a/a", "part-1.gguf")
    found = colours(image)
    assert theme.tokens.accent in found and theme.tokens.track in found
    assert theme.tokens.panel == image.pixelColor(PAD_PX + 5, image.height() // 2 - 6).name()


def test_unknown_progress_is_dashed(view: TaskTreeView, theme: Theme, engine: FakeEngine) -> None:
    engine.script_state("c/c", TaskState.RESOLVING)
    image = picture(view, Column.PROGRESS, "c/c")
    line = [image.pixelColor(x, image.height() // 2).name() for x in range(image.width())]
    starts = [x for x in range(1, len(line)) if line[x] == theme.tokens.accent != line[x - 1]]
    assert len(starts) >= 3


@pytest.mark.parametrize(
    ("state", "token"),
    [(ItemState.DONE, "green"), (ItemState.BACKING_OFF, "amber"), (ItemState.FAILED, "red"),
     (ItemState.VERIFYING, "violet"), (ItemState.TRANSFERRING, "muted"), (ItemState.PAUSED, "muted")],
)  # fmt: skip
def test_the_words_of_the_status_have_the_colour_of_the_state(
    view: TaskTreeView, theme: Theme, engine: FakeEngine, state: ItemState, token: str
) -> None:
    engine.script_item("a/a", "part-1.gguf", state)
    wanted = QColor(getattr(theme.tokens, token))
    found = colours(picture(view, Column.STATUS, "a/a", "part-1.gguf"))
    assert min(distance(QColor(name), wanted) for name in found) < 24  # strokes are thinner than a pixel


def distance(a: QColor, b: QColor) -> int:
    return abs(a.red() - b.red()) + abs(a.green() - b.green()) + abs(a.blue() - b.blue())


def test_a_selected_row_stands_on_the_selection_colour_from_edge_to_edge(view: TaskTreeView, theme: Theme) -> None:
    view.setCurrentIndex(index_of(view, Column.NAME, "a/a", "part-1.gguf"))
    image = view.viewport().grab().toImage()
    y = view.visualRect(view.currentIndex()).top() + 2
    edge = sum(view.columnWidth(column) for column in Column)
    assert {image.pixelColor(x, y).name() for x in range(min(edge, image.width()))} == {theme.tokens.selection}


def test_a_file_has_a_box_and_a_whole_model_its_cube_until_the_mouse_is_there(
    view: TaskTreeView, theme: Theme, engine: FakeEngine
) -> None:
    def edges(task: str, item: str | None = None) -> bool:
        rect = box_rect(view.visualRect(index_of(view, Column.NAME, task, item)), is_item=item is not None)
        image = view.viewport().grab(rect.adjusted(-1, -1, 1, 1).toAlignedRect()).toImage()
        edge = QColor(theme.tokens.edge)
        return min(distance(QColor(name), edge) for name in colours(image)) < 60

    assert edges("a/a", "part-1.gguf")
    engine.script_item("a/a", "part-2.gguf", ItemState.SKIPPED)
    assert edges("a/a", "part-2.gguf")
    assert not edges("a/a")  # most repos are chosen in part: a dash on every row would say nothing


def test_a_file_that_is_left_out_shows_no_bar(view: TaskTreeView, theme: Theme, engine: FakeEngine) -> None:
    assert theme.tokens.track in colours(picture(view, Column.PROGRESS, "a/a", "part-2.gguf"))
    engine.script_item("a/a", "part-2.gguf", ItemState.SKIPPED)
    assert theme.tokens.track not in colours(picture(view, Column.PROGRESS, "a/a", "part-2.gguf"))


def test_a_change_of_theme_repaints_the_tree(
    view: TaskTreeView, theme: Theme, engine: FakeEngine, qapp: QApplication
) -> None:
    engine.script_progress("a/a", {"part-1.gguf": 500})
    before: Tokens = theme.tokens
    theme.apply(qapp, "light" if before.dark else "dark")
    assert theme.tokens is not before
    assert bar_colour(view, "a/a", "part-1.gguf") == theme.tokens.accent


def test_painting_makes_no_new_fonts_or_icons(
    view: TaskTreeView, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gui.tree import look

    def refuse(*args: object, **more: object) -> None:
        raise AssertionError("made in a paint")

    for name in ("QFont", "QFontMetrics", "icon", "QPen", "QColor"):
        monkeypatch.setattr(look, name, refuse)
    assert not view.viewport().grab().isNull()


def test_hovering_swaps_the_cube_for_the_box(view: TaskTreeView) -> None:
    rect = view.visualRect(index_of(view, Column.NAME, "a/a"))
    before = view.viewport().grab(rect).toImage()
    place = QPointF(rect.center())
    event = QHoverEvent(QEvent.Type.HoverMove, place, view.viewport().mapToGlobal(place), QPointF(-1, -1))
    QApplication.sendEvent(view.viewport(), event)
    assert view.viewport().grab(rect).toImage() != before
