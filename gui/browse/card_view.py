"""The card of a model: Markdown without HTML, nothing fetched from anywhere, links only by a click.

Knows how a text is shown and which link may go to the browser. Must not know where the text came from.
"""

from typing import Any
from urllib.parse import urljoin, urlsplit

from PySide6.QtCore import QEvent, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QImage, QTextDocument
from PySide6.QtWidgets import QTextBrowser, QWidget

from gui import wording_model as words

MARGIN_PX = 16
_FEATURES = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML


def web_address(target: str, base: str) -> str:
    """Return where a link of a card leads; a relative one begins at `base`. Empty for what is no web page."""
    try:
        url = urljoin(base, target.strip())
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname and parts.username is None else ""


class CardView(QTextBrowser):
    """Shows a card.

    Signals:
        said: A sentence about a link.
    """

    said = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._text = ""
        super().__init__(parent)
        self.setObjectName("cardView")
        self.setAccessibleName(words.card_name())
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.document().setDocumentMargin(MARGIN_PX)
        self._base = self._text = ""
        self.anchorClicked.connect(self._open)
        self.highlighted.connect(self._tell_target)

    def show_card(self, text: str, *, base: str) -> None:
        """Show Markdown; `base` is where relative links begin."""
        self._base, self._text = base, text
        self.document().setMarkdown(text, _FEATURES)
        self.verticalScrollBar().setValue(0)

    def show_words(self, text: str) -> None:
        """Show a sentence in place of a card."""
        self._text = ""
        self.setPlainText(text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._text:
            place = self.verticalScrollBar().value()
            self.document().setMarkdown(self._text, _FEATURES)  # links have their colour from when they were read
            self.verticalScrollBar().setValue(place)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Give nothing that stands elsewhere: no request, no file; a picture is an empty one."""
        return QImage() if kind == QTextDocument.ResourceType.ImageResource.value else None

    def _open(self, target: QUrl) -> None:
        text = target.toString()
        if text.startswith("#"):
            return
        url = web_address(text, self._base)
        if url and QDesktopServices.openUrl(QUrl(url)):
            self.said.emit(words.link_opened(url))
        else:
            self.said.emit(words.link_refused(text))

    def _tell_target(self, target: QUrl) -> None:
        """Show where a link leads before it is clicked."""
        self.viewport().setToolTip(web_address(target.toString(), self._base))
