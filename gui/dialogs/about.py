"""About Pulley: version and licences, Qt's among them."""

from PySide6 import __version__ as PYSIDE_VERSION
from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core import __version__
from gui import wording_dialogs as words
from gui.parts import SPACE_PX, column, fit, heading, plain_label
from gui.style.icons import app_icon
from gui.wording_window import title

LOGO_PX = 64
WIDTH_PX = 500


class AboutDialog(QDialog):
    """Says what this is and under which licences."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("aboutDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.about_title())
        layout = column(self)
        row = QHBoxLayout()
        row.setSpacing(SPACE_PX)
        logo = QLabel()
        logo.setPixmap(app_icon().pixmap(LOGO_PX))
        row.addWidget(logo, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.addWidget(heading(title()))
        texts.addWidget(plain_label(words.about_version(__version__), muted=True))
        for line in (
            words.about_what(),
            words.about_licences(qVersion(), PYSIDE_VERSION),
            words.about_quiet(),
        ):
            texts.addWidget(plain_label(line))
        texts.addStretch(1)
        row.addLayout(texts, 1)
        layout.addLayout(row)
        buttons = QDialogButtonBox()
        buttons.addButton(words.button("close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        fit(self, WIDTH_PX)
