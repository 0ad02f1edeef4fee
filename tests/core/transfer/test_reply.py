"""The head of a reply, and its first bytes, before one of them is used."""

from typing import Any

import pytest

from core.errors import DownloadError, GotWebPage, RemoteChanged, SizeMismatch
from core.transfer.control import Identity
from core.transfer.reply import RangeWrong, check_linked, check_range, check_start, range_refused

COMMIT, OTHER = "a" * 40, "b" * 40
HASH, OTHER_HASH = "c" * 64, "d" * 64
FILE = Identity("model.gguf", 100, f"sha256:{HASH}", COMMIT)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + HASH.encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-repo-commit": OTHER},
        {"x-linked-size": "101"},
        {"x-linked-etag": f'"{OTHER_HASH}"'},
        {"x-repo-commit": COMMIT, "x-linked-size": "99"},
    ],
)
def test_a_hub_that_leads_to_another_version_is_stopped_before_a_byte(headers: dict[str, str]) -> None:
    with pytest.raises(RemoteChanged, match="leads to another version"):
        check_linked(headers, FILE, host="hub.example")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-repo-commit": COMMIT, "x-linked-size": "100", "x-linked-etag": f'"{HASH}"'},
        {"x-linked-size": "many", "x-linked-etag": '"not a hash"'},
        {"x-linked-size": "", "x-repo-commit": ""},
    ],
)
def test_what_agrees_or_says_nothing_passes(headers: dict[str, str]) -> None:
    check_linked(headers, FILE, host="hub.example")


def test_a_direct_file_has_no_commit_to_compare_with() -> None:
    check_linked({"x-repo-commit": OTHER}, Identity("x", None, "", '"etag"'), host="h")


@pytest.mark.parametrize(
    ("first", "size", "name", "kind"),
    [
        (b"<!DOCTYPE html><html>", 10**9, "model.gguf", GotWebPage),
        (b"\xef\xbb\xbf \n<HTML lang=en>", None, "model.safetensors", GotWebPage),
        (POINTER, 10**9, "model.gguf", SizeMismatch),
        (POINTER, None, "model.gguf", SizeMismatch),
        (POINTER, 132, "pointer", None),
        (b"<!DOCTYPE html><html>", 100, "README.md", None),
        (b"<!DOCTYPE html><html>", 100, "page.HTML", None),
        (b"GGUF\3\0\0\0", 10**9, "model.gguf", None),
        (b"<htmlish", 10**9, "model.bin", None),
        (b"", 10**9, "model.bin", None),
    ],
)
def test_the_first_bytes_tell_a_web_page_and_a_pointer(
    first: bytes, size: int | None, name: str, kind: Any
) -> None:
    if kind is None:
        check_start(first, size=size, host="h", name=name)
    else:
        with pytest.raises(kind):
            check_start(first, size=size, host="h", name=name)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("bytes */101", RemoteChanged), ("bytes */100", RangeWrong), ("", RangeWrong), ("bytes */-1", RangeWrong)],
)
def test_a_refused_range_tells_a_shorter_file_from_a_confused_server(text: str, kind: type[DownloadError]) -> None:
    assert type(range_refused({"content-range": text}, size=100, host="h", name="x")) is kind


@pytest.mark.parametrize("text", ["", "bytes 1-9/100", "bytes 0-9", "items 0-9/100", "bytes 5-4/100"])
def test_a_range_that_is_not_the_one_asked_for_is_wrong(text: str) -> None:
    with pytest.raises(RangeWrong) as caught:
        check_range({"content-range": text}, 0, 10, size=100, name="x")
    assert caught.value.kind == "TransferError", "what a person and the store see is a class of the tree"
