"""Every colour of the window, once for light and once for dark.

Knows no widget and no Qt, so that the contrast rule (each text at least 4.5:1 on each ground) is a plain test.
"""

from msgspec import Struct
from msgspec.structs import asdict

MIN_CONTRAST = 4.5  # WCAG 2 AA for text of normal size

TEXT_TOKENS = ("text", "muted", "accent", "green", "amber", "red", "violet", "grey")
"""Tokens that words are written in."""

GROUND_TOKENS = ("ground", "panel", "side", "field", "selection", "hover")
"""Tokens that words stand on."""


class Tokens(Struct, frozen=True):
    """Colours as `#rrggbb`.

    Attributes:
        ground: Tool bar, dialogs. panel: Lists and details. side: Left bar, status bar. field: Line edits.
        line: Hairlines and borders. track: The empty part of a bar. selection, hover: Rows.
        text, muted: Words; `muted` also paints what is disabled. accent, on_accent: The one accent, words on it.
        accent_hover: The accent under the mouse. edge: The outline of a check box (3:1 on every ground).
        green: Done. amber: Waits to retry. red: Failed. violet: Verifying. grey: Paused, queued.
    """

    ground: str
    panel: str
    side: str
    field: str
    line: str
    track: str
    edge: str
    selection: str
    hover: str
    text: str
    muted: str
    grey: str
    accent: str
    accent_hover: str
    on_accent: str
    green: str
    amber: str
    red: str
    violet: str
    dark: bool = False

    def colours(self) -> dict[str, str]:
        """Return every colour by its name."""
        return {name: value for name, value in asdict(self).items() if name != "dark"}


LIGHT = Tokens(
    ground="#ffffff",
    panel="#ffffff",
    side="#f5f6f8",
    field="#f5f6f8",
    line="#e4e7ec",
    track="#e8ebf0",
    edge="#7b8494",
    selection="#e7effd",
    hover="#f2f5fa",
    text="#1d2129",
    muted="#5b6472",
    grey="#5b6472",
    accent="#1d5bd8",
    accent_hover="#184db8",
    on_accent="#ffffff",
    green="#14733f",
    amber="#875408",
    red="#b3261e",
    violet="#6b46c1",
)

DARK = Tokens(
    ground="#16181d",
    panel="#1b1e25",
    side="#13151a",
    field="#13151a",
    line="#2a2e38",
    track="#2b303b",
    edge="#7d8596",
    selection="#26324a",
    hover="#21252e",
    text="#e7e9ee",
    muted="#a0a7b6",
    grey="#a0a7b6",
    accent="#7cb0ff",
    accent_hover="#9cc4ff",
    on_accent="#0e1320",
    green="#5fcf8f",
    amber="#f0b35a",
    red="#ff9496",
    violet="#b9a0f5",
    dark=True,
)


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, 0.0 to 1.0 (WCAG 2)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """Return the contrast ratio of two colours, 1.0 to 21.0."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)
