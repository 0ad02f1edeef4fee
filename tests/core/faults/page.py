"""docs/reliability.md: the table of faults as a page, made from what happened, and read back by a test.

python -m tests.core.faults.page            runs every case and writes the page
python -m tests.core.faults.page A16 F2     runs these cases and prints what happened
"""

import asyncio
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.core.faults.case import Case, Outcome
from tests.core.faults.registry import GROUPS, all_cases

PAGE = Path(__file__).parents[3] / "docs" / "reliability.md"
_ROW = re.compile(r"\| ([A-Z]\d+[a-z]?) \| (.*?) \| (.*?) \| (.*) \| (passed|NOT PASSED) \|")

HEAD = """\
# Reliability

What happens to a download when a server, a network, a disk, a process or a hub goes wrong: each row was
provoked, and this page was written from what was recorded, by `make reliability`. A case that ends
otherwise than it has to, or breaks a promise, would stand here as not passed. `make test` runs the same cases.

After every case these promises are checked, as far as they apply (`tests/core/faults/checks.py` and the
observer and ledger beside it hold them):

- **KEEP** Bytes that were checked and kept are kept: the number shown never goes back, and the part holds what
  its control file names. Once the fault is gone, "Try again" completes the download.
- **DONE** A file has its final name only if its size and hash are right and its bytes are on the disk.
- **INSIDE** Nothing outside of the models folder and the data folder is opened for writing, made, renamed or
  removed, no link is made, nothing can be executed. Every such call of the process is watched.
- **TOKEN** The access token goes to the hub's own origin and to nothing else. It stands in no file, log line,
  event, terminal line or address; nor does the signature of a link.
- **NOMIX** No file holds bytes of two versions.
- **BOUND** Requests, bytes fetched twice, memory and bytes on the disk stay within bounds.
- **NOLIE** What is shown as kept is on the disk, at every signal; a restart would show the same.
- **LIVE** It ends, or waits and says why and until when; a failure says what happened, what it means and what
  to do.
- **ISOL** Another download, from another server, completes meanwhile and never waits.
- **ONEW** One writer a file.
- **MINE** A file of the user is not touched.
"""


async def run_all(cases: Iterable[Case]) -> dict[str, Outcome]:
    """Run cases one after the other."""
    outcomes = {}
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="pulley-fault-", ignore_cleanup_errors=True) as folder:
            outcomes[case.id] = outcome = await _run(case, Path(folder) / "case")
        print(f"{case.id:5} {'passed' if outcome.passed else 'NOT PASSED'}  {outcome.happened}", flush=True)
        for broken in outcome.broken:
            print(f"      {broken}")
    return outcomes


async def _run(case: Case, folder: Path) -> Outcome:
    try:
        return await case.run(folder)
    except Exception as error:
        traceback.print_exc()
        return Outcome("It could not be run.", (repr(error),))


def page(outcomes: dict[str, Outcome]) -> str:
    """Return the page."""
    cases = all_cases()
    passed = sum(outcomes[case.id].passed for case in cases)
    numbers = sum(len(group.numbers) for group in GROUPS)
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [HEAD, f"{passed} of {len(cases)} cases passed ({numbers} numbers of the catalogue), on {system}.", ""]
    for group in GROUPS:
        lines += [f"## {group.letter}. {group.title}", ""]
        lines += ["| case | what goes wrong | has to end | what happened | |", "|---|---|---|---|---|"]
        for case in group.cases:
            outcome = outcomes[case.id]
            word = "passed" if outcome.passed else "NOT PASSED"
            lines.append(
                f"| {case.id} | {cell(case.title)} | {cell(case.expected)} | {outcome.happened} | {word} |"
            )
        lines.append("")
        if group.not_run:
            lines += ["Not run:", ""]
            lines += [f"- {left.id}, {left.title}: {left.because}." for left in group.not_run]
            lines.append("")
    return "\n".join(lines)


def cell(text: str) -> str:
    """Return a text as it stands in a table."""
    return text.replace("|", "\\|")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the page."""

    id: str
    title: str
    expected: str
    happened: str
    passed: bool

    def is_of(self, case: Case) -> bool:
        """Tell whether this is what the case is about today."""
        return (self.id, self.title, self.expected) == (case.id, cell(case.title), cell(case.expected))


def rows_of(text: str) -> list[Row]:
    """Return the rows of a page."""
    return [Row(*match.groups()[:4], match[5] == "passed") for match in _ROW.finditer(text)]


def kept_rows(cases: Iterable[Case]) -> dict[str, Outcome]:
    """Return what the page says of cases that passed and are still the same."""
    if not PAGE.exists():
        return {}
    rows = {row.id: row for row in rows_of(PAGE.read_text(encoding="utf-8"))}
    same = (rows[case.id] for case in cases if case.id in rows and rows[case.id].is_of(case))
    return {row.id: Outcome(row.happened) for row in same if row.passed}


def main(arguments: Sequence[str]) -> int:
    """Run the cases named, or all, and write the page."""
    update, ids = "--update" in arguments, [name for name in arguments if name != "--update"]
    cases = all_cases()
    kept = kept_rows(cases) if update else {}
    named = [case for case in cases if case.id in ids or case.id[:-1] in ids]
    chosen = [case for case in cases if case in named or case.id not in kept] if update or not ids else named
    outcomes = asyncio.run(run_all(chosen))
    if update or not ids:
        PAGE.write_text(page(kept | outcomes), encoding="utf-8")
    return 0 if all(outcome.passed for outcome in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
