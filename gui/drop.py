"""What a drop or a paste holds: lines to read as handles, or the reason why not.

Knows mime data and its limits. Must not know handles or the engine. A browser sends links as text/uri-list, an
editor sends text/plain; both may come together, then the addresses win.
"""

from typing import NamedTuple

from PySide6.QtCore import QMimeData, QUrl

TEXT_BYTES_MAX = 1 << 20
LINES_MAX = 2000  # each line becomes a row of the review


class Dropped(NamedTuple):
    """What came: `text` of lines, or a `refusal`: `file`, `image`, `large` or `lines`; both may be empty."""

    text: str
    refusal: str


def acceptable(mime: QMimeData) -> bool:
    """Tell whether a drag may hold handles; what it really holds is looked at when it is dropped."""
    return mime.hasUrls() or mime.hasText()


def read_mime(mime: QMimeData | None) -> Dropped:
    """Return the text of a drop or of the clipboard; an empty clipboard may have no data at all."""
    if mime is None:
        return Dropped("", "")
    if mime.hasUrls():
        urls = mime.urls()
        remote = [bytes(url.toEncoded().data()).decode() for url in urls if not url.isLocalFile()]
        if remote:
            return check_text("\n".join(remote))
        if urls:
            return Dropped("", _local_refusal(urls[0]))
    if mime.hasText():
        if len(mime.data("text/plain").data()) > TEXT_BYTES_MAX:
            return Dropped("", "large")
        return check_text(mime.text())
    return Dropped("", "image" if mime.hasImage() else "")


def check_text(text: str) -> Dropped:
    """Return the text, or why it is too much."""
    if len(text) > TEXT_BYTES_MAX:
        return Dropped("", "large")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > LINES_MAX:
        return Dropped("", "lines")
    return Dropped("\n".join(lines), "")


def _local_refusal(url: QUrl) -> str:
    name = url.toLocalFile().lower()
    if name.endswith((".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp")):
        return "image"
    return "file"  # or a folder: asking the disk could wait for a sleeping network share


def decode_list(raw: bytes) -> str:
    """Decode an imported list: UTF-8 with or without a mark, or UTF-16 with one.

    Raises:
        ValueError: It is neither, or too large.
    """
    if len(raw) > TEXT_BYTES_MAX:
        raise ValueError("it is larger than 1 MiB")
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError("it is not a text file") from error
    if "\0" in text:
        raise ValueError("it is not a text file")
    return text
