"""Regular expressions that wait to be compiled."""

import copy
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.patterns import pattern

ROOT = Path(__file__).parent.parent.parent


def test_it_does_what_the_compiled_one_does() -> None:
    text = r"(?P<name>[a-z]+)-(\d+)"
    late, compiled = pattern(text, re.IGNORECASE), re.compile(text, re.IGNORECASE)
    for _ in range(2):  # the second time by what was kept of the first
        for sample in ("Shard-12", "x-1 y-22", "nothing", ""):
            assert _groups(late.match(sample)) == _groups(compiled.match(sample))
            assert _groups(late.fullmatch(sample)) == _groups(compiled.fullmatch(sample))
            assert _groups(late.search(sample, 1)) == _groups(compiled.search(sample, 1))
            assert late.sub("<>", sample) == compiled.sub("<>", sample)
            assert late.split(sample) == compiled.split(sample)
            assert late.findall(sample) == compiled.findall(sample)
            assert [found.span() for found in late.finditer(sample)] == [
                m.span() for m in compiled.finditer(sample)
            ]
    assert (late.pattern, late.flags, late.groups) == (compiled.pattern, compiled.flags, compiled.groups)
    assert pattern(rb"\d+").fullmatch(b"12") and not pattern(rb"\d+").fullmatch(b"x")


def _groups(found: "re.Match[str] | None") -> object:
    return found and (found.span(), found.groupdict(), found.groups())


def test_nothing_is_compiled_before_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    compile_ = re.compile

    def counted(text: str, flags: int = 0) -> "re.Pattern[str]":
        asked.append(text)
        return compile_(text, flags)

    monkeypatch.setattr(re, "compile", counted)
    late = pattern("a+")
    assert asked == []
    assert late.fullmatch("aaa") and late.fullmatch("aa") and not late.fullmatch("")
    assert asked == ["a+"], "once"


def test_it_can_be_copied_and_stored() -> None:
    late = pattern("a+", re.IGNORECASE)
    for twin in (copy.copy(late), pickle.loads(pickle.dumps(late))):
        assert twin.fullmatch("aA")


def test_what_is_no_expression_says_so_when_it_is_used() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.match("")
    with pytest.raises(AttributeError):
        _ = pattern("a").no_such_thing  # type: ignore[attr-defined]


def test_to_load_the_terminal_commands_compiles_none_of_ours() -> None:
    script = (
        "import re, sys\n"
        "compile_, ours = re.compile, []\n"
        "def counted(text, flags=0):\n"
        "    name = sys._getframe(1).f_globals['__name__']\n"
        "    ours.extend([(name, text)] if name.startswith('core') else [])\n"
        "    return compile_(text, flags)\n"
        "re.compile = counted\n"
        "import core.cli, core.serve\n"
        "from core.headless import pull, steer, verify\n"
        "assert not ours, ours\n"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
