"""What a hub says of its scan: its own words, bounded; nothing is taken for sound that it does not call so."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scans import ISSUES_MAX, WORD_CHARS_MAX, Finding, Scan, Verdict, finding, scan_of, short


def told(*issues: tuple[str, str], done: Any = True) -> Scan:
    found = [{"path": path, "level": level} for path, level in issues]
    scan = scan_of({"scansDone": done, "filesWithIssues": found})
    assert scan is not None
    return scan


def test_a_file_without_issues_is_clean_only_once_the_hub_has_looked_at_all() -> None:
    assert told().of(["a.bin"]) == Finding(Verdict.CLEAN)
    assert told(done=False).of(["a.bin"]) == Finding(Verdict.UNSCANNED)
    assert told(done="true").of(["a.bin"]).verdict is Verdict.UNSCANNED


def test_the_worst_of_the_files_counts() -> None:
    scan = told(("a.bin", "caution"), ("b.bin", "unsafe"), ("c.bin", "suspicious"))
    assert scan.of(["a.bin", "x.bin"]) == Finding(Verdict.SUSPICIOUS, "caution")
    assert scan.of(["a.bin", "b.bin", "c.bin"]) == Finding(Verdict.UNSAFE, "unsafe")
    assert scan.of(["x.bin"]).verdict is Verdict.CLEAN and scan.of([]).verdict is Verdict.CLEAN
    assert told(("a.bin", "unsafe"), ("a.bin", "caution")).of(["a.bin"]).verdict is Verdict.UNSAFE


@pytest.mark.parametrize(
    ("word", "verdict", "is_issue", "asks"),
    [
        ("safe", Verdict.CLEAN, False, False),
        ("unscanned", Verdict.UNSCANNED, False, False),
        ("queued", Verdict.UNSCANNED, False, False),
        ("error", Verdict.UNSCANNED, False, False),
        ("caution", Verdict.SUSPICIOUS, True, False),
        ("Suspicious", Verdict.SUSPICIOUS, True, False),
        ("unsafe", Verdict.UNSAFE, True, True),
        ("infected", Verdict.UNKNOWN, True, True),
        ("", Verdict.UNKNOWN, True, True),
    ],
)
def test_the_hubs_words(word: str, verdict: Verdict, is_issue: bool, asks: bool) -> None:
    found = finding(word)
    assert (found.verdict, found.is_issue, found.asks_first) == (verdict, is_issue, asks)
    assert found.word == word


@pytest.mark.parametrize("value", [None, [], "safe", 1, True])
def test_a_hub_that_tells_nothing_tells_nothing(value: Any) -> None:
    assert scan_of(value) is None


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"scansDone": True},
        {"scansDone": True, "filesWithIssues": None},
        {"scansDone": True, "filesWithIssues": [None]},
        {"scansDone": True, "filesWithIssues": [{"level": "unsafe"}]},
        {"scansDone": True, "filesWithIssues": [{"path": 1, "level": "unsafe"}]},
        {"filesWithIssues": []},
    ],
)
def test_what_makes_no_sense_is_never_taken_for_clean(value: dict[str, Any]) -> None:
    scan = scan_of(value)
    assert scan is not None and scan.of(["a.bin"]).verdict is Verdict.UNSCANNED


def test_an_issue_without_a_name_is_an_issue() -> None:
    scan = scan_of({"scansDone": True, "filesWithIssues": [{"path": "a.bin"}, {"path": "b.bin", "level": ["x"]}]})
    assert scan is not None
    assert scan.of(["a.bin"]) == scan.of(["b.bin"]) == Finding(Verdict.UNKNOWN)
    assert scan.of(["c.bin"]).verdict is Verdict.CLEAN


def test_a_list_that_is_too_long_leaves_nothing_that_is_clean() -> None:
    scan = told(*((f"{n}.bin", "caution") for n in range(ISSUES_MAX + 1)))
    assert len(scan.words) == ISSUES_MAX and scan.of([f"{ISSUES_MAX}.bin"]).verdict is Verdict.UNSCANNED


def test_a_word_is_one_short_line_of_readable_signs() -> None:
    assert short("very\n \u202ebad\0 thing") == "very bad thing"
    assert len(short("x" * 10_000)) == WORD_CHARS_MAX and short(None) == short(["unsafe"]) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=60),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["path", "level", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["scansDone", "filesWithIssues"]), JSON), st.lists(st.text(), max_size=4))
def test_answers_of_any_shape_are_read_and_clean_is_only_what_is_called_so(
    value: dict[str, Any], paths: list[str]
) -> None:
    scan = scan_of(value)
    assert scan is not None
    if scan.of(paths).verdict is Verdict.CLEAN:
        said = {"safe"} | ({""} if value.get("scansDone") is True else set())
        assert {scan.words.get(path, "").lower() for path in paths} <= said
        assert value["scansDone"] is True
