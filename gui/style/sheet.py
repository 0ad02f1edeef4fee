"""The style sheet: one text with the tokens filled in. Pure.

Its marks are pictures under Qt's search path `sheet:`, in two colours each. Item views have no `::item` rules here:
their delegates paint them, and a rule would slow every row.
Widgets opt in by property: `primary=true` on a button, `muted=true` on a label, `side=true` on a frame or a list,
`field=true` on a list that stands among fields, `clear=true` on a flat text that shows its ground.
"""

from string import Template

from gui.style.tokens import Tokens

_SHEET = Template(
    """
QMainWindow, QDialog, QMessageBox { background: $ground; }
QToolTip { background: $panel; color: $text; border: 1px solid $line; padding: 4px 6px; }
QLabel[muted="true"] { color: $muted; }

QToolBar { background: $ground; border: none; border-bottom: 1px solid $line; padding: 8px; spacing: 4px; }
QToolBar::separator { background: $line; width: 1px; margin: 5px 8px; }
QToolButton { background: transparent; color: $text; border: 1px solid transparent; border-radius: 6px;
    padding: 6px 10px; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $selection; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $muted; }
QToolButton::menu-indicator { image: none; width: 0; }

QToolButton[chip="true"] { border: 1px solid $line; border-radius: 12px; padding: 3px 10px; color: $muted; }
QToolButton[chip="true"]:checked { border-color: $accent; color: $accent; background: transparent; }
QToolButton[chip="true"]:focus { border-color: $accent; }

QPushButton { background: $panel; color: $text; border: 1px solid $line; border-radius: 6px; padding: 6px 14px;
    min-height: 18px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $selection; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $muted; background: $side; }
QPushButton:flat { border-color: transparent; background: transparent; color: $accent; }
QPushButton[primary="true"], QToolButton[primary="true"] { background: $accent; color: $on_accent;
    border-color: $accent; }
QPushButton[primary="true"]:hover, QToolButton[primary="true"]:hover,
QPushButton[primary="true"]:pressed, QToolButton[primary="true"]:pressed { background: $accent_hover;
    border-color: $accent_hover; }
QPushButton[primary="true"]:focus, QToolButton[primary="true"]:focus { border-color: $text; }
QPushButton[primary="true"]:disabled, QToolButton[primary="true"]:disabled { background: $track; color: $muted;
    border-color: $track; }

QLineEdit, QPlainTextEdit, QTextEdit { placeholder-text-color: $muted; }
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox { background: $field; color: $text;
    border: 1px solid $line; border-radius: 6px; padding: 5px 8px; selection-background-color: $accent;
    selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
    border-color: $accent; }
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled { color: $muted; }
QTextBrowser, QPlainTextEdit[flat="true"], QTextEdit[flat="true"] { background: $panel; border: none;
    border-radius: 0; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("sheet:down-$mode.svg"); width: 14px; height: 14px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; background: transparent; width: 20px; }
QAbstractSpinBox::up-button { subcontrol-position: top right; margin-top: 3px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin-bottom: 3px; }
QAbstractSpinBox::up-arrow { image: url("sheet:up-$mode.svg"); width: 12px; height: 12px; }
QAbstractSpinBox::down-arrow { image: url("sheet:down-$mode.svg"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $panel; border: 1px solid $line; outline: 0;
    selection-background-color: $selection; selection-color: $text; }

QCheckBox, QRadioButton { color: $text; spacing: 8px; padding: 2px; }
QCheckBox:disabled, QRadioButton:disabled { color: $muted; }
QCheckBox::indicator, QAbstractItemView::indicator { width: 14px; height: 14px; border: 1px solid $edge;
    border-radius: 4px; background: $panel; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked { background: $accent; border-color: $accent;
    image: url("sheet:tick-$mode.svg"); }
QCheckBox::indicator:indeterminate, QAbstractItemView::indicator:indeterminate { background: $accent;
    border-color: $accent; image: url("sheet:dash-$mode.svg"); }
QCheckBox::indicator:disabled, QAbstractItemView::indicator:disabled { border-color: $line; background: $track; }
QCheckBox { border: 1px solid transparent; border-radius: 4px; }
QCheckBox:focus { border-color: $accent; }
QGroupBox { border: 1px solid $line; border-radius: 6px; margin-top: 10px; padding: 12px 10px 8px 10px; }
QGroupBox::title { subcontrol-origin: margin; left: 10px; padding: 0 4px; color: $muted; }

QAbstractItemView { background: $panel; color: $text; border: none; outline: 0; }
QAbstractItemView[field="true"] { background: $field; border: 1px solid $line; border-radius: 6px; padding: 2px; }
QAbstractItemView[field="true"]:focus { border-color: $accent; }
QPlainTextEdit[flat="true"][clear="true"] { background: transparent; }
QAbstractItemView[side="true"], QFrame[side="true"], QWidget[side="true"] { background: $side; }
QHeaderView { background: $panel; border: none; }
QHeaderView::section { background: $panel; color: $muted; border: none; border-bottom: 1px solid $line;
    padding: 6px 8px; }
QTableCornerButton::section { background: $panel; border: none; }

QTabWidget::pane { border: none; border-top: 1px solid $line; background: transparent; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; border: none; border-bottom: 2px solid transparent;
    padding: 8px 12px; min-height: 16px; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { background: $hover; }

QStatusBar { background: $side; color: $text; border-top: 1px solid $line; }
QStatusBar::item { border: none; }
QStatusBar QLabel { padding: 2px 6px; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }

QMenuBar { background: $ground; color: $text; padding: 2px 4px; }
QMenuBar::item { background: transparent; padding: 4px 8px; border-radius: 4px; }
QMenuBar::item:selected { background: $selection; }
QMenu { background: $panel; color: $text; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::icon { padding-left: 8px; }
QMenu::indicator { width: 16px; height: 16px; left: 8px; }
QMenu::indicator:checked { image: url("sheet:mark-$mode.svg"); }
QMenu::item:selected { background: $selection; color: $text; }
QMenu::item:disabled { color: $muted; }
QMenu::item:disabled:selected { background: transparent; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }

QProgressBar { background: $track; border: none; border-radius: 3px; max-height: 6px; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 2px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: $edge; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; }
"""
)


def sheet(tokens: Tokens) -> str:
    """Return the style sheet in the colours of `tokens`."""
    return _SHEET.substitute(tokens.colours(), mode="dark" if tokens.dark else "light")
