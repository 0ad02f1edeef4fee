"""Names from a hub: what is refused, and that the rest stays inside and apart."""

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NameRefused
from core.paths import aside_path, bad_path, check_name, collisions, control_path, local_path, part_path
from core.records import Destination

HERE = Destination(Path("/models"), "huggingface.co/org/repo")

REFUSED = [
    "", "../x", "..\\x", "/etc/passwd", "C:\\x", "D:x", "\\\\host\\share\\x", "a/../../b", "./", "a/./b", "a/",
    "a//b",
    "CON", "nul.txt", "a/COM1", "COM¹.gguf", "lpt9.x", "a.", "a ", "a:stream", "a<b", "a|b", 'a"b', "a?b", "a*b",
    "a\0b", "a\nb", "a\x7f", "x\u202egguf.exe", "\ud800", "~", "~root/x", "model.gguf.part", "model.gguf.part.ctl",
    "m.part.old-3", "m.bad-1", "M.PART", "x" * 256, "ä" * 128, "/".join("d" * 40), " a",
]  # fmt: skip
ACCEPTED = ["model.gguf", "Q4_K_M/model-00001-of-00003.gguf", ".gitattributes", "1_Pooling/config.json",
            "模型.gguf",
            "a b.txt", "part", "console.txt", "x" * 255]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_some_system_could_misread_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        check_name(name)


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_ordinary_name_is_accepted(name: str) -> None:
    assert local_path(HERE, name).is_relative_to(HERE.root)


@given(st.text(max_size=60) | st.lists(st.sampled_from(["..", ".", "a", "CON", "x."]), max_size=6).map("/".join))
def test_whatever_is_accepted_stays_inside_under_both_systems_rules(name: str) -> None:
    try:
        path = local_path(HERE, name)
    except NameRefused:
        return
    assert path.is_relative_to("/models/huggingface.co/org/repo")
    assert ".." not in path.parts
    windows = PureWindowsPath("C:/models") / name
    assert windows.is_relative_to("C:/models") and ".." not in windows.parts
    assert PurePosixPath(name).parts == tuple(name.split("/"))


@given(st.lists(st.sampled_from(["a", "A", "b/c", "B/C", "b", "é", "e\u0301", "a/x", "d"]), unique=True))
def test_of_names_that_meet_on_some_system_only_the_first_is_kept(names: list[str]) -> None:
    refused = collisions(names)
    kept = [name for name in names if name not in refused]
    folded = [name.casefold().replace("e\u0301", "é") for name in kept]
    assert len(set(folded)) == len(kept)
    assert not any(a.startswith(b + "/") for a in folded for b in folded)


@pytest.mark.parametrize("name", ["m.gguf", "x" * 255, "ö" * 127])
def test_side_files_fit_every_file_system_and_differ(name: str) -> None:
    final = Path("/models") / name
    sides = [part_path(final), control_path(final), aside_path(final, 12), bad_path(final, 3)]
    assert all(len(side.name.encode()) <= 255 and side.parent == final.parent for side in sides)
    assert len({final, *sides}) == 5
