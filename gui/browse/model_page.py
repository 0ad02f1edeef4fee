"""The page of a model: what it is, what of it can be pulled, and its card.

Knows facts and a listing, and shows what it is given. Must not know who asked the hub, nor the engine: it
tells what a person wants to pull.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.catalogue.card import CARD_BYTES_MAX, Card
from core.catalogue.names import handle_of
from core.catalogue.records import ModelFacts, Revisions
from core.choosing import Kind, Listing
from core.errors import Failure
from core.records import Handle, Selection
from gui import wording_browse
from gui import wording_model as words
from gui.browse.card_view import CardView
from gui.choosing.caution import ask_first
from gui.choosing.pane import ChoicesPane
from gui.outside import open_url
from gui.parts import named, plain_label, plain_tip, splitter
from gui.style.icons import icon
from gui.style.theme import Theme
from gui.wording import one_line

TAGS_SHOWN = 6
TAGS_LEAST_PX = 420  # in a narrower page they would stand word under word
CARD_LEAST_PX = 90
UPPER_LEAST_PX = 200
CHOICES_LEAST_PX = 130
SECTIONS_PX = (200, 150, 110)
MARGIN_PX = 20


class TitleLabel(QLabel):
    """A large name, elided in the middle where it does not fit; the whole of it is in the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("modelTitle")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setWeight(QFont.Weight.DemiBold)
        self.setFont(font)
        self._whole = ""

    def show_name(self, name: str, tip: str) -> None:
        """Show a name."""
        self._whole = name
        self.setToolTip(plain_tip(tip))
        self.setAccessibleName(name)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, self.width()))


class ModelPage(QWidget):
    """Shows one model.

    Attributes:
        choices: What can be pulled.
        card: The card.
        pull: The button that pulls.

    Signals:
        pull_asked: A person pulls what is chosen (Handle, Selection).
        revision_asked: Another revision is to be shown (repo, revision).
        retry_asked: The model that could not be looked at is asked for again (repo).
        left: A person goes back to the results.
        said: A sentence about what happened.
    """

    pull_asked = Signal(object, object)
    revision_asked = Signal(str, str)
    retry_asked = Signal(str)
    left = Signal()
    said = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._facts: ModelFacts | None = None
        self._listing: Listing | None = None
        self._repo = ""
        self._where = ""
        self.setObjectName("modelPage")
        self.setAccessibleName(words.page_name())
        self._stack = QStackedWidget(self)
        self._words, self._retry = self._build_words()
        self._page = self._build_page()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.choices.changed.connect(self._show_choice)
        self.choices.taken.connect(self.pull.click)
        self.pull.clicked.connect(self._pull)
        self.card.said.connect(self.said)
        self.revision.activated.connect(self._on_revision)
        self._paint()
        theme.changed.connect(self._paint)
        self.show_nothing()

    # -- building ----------------------------------------------------------------------------------------------

    def _build_words(self) -> tuple[QLabel, QPushButton]:
        page = QWidget()
        label = plain_label(name="pageWords", muted=True)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        retry = named(QPushButton(wording_browse.try_again()), "pageRetry")
        retry.clicked.connect(lambda: self.retry_asked.emit(self._repo))
        column = QVBoxLayout(page)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.addStretch(2)
        column.addWidget(label)
        column.addSpacing(8)
        column.addWidget(retry, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self._stack.addWidget(page)
        return label, retry

    def _build_page(self) -> QWidget:
        page = QWidget()
        self.choices = ChoicesPane(self._theme)
        self.card = CardView()
        upper = QWidget()
        inside = QWidget()
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(MARGIN_PX, 16, MARGIN_PX, 0)
        inner.setSpacing(8)
        inner.addLayout(self._build_head())
        inner.addWidget(self.choices, 1)
        scroll = QScrollArea()  # in a low window the button that pulls stays in sight
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        inside.setAutoFillBackground(False)
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scroll, 1)
        column.addLayout(self._build_pull_row())
        self.choices.view.setMinimumHeight(CHOICES_LEAST_PX)
        for section, width in enumerate(SECTIONS_PX):
            self.choices.view.header().resizeSection(section, width)
        self.card.setMinimumHeight(CARD_LEAST_PX)
        self._note = plain_label(name="cardNote", muted=True)
        self._note.setContentsMargins(MARGIN_PX, 4, MARGIN_PX, 4)
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self._note)
        below.addWidget(self.card, 1)
        self.split = splitter(Qt.Orientation.Vertical, "pageSplitter", upper, lower)
        self.split.setSizes([600, 200])
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 1)
        upper.setMinimumHeight(UPPER_LEAST_PX)
        whole = QVBoxLayout(page)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.split)
        self._stack.addWidget(page)
        return page

    def _build_head(self) -> QVBoxLayout:
        self._title = TitleLabel()
        self._back = named(QToolButton(), "pageBack")
        self._back.setToolTip(words.back())
        self._back.setAccessibleName(words.back())
        self._back.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._back.clicked.connect(lambda: self.left.emit())
        self.revision = named(QComboBox(), "revisionBox")
        self.revision.setAccessibleName(words.revision_name())
        self.revision.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.revision.setMinimumContentsLength(9)
        self._open = named(QToolButton(), "openPage")
        self._open.setToolTip(words.open_page())
        self._open.setAccessibleName(words.open_page())
        self._open.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._open.clicked.connect(self._open_page)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._back)
        line.addWidget(self._title, 1)
        line.addWidget(self._open)
        line.setAlignment(self._open, Qt.AlignmentFlag.AlignTop)
        line.setAlignment(self._back, Qt.AlignmentFlag.AlignTop)
        self._subtitle = plain_label(name="modelFacts", muted=True)
        self._tags = plain_label(name="modelTags", muted=True)
        self._tags.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._gate = plain_label(words.page_gated(), name="gateNote")
        head = QVBoxLayout()
        head.setSpacing(4)
        head.addLayout(line)
        head.addWidget(self._subtitle)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self._tags, 1)
        below.addStretch(0)
        below.addWidget(self.revision)
        head.addLayout(below)
        head.addWidget(self._gate)
        return head

    def _build_pull_row(self) -> QHBoxLayout:
        self.pull = named(QPushButton(), "pullButton")
        self.pull.setProperty("primary", True)
        self._pull_note = plain_label(name="pullNote", muted=True)
        self._pull_note.setWordWrap(False)
        self._pull_note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.setContentsMargins(MARGIN_PX, 8, MARGIN_PX, 12)
        row.addWidget(self.pull)
        row.addWidget(self._pull_note, 1)
        return row

    def _paint(self) -> None:
        tokens = self._theme.tokens
        self._back.setIcon(icon("back", tokens))
        self._open.setIcon(icon("open-external", tokens))
        self.pull.setIcon(icon("downloading", tokens, role="on_accent"))
        self._gate.setStyleSheet(f"color: {tokens.amber};")

    # -- showing -----------------------------------------------------------------------------------------------

    @property
    def repo(self) -> str:
        """The model that is shown or awaited; empty for none."""
        return self._repo

    @property
    def listing(self) -> Listing | None:
        """What can be chosen from."""
        return self._listing

    def show_nothing(self) -> None:
        """Show that no model is open."""
        self._say("", words.choose_model())

    def show_waiting(self, repo: str) -> None:
        """Show that a model is being looked at; of the one that is shown already, the page stays."""
        if repo != self._repo or self._facts is None:
            self._say(repo, words.loading(repo))

    def show_failure(self, repo: str, failure: Failure) -> None:
        """Say why a model could not be looked at."""
        self._say(repo, wording_browse.told(failure))
        self._retry.show()

    def _say(self, repo: str, text: str) -> None:
        self._repo, self._facts, self._listing = repo, None, None
        self._words.setText(text)
        self._retry.hide()
        self._stack.setCurrentIndex(0)

    def show_facts(self, facts: ModelFacts, *, where: str) -> None:
        """Show a model; `where` says where it would be saved."""
        is_new = facts.found.repo != self._repo or self._facts is None
        self._repo, self._facts, self._where = facts.found.repo, facts, where
        self._title.show_name(one_line(facts.found.name), one_line(facts.found.repo))
        self._subtitle.setText(words.page_facts(facts))
        based = words.page_based(facts)
        self._tags.setText("  ·  ".join(text for text in (based, words.page_tags(facts, TAGS_SHOWN)) if text))
        self._gate.setVisible(facts.found.is_gated)
        if is_new:
            self._show_revisions(Revisions((facts.revision or "main",)))
        self.revision.setToolTip(words.revision_tip(facts.commit))
        handle = handle_of(facts.found.repo, facts.revision)
        self._listing = Listing(handle, facts.commit, facts.files, facts.scan)
        self.choices.set_listing(self._listing)
        self._show_choice()
        self._show_card_of(facts)
        self._stack.setCurrentIndex(1)

    def _show_card_of(self, facts: ModelFacts) -> None:
        self._note.hide()
        if facts.card_bytes is None:
            self.card.show_words(words.no_card())
        elif facts.card_bytes > CARD_BYTES_MAX:
            self.card.show_words(words.card_large(facts.card_bytes))
        else:
            self.card.show_words(words.card_coming())

    def show_revisions(self, revisions: Revisions) -> None:
        """Offer these branches and tags."""
        self._show_revisions(revisions)

    def _show_revisions(self, revisions: Revisions) -> None:
        now = (self._facts.revision if self._facts else "") or "main"
        names = list(dict.fromkeys((*revisions.branches, *revisions.tags)))
        if now not in names:
            names.insert(0, now)
        self.revision.clear()
        for name in names:
            self.revision.addItem(one_line(name), name)
        self.revision.setCurrentIndex(names.index(now))
        self.revision.setEnabled(len(names) > 1)

    def show_card(self, card: Card) -> None:
        """Show the card."""
        if self._facts is None:
            return
        base = f"{self._facts.page_url}/blob/{self._facts.revision or 'main'}/"
        if card.text.strip():
            self.card.show_card(card.text, base=base)
        else:
            self.card.show_words(words.no_card())
        self._note.setText(words.card_cut())
        self._note.setVisible(card.is_cut)

    def show_card_failure(self, failure: Failure) -> None:
        """Say why there is no card."""
        self.card.show_words(words.card_failed(failure))

    def _show_choice(self) -> None:
        """Bring the button and its line up to date with what is chosen."""
        pick = self.choices.pick
        if self._listing is None or pick is None:
            return
        refusal = self.choices.refusal() if self._listing.files else words.no_files()
        models = [row.name for row in pick.chosen_rows if row.kind is Kind.MODEL]
        what = models[0] if len(models) == 1 and not refusal else ""
        self.pull.setText(words.pull(pick.size if not refusal else None, one_line(what)))
        self.pull.setEnabled(not refusal)
        self._pull_note.setText(refusal or self._where)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tags.setVisible(self.width() >= TAGS_LEAST_PX)

    # -- doing -------------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Bring the keyboard to the choices."""
        if self._facts is not None:
            self.choices.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _pull(self) -> None:
        asked: tuple[Handle, Selection] | None = self.choices.request()
        if asked is not None and not self.choices.refusal():
            handle, selection = asked
            ask_first(self, self.choices, lambda: self.pull_asked.emit(handle, selection))

    def _on_revision(self, index: int) -> None:
        name = self.revision.itemData(index)
        if self._facts is not None and name != (self._facts.revision or "main"):
            self.revision_asked.emit(self._repo, "" if name == "main" else name)

    def _open_page(self) -> None:
        if self._facts is not None:
            open_url(self._facts.page_url)
