"""The log on the disk: bounded, rotating, and without secrets. Set up by the process that holds the data folder.

Every record passes one scrubber, whatever wrote it: tokens, keys, passwords and the signed parts of addresses are
masked, lines cannot be forged. What cannot be written is left out; a full disk stops no download.
"""

import logging
import logging.handlers
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.patterns import pattern

FILE = "pulley.log"
FOLDER = "logs"
FILE_BYTES_MAX = 2**20
FILES_KEPT = 3  # beside the one being written: four megabytes in all
RECORD_CHARS_MAX = 4000
MASK = "***"

_SECRETS = (
    (pattern(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{4,}"), rf"\1 {MASK}"),
    (pattern(r"\b(hf|sk|ghp|gho|github_pat|ms)[-_][A-Za-z0-9_-]{6,}"), rf"\1_{MASK}"),
    (pattern(r"(?i)\b(token|password|passwd|secret|api[-_]?key|authorization|m_session_id)(\s*[=:]\s*)[^\s,;&'\"]+"),
     rf"\1\2{MASK}"),
    (pattern(r"([a-z][a-z0-9+.-]{1,12}://)[^\s/@'\"]*@", re.IGNORECASE), rf"\1{MASK}@"),
    (pattern(r"([a-z][a-z0-9+.-]{1,12}://[^\s?#'\"]+)[?#][^\s'\"]*", re.IGNORECASE), rf"\1?{MASK}"),
)  # fmt: skip
_UNSEEN = pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def scrub(text: str) -> str:
    """Return a text without secrets, in lines that nobody outside can forge."""
    for secret, instead in _SECRETS:
        text = secret.sub(instead, text)
    return _UNSEEN.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class Scrubbed(logging.Formatter):
    """One record a line; the lines of a traceback are indented, so that none looks like a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if len(text) > RECORD_CHARS_MAX:
            text = f"{text[:RECORD_CHARS_MAX]} … ({len(text)} characters)"
        return scrub(text).replace("\n", "\n    ")


class _Quiet(logging.handlers.RotatingFileHandler):
    """Leaves out what cannot be written: nobody could be told, and nothing else may fail for it."""

    def handleError(self, record: logging.LogRecord) -> None:
        return None


@contextmanager
def kept_log(data: Path) -> Iterator[Path]:
    """Write the records of our rooms to a file below `data` while this lasts; yield its path."""
    path = data / FOLDER / FILE
    loggers = [logging.getLogger(room) for room in ("core", "gui")]
    before = [logger.level for logger in loggers]
    handler = _open(path)
    for logger in loggers:
        if handler is not None:
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
    try:
        yield path
    finally:
        for logger, level in zip(loggers, before, strict=True):
            if handler is not None:
                logger.removeHandler(handler)
                logger.setLevel(level)
        if handler is not None:
            handler.close()


def _open(path: Path) -> logging.Handler | None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _Quiet(
            path, maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT, encoding="utf-8", errors="backslashreplace"
        )
        if os.name != "nt":
            os.chmod(path, 0o600)  # it names models and folders, which are nobody else's business
    except OSError:
        logging.getLogger(__name__).warning("The log %s cannot be written.", path)
        return None
    handler.setFormatter(Scrubbed())
    return handler


def last_lines(path: Path, count: int, *, read: Callable[[Path], bytes] = Path.read_bytes) -> list[str]:
    """Return the last lines of the log; empty where there is none."""
    try:
        return read(path).decode("utf-8", "replace").splitlines()[-count:]
    except OSError:
        return []
