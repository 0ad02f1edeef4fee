"""Origins are taken as browsers send them, and what is none is told why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.origins import read_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://localhost:3000", "http://localhost:3000"),
        ("  HTTPS://Example.ORG/ ", "https://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("http://example.org:80/", "http://example.org"),
        ("http://example.org:443", "http://example.org:443"),
        ("http://127.0.0.1:08080", "http://127.0.0.1:8080"),
        ("http://[::1]:1420", "http://[::1]:1420"),
        ("http://[::1]", "http://[::1]"),
        ("tauri://localhost", "tauri://localhost"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_an_origin_is_brought_into_the_form_of_browsers(text: str, origin: str) -> None:
    assert read_origin(text) == (origin, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*", "any"),
        ("https://*.example.org", "any"),
        ("null", "null"),
        ("NULL", "null"),
        ("", "scheme"),
        ("localhost:3000", "scheme"),
        ("://host", "scheme"),
        ("1a://host", "scheme"),
        ("file:///home", "scheme"),
        ("file://", "scheme"),
        ("http://", "host"),
        ("http:///", "host"),
        ("http://a b", "host"),
        ("http://münchen.de", "host"),
        ("http://[::1", "host"),
        ("http://a\nhttp://b", "path"),
        ("https://example.org/app", "path"),
        ("https://example.org?x", "path"),
        ("https://example.org#x", "path"),
        ("https://user@example.org", "path"),
        ("https://example.org\\x", "path"),
        ("http://host:0", "port"),
        ("http://host:65536", "port"),
        ("http://host:port", "port"),
        ("http://host:", "port"),
        ("http://host:123456", "port"),
        ("http://host:٣", "port"),
        ("http://[::1]:x", "port"),
        ("http://" + "a" * 260, "long"),
    ],
)
def test_what_is_no_origin_is_told_why(text: str, reason: str) -> None:
    assert read_origin(text) == ("", reason)


@given(st.text() | st.from_regex(r"[a-z]{1,6}://[^ ]{0,30}"))
def test_exactly_one_of_origin_and_reason_is_there_and_reading_again_changes_nothing(text: str) -> None:
    origin, reason = read_origin(text)
    assert bool(origin) != bool(reason)
    if origin:
        assert read_origin(origin) == (origin, "")
