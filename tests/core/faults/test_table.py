"""The whole table of faults: each case ends as it has to, and every promise holds after it."""

from pathlib import Path

import pytest

from tests.core.faults.case import Case
from tests.core.faults.registry import all_cases


@pytest.mark.timeout(600)  # each case has a time of its own; those with many processes take longest
@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
async def test_it_ends_as_it_has_to_and_every_promise_holds(case: Case, tmp_path: Path) -> None:
    outcome = await case.run(tmp_path / "case")
    assert outcome.passed, "\n".join([outcome.happened, *outcome.broken])
