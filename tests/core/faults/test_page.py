"""The page about reliability names what is there, and the catalogue is accounted for."""

import pytest

from tests.core.faults.case import Group
from tests.core.faults.page import PAGE, rows_of
from tests.core.faults.registry import GROUPS, all_cases


def test_the_page_names_exactly_the_cases_of_the_table_with_their_ends() -> None:
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    assert [row.id for row in rows] == [case.id for case in all_cases()]
    assert [row.id for row, case in zip(rows, all_cases(), strict=True) if not row.is_of(case)] == []
    assert [row.id for row in rows if not row.passed] == []


def test_the_page_gives_the_reason_for_each_case_that_is_not_run() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for group in GROUPS:
        for left in group.not_run:
            assert f"- {left.id}, {left.title}: {left.because}." in text


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.letter)
def test_every_number_of_the_catalogue_is_run_or_has_a_reason(group: Group) -> None:
    accounted = group.numbers | {left.id for left in group.not_run}
    assert accounted == {f"{group.letter}{number}" for number in range(1, group.size + 1)}


def test_no_two_cases_have_one_name() -> None:
    ids = [case.id for case in all_cases()]
    assert len(ids) == len(set(ids))
