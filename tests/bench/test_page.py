"""The page that the measurements write."""

from typing import Any

from tests.bench.page import BEGIN, END, NOTES_EMPTY, notes_of, page, summary, table
from tests.bench.rows import CURL, GROUPS, OURS, ROWS

RESULTS: dict[str, Any] = {
    "machine": "Linux x86_64, 2 cores",
    "versions": {"Python": "3.11.7", "nginx": "1.22.1"},
    "rows": {
        "P1": {OURS: [3.0, 3.3, 3.6], CURL: [3.0, 3.0, 3.0]},
        "P7": {OURS: [20.0]},
        "P12": {"0.25 GiB": [3.0], "1 GiB": [3.3]},
    },
}


def row_with(text: str, lines: list[str]) -> str:
    [found] = [line for line in lines if text in line]
    return found


def test_the_page_names_machine_versions_and_every_row() -> None:
    text = page(RESULTS)
    assert "Machine: Linux x86_64, 2 cores." in text
    assert "Versions: Python 3.11.7, nginx 1.22.1." in text
    for row in ROWS:
        assert row.what in text
    for name in GROUPS:
        assert f"| {name} |" in text


def test_ours_and_the_peer_stand_side_by_side_with_the_ratio_and_what_came_of_it() -> None:
    line = row_with("| P1 |", table(RESULTS["rows"]))
    assert line.endswith(
        "| 1.1 | 1.35 | 3.30 (3.00 to 3.60) s | curl + openssl dgst: 3.00 (3.00 to 3.00) s | **1.10** | reached |"
    )


def test_a_missed_floor_is_called_missed() -> None:
    assert row_with("| P7 |", table(RESULTS["rows"])).endswith("| 8 ms | 16 ms | 20.0 ms |  | 20.0 ms | missed |")


def test_growth_names_every_size() -> None:
    assert "| 0.25 GiB: 3.00 s; 1 GiB: 3.30 s |  | **1.10** |" in row_with("| P12 |", table(RESULTS["rows"]))


def test_a_row_that_was_not_measured_is_not_left_out() -> None:
    assert row_with("| P4 |", table(RESULTS["rows"])).endswith("| - |  | - | not measured |")


def test_some_rows_can_be_shown_alone() -> None:
    lines = table(RESULTS["rows"], only=frozenset({"P1"}))
    assert len(lines) == 3
    assert summary(RESULTS["rows"], only=frozenset({"P1"})) == "1 reached"


def test_the_summary_counts_what_came_out_how() -> None:
    counted = summary(RESULTS["rows"])
    assert counted.startswith("2 reached, 1 missed, ") and counted.endswith(" not measured")


def test_what_was_written_by_hand_outlives_the_page() -> None:
    first = page(RESULTS)
    assert notes_of(first) == NOTES_EMPTY
    by_hand = first.replace(NOTES_EMPTY, "P7: painting.\n\nTried: less of it.")
    again = page({**RESULTS, "rows": {}}, old=by_hand)
    assert notes_of(again) == "P7: painting.\n\nTried: less of it."
    assert again.count(BEGIN) == again.count(END) == 1
    assert page(RESULTS, old=again) == by_hand


def test_a_page_of_before_without_marks_gives_no_notes() -> None:
    assert notes_of("# Performance\n\n| figure |\n") == NOTES_EMPTY
    assert notes_of(f"{BEGIN}\nhalf a page") == NOTES_EMPTY


def test_a_quick_run_says_that_it_was_one() -> None:
    assert "A quick run" in page({**RESULTS, "quick": True})
    assert "A quick run" not in page(RESULTS)
