"""What the measurements make of their samples."""

import pytest

from tests.bench.figures import judged, number, ratios, spread, verdict
from tests.bench.rows import GROUPS, OURS, ROWS, Row, row_of

RATIO = Row("P1", "work", "s", "ratio", 1.0, 1.5, "peer")
VALUE = Row("P7", "work", "ms", "value", 8, 16)
GROWTH = Row("P12", "work", "s", "growth", 1.1, 1.25)


def test_a_ratio_is_the_median_of_the_pairs_not_the_ratio_of_the_medians() -> None:
    # The machine was twice as slow in the third pair: that is no news about either side.
    assert judged(RATIO, {OURS: [2.0, 2.0, 8.0], "peer": [2.0, 2.0, 4.0]}) == 1.0
    assert judged(RATIO, {OURS: [1.0, 2.0, 9.0], "peer": [2.0, 2.0, 3.0]}) == 1.0


def test_a_run_without_its_partner_is_left_out() -> None:
    assert ratios([1.0, 2.0, 3.0], [2.0, 2.0]) == [0.5, 1.0]
    assert ratios([1.0], [0.0]) == []


@pytest.mark.parametrize(
    ("row", "ours", "said"),
    [
        (RATIO, 1.0, "reached"),
        (RATIO, 1.5, "floor held"),
        (RATIO, 1.51, "missed"),
        (VALUE, 8.0, "reached"),
        (VALUE, 8.1, "floor held"),
        (VALUE, 16.1, "missed"),
        (Row("a", "w", "s", "value", None, 60), 60.0, "reached"),
        (Row("a", "w", "s", "value", None, 60), 61.0, "missed"),
        (Row("a", "w", "s", "shown"), 61.0, ""),
    ],
)
def test_a_figure_is_judged_by_goal_and_floor(row: Row, ours: float, said: str) -> None:
    assert verdict(row, {OURS: [ours], "peer": [1.0]}) == said


def test_growth_is_the_dearest_by_the_cheapest_wherever_they_stand() -> None:
    assert judged(GROWTH, {"small": [4.0], "middle": [3.0, 2.0, 9.0], "large": [2.0]}) == 2.0
    assert verdict(GROWTH, {"small": [2.0], "large": [2.2]}) == "reached"
    assert verdict(GROWTH, {"small": [2.0]}) == "not measured"


def test_a_run_that_was_stopped_may_be_the_dearest_but_never_the_cheapest() -> None:
    assert judged(GROWTH, {"10": [4.0], "100": [2.0], "1,000, stopped, more than": [1.0]}) == 2.0
    assert judged(GROWTH, {"10": [4.0], "100": [2.0], "1,000, stopped, more than": [8.0]}) == 4.0


def test_what_was_not_measured_is_said_to_be_so() -> None:
    for row in (RATIO, VALUE, GROWTH):
        assert judged(row, {}) is None
        assert verdict(row, {}) == "not measured"
    assert verdict(RATIO, {OURS: [1.0]}) == "not measured"


def test_a_spread_names_median_least_and_most_and_one_run_only_itself() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2.00 (1.00 to 3.00)"
    assert spread([2.5]) == "2.50"
    assert spread([]) == "-"


def test_numbers_have_the_digits_that_mean_something() -> None:
    assert [number(value) for value in (0.456, 9.994, 12.34, 4954.2)] == ["0.46", "9.99", "12.3", "4,954"]


def test_every_row_of_the_table_of_goals_is_there_with_goal_and_floor() -> None:
    numbered = [name for name in GROUPS if name[1:].isdigit()]
    assert numbered == [f"P{n}" for n in range(1, 13)] + [f"B{n}" for n in range(1, 5)]
    for row in ROWS:
        if row.key[1:].isdigit() and row.key[0] == "P":
            assert row.goal is not None and row.floor is not None and row.goal < row.floor
        assert (row.kind == "ratio") <= bool(row.peer), row.key
        assert row.kind == "shown" or row.floor is not None or (row.key[0] == "B" and row.goal), row.key
    assert len({row.key for row in ROWS}) == len(ROWS)


def test_goals_and_floors_are_those_that_were_set() -> None:
    aims = {key: (row_of(key).goal, row_of(key).floor) for key in ("P1", "P2", "P3", "P4", "P5", "P6", "P11")}
    assert aims == {
        "P1": (1.1, 1.35),
        "P2": (0.75, 0.95),
        "P3": (0.4, 0.6),
        "P4": (1.0, 1.3),
        "P5": (1.1, 1.3),
        "P6": (0.2, 0.35),
        "P11": (0.5, 0.9),
    }
    browse = {key: row_of(key).goal for key in ("B1", "B2", "B2.mixed", "B2.safetensors", "B3", "B4")}
    assert browse == {"B1": 150, "B2": 100, "B2.mixed": 100, "B2.safetensors": 100, "B3": 16.7, "B4": 3}
