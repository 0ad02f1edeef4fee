"""The log: no secret in it, no forged line, bounded, and no trouble when it cannot be written."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import logbook
from core.logbook import kept_log, last_lines, scrub

CANARY = "hf_canaryTOKEN0123456789"


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"Authorization: Bearer {CANARY}", CANARY),
        (f"bearer {CANARY} and more", CANARY),
        (f"token={CANARY}", CANARY),
        (CANARY, "canary"),
        ("sk-abcdefghij0123456789", "abcdefghij"),
        ("password: hunter2!", "hunter2"),
        ("api_key=abc123", "abc123"),
        ("https://user:pa%20ss@proxy.example:3128/x", "pa%20ss"),
        ("socks5://user:word@host", "word"),
        ("GET https://cdn.example/f.gguf?Signature=abc&Expires=9 failed", "Signature"),
        ("see https://h.example/x#sha256=aa", "sha256"),
        ("Cookie m_session_id=abcdef", "abcdef"),
    ],
)
def test_no_secret_passes(text: str, gone: str) -> None:
    assert gone not in scrub(text)
    assert logbook.MASK in scrub(text)


@pytest.mark.parametrize(
    "text", ["org/repo: model.gguf is damaged", "https://huggingface.co/org/repo", "tokenizer.json"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub(text) == text


@given(st.text(max_size=300))
def test_a_record_is_one_line_whatever_is_in_it(text: str) -> None:
    record = logging.LogRecord("core.x", logging.INFO, "", 0, "%s", (text,), None)
    lines = logbook.Scrubbed().format(record).split("\n")
    assert all(line.startswith("    ") for line in lines[1:])
    assert "\r" not in lines[0] and "\x1b" not in "".join(lines)


def test_records_of_our_rooms_are_kept_and_foreign_ones_are_not(tmp_path: Path) -> None:
    with kept_log(tmp_path) as path:
        logging.getLogger("core.net").info("asking %s", f"https://hub.example/x?token={CANARY}")
        logging.getLogger("gui.app").warning("a line\nINFO forged")
        logging.getLogger("elsewhere").warning("not ours")
    text = path.read_text("utf-8")
    assert "asking https://hub.example/x?***" in text and CANARY not in text
    assert "\n    INFO forged" in text and "not ours" not in text
    assert path.stat().st_mode & 0o077 == 0
    logging.getLogger("core.net").warning("after the end")
    assert "after the end" not in path.read_text("utf-8")


def test_it_never_takes_more_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logbook, "FILE_BYTES_MAX", 10_000)
    with kept_log(tmp_path) as path:
        for n in range(3000):
            logging.getLogger("core.x").info("line %d %s", n, "x" * 50)
        logging.getLogger("core.x").info("y" * 10**6)
    files = list(path.parent.iterdir())
    assert len(files) == logbook.FILES_KEPT + 1
    assert all(file.stat().st_size <= 10_000 + logbook.RECORD_CHARS_MAX + 200 for file in files)


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").write_text("a file stands in the way")
    with kept_log(tmp_path) as path:
        logging.getLogger("core.x").info("said to nobody")
    assert last_lines(path, 5) == []
    with kept_log(tmp_path / "other") as path:
        handler = logging.getLogger("core").handlers[-1]

        def full(record: logging.LogRecord) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(handler.stream, "write", full)
        logging.getLogger("core.x").info("lost")


def test_the_last_lines_are_what_was_said_last(tmp_path: Path) -> None:
    with kept_log(tmp_path) as path:
        for n in range(10):
            logging.getLogger("core.x").info("line %d", n)
    assert [line[-6:] for line in last_lines(path, 3)] == ["line 7", "line 8", "line 9"]
