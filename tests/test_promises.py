"""docs/promises.md names the test that holds each promise: each exists and runs."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.core.faults.registry import all_cases

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
INVARIANTS = {
    "KEEP", "DONE", "INSIDE", "TOKEN", "NOMIX", "BOUND", "NOLIE", "LIVE", "ISOL", "ONEW", "MINE", "AUTH",
}  # fmt: skip


@cache
def definitions(path: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Return what a file defines at its top, by name."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name: node for node in tree.body if isinstance(node, kinds)}


def test_every_promise_has_its_row() -> None:
    assert set(re.findall(r"^\| \*\*(\w+)\*\*", TEXT, re.MULTILINE)) >= INVARIANTS
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "promise | in words" not in line]
    assert rows and all("`tests/" in row.rsplit("|", 2)[1] for row in rows)


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_holds_it_is_there_and_runs(path: str, name: str) -> None:
    node = definitions(path)[name]
    assert not any("skip" in ast.unparse(decorator) for decorator in node.decorator_list)
    if path.startswith("tests/core/crash/"):
        group = ast.parse((ROOT / "tests/core/faults/group_d.py").read_text(encoding="utf-8"))
        called = {ast.unparse(part) for part in ast.walk(group) if isinstance(part, ast.Attribute)}
        assert called & {f"kills.{name}", f"power.{name}"}, f"no case of the table runs {name}"
        assert {"D1", "D2", "D3"} <= {case.id for case in all_cases()}
