"""The parts of Browse without a hub: rows, filters, memory, card, starting points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QUrl
from PySide6.QtGui import QImage, QPainter, QTextDocument
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from core.catalogue.records import Found, ModelFacts, Query, SizeRange, Sort
from gui import wording_browse as words
from gui import wording_model
from gui.browse import memory
from gui.browse.card_view import CardView, web_address
from gui.browse.filters import BILLION, FilterBar
from gui.browse.results_model import ResultsModel, Role
from gui.browse.results_view import ROW_PX, ResultDelegate, ResultsView
from gui.browse.start_list import STARTS, StartList
from gui.style.theme import Theme


def some(first: int, count: int) -> list[Found]:
    return [Found(f"org/model-{number}", downloads=number) for number in range(first, first + count)]


@pytest.fixture
def model(qapp: QApplication) -> ResultsModel:
    return ResultsModel(lambda repo: SizeRange(800_000_000, 6_400_000_000), lambda repo: "disk", lambda: True)


def test_rows_come_page_by_page_and_each_model_once(model: ResultsModel) -> None:
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show(some(0, 3))
    model.append(some(2, 3))
    assert [model.index(row).data() for row in range(model.rowCount())] == [f"model-{n}" for n in range(5)]
    assert model.row_of("org/model-4") == 4 and model.row_of("org/none") == -1
    model.show([])
    assert model.rowCount() == 0 and tester.model() is model


def test_further_rows_are_asked_for_by_the_view_alone(model: ResultsModel, qtbot: QtBot) -> None:
    model.show(some(0, 3))
    with qtbot.waitSignal(model.more_wanted):
        model.fetchMore(QModelIndex())
    assert model.canFetchMore(QModelIndex()) and not model.canFetchMore(model.index(0))


def test_a_row_says_all_that_is_known_of_it(model: ResultsModel) -> None:
    model.show([Found("bartowski/Llama-GGUF", 1_204_000, 612, 1_759_395_600.0, True, parameters=3_210_000_000)])
    index = model.index(0)
    assert index.data(Role.FACTS) == "bartowski   ↓ 1.2M   ♥ 612   3.2B   Oct 2025"
    assert index.data(Role.SIZES) == "0.8 – 6.4 GB" and index.data(Role.HERE) == "on disk"
    spoken = index.data(11)  # AccessibleTextRole
    for part in (
        "Llama-GGUF",
        "by bartowski",
        "1.2M downloads",
        "612 likes",
        "3.2B parameters",
        "gated",
        "on disk",
    ):
        assert part in spoken


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "—"), (0, "0"), (999, "999"), (1000, "1k"), (4_900, "4.9k"), (99_999, "100k"), (999_600, "1M"),
     (1_204_000, "1.2M"), (6_130_000, "6.1M"), (92_400_000, "92M")],
)  # fmt: skip
def test_counts_have_few_figures(number: int | None, text: str) -> None:
    assert words.count(number) == text


def test_sizes_share_their_unit() -> None:
    assert words.sizes(SizeRange(800_000_000, 900_000_000)) == "800 – 900 MB"
    assert words.sizes(SizeRange(5_000_000, 6_400_000_000)) == "5.00 MB – 6.40 GB"
    assert words.sizes(SizeRange(16_100_000_000, 16_100_000_000)) == "16.1 GB"
    assert words.sizes(None) == "" and words.parameters(None) == "" and words.month(None) == ""
    assert words.parameters(82_000_000) == "82M" and words.parameters(70_553_706_560) == "70.6B"


def test_only_rows_in_sight_are_told(model: ResultsModel, qtbot: QtBot) -> None:
    view = ResultsView(Theme())
    qtbot.addWidget(view)
    view.set_results(model)
    view.resize(400, 5 * ROW_PX)
    model.show(some(0, 1000))
    with qtbot.waitSignal(view.seen) as told:
        view.show()
    assert 1 <= len(told.args[0]) <= 7
    with qtbot.waitSignal(view.seen) as told:
        view.verticalScrollBar().setValue(500 * ROW_PX)
    assert told.args[0][0] == "org/model-500" and len(told.args[0]) <= 7


def test_a_scrolled_row_costs_what_is_in_sight_however_long_the_list_is(
    model: ResultsModel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    paint = ResultDelegate.paint

    def counted(self: ResultDelegate, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        painted.append(index.row())
        paint(self, painter, option, index)

    monkeypatch.setattr(ResultDelegate, "paint", counted)
    view = ResultsView(Theme())
    qtbot.addWidget(view)
    view.set_results(model)
    view.resize(400, 5 * ROW_PX)
    model.show(some(0, 10_000))
    with qtbot.waitSignal(view.seen):
        view.show()
    steps = 50
    painted.clear()
    for step in range(steps):
        view.verticalScrollBar().setValue((1000 + step) * ROW_PX)
        view.viewport().repaint()
        in_sight = range(1000 + step, 1000 + step + 6)
        assert set(painted) <= set(in_sight) and painted, "rows out of sight are not painted"
        assert len(painted) <= 2 * len(in_sight)
        painted.clear()
    assert len(model._texts) <= 6 + steps + 6, "words are made for rows that were in sight, once"


def test_filters_make_a_query_and_show_one(qtbot: QtBot) -> None:
    bar = FilterBar()
    qtbot.addWidget(bar)
    assert bar.query("x") == Query("x") and bar.active() == 0
    query = Query("y", Sort.LIKES, ("gguf",), "text-generation", "org", 0, 4 * BILLION, hide_gated=True)
    told: list[None] = []
    bar.changed.connect(lambda: told.append(None))
    bar.show_query(query)
    assert bar.query("y") == query and bar.active() == 5 and not told
    bar.formats["gguf"].click()
    assert len(told) == 1 and bar.query("y").formats == ()


QUERIES = st.builds(
    Query,
    text=st.text(max_size=30),
    sort=st.sampled_from(Sort),
    formats=st.sampled_from([(), ("gguf",)]),
    hide_gated=st.booleans(),
)


@given(st.lists(QUERIES, max_size=8))
def test_searches_are_remembered_as_they_were(recent: list[Query]) -> None:
    assert memory.from_text(memory.to_text(recent)) == tuple(recent)


@pytest.mark.parametrize(
    "text", ["", "{}", "null", "[1, null, []]", "[" * 10_000, '[{"text": 5, "formats": "gguf"}]']
)
def test_a_memory_that_makes_no_sense_is_forgotten(text: str) -> None:
    assert all(query == Query() for query in memory.from_text(text))


def test_the_last_searches_are_few_and_each_once() -> None:
    recent: tuple[Query, ...] = ()
    for number in range(20):
        recent = memory.remember(recent, Query(f"search {number}"))
    assert len(recent) == memory.RECENT_MAX and recent[0].text == "search 19"
    again = memory.remember(recent, Query("  SEARCH 18", Sort.LIKES))
    assert len(again) == memory.RECENT_MAX and again[0].sort is Sort.LIKES


def test_starting_points_are_searches(qtbot: QtBot) -> None:
    view = StartList(Theme())
    qtbot.addWidget(view)
    view.show_recent([Query("vision", formats=("gguf",))])
    assert view.item(0).text() == "vision  ·  GGUF" and view.count() == 1 + len(STARTS)
    with qtbot.waitSignal(view.chosen) as told:
        view.itemClicked.emit(view.item(1))
        view.setCurrentRow(1)
        view.itemClicked.emit(view.item(1))
    assert isinstance(told.args[0], Query)


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("http://example.org", "http://example.org"),
        ("LICENSE", "https://hub.test/o/m/blob/main/LICENSE"),
        ("/o/other", "https://hub.test/o/other"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("data:text/html,x", ""),
        ("mailto:a@b.test", ""),
        ("https://user:pass@evil.test/", ""),
        ("http://[", ""),
    ],
)
def test_only_links_to_the_web_lead_anywhere(target: str, wanted: str) -> None:
    assert web_address(target, "https://hub.test/o/m/blob/main/") == wanted


def test_a_card_loads_nothing_and_shows_html_as_text(qtbot: QtBot) -> None:
    view = CardView()
    qtbot.addWidget(view)
    view.show_card("# T\n\n<b>bold</b> <script>x()</script> <img src='a.png'>", base="https://hub.test/")
    assert "<script>x()</script>" in view.toPlainText() and "<b>" in view.toPlainText()
    picture = view.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl("https://hub.test/a.png"))
    assert isinstance(picture, QImage) and picture.isNull()
    for kind in QTextDocument.ResourceType:
        assert not view.loadResource(kind.value, QUrl("file:///etc/hostname")) or kind.value == 2


def test_names_that_lie_cannot_repaint_a_page() -> None:
    facts = ModelFacts(Found("o/m"), "", "a" * 40, (), tags=("a\nb", "\u202ec"), licence="x\x1b[31m")
    for text in (wording_model.page_facts(facts), wording_model.page_tags(facts, 9)):
        assert "\n" not in text and "\u202e" not in text and "\x1b" not in text
