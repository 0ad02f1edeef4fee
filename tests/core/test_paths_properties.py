"""Whatever list of names a hub sends: what is accepted stays inside, apart, and apart from every side file.

Two names are one where any common file system takes them for one: by case, by normal form, or by what it ignores.
"""

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.description import MODEL_YML, description_name
from core.errors import NameRefused
from core.paths import aside_path, bad_path, check_name, collisions, control_path, local_path, part_path
from core.records import Destination, Manifest, RemoteFile

DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{kind}{n}" for kind in ("COM", "LPT") for n in "123456789¹²³")}
HERE = Destination(Path("/models"), "huggingface.co/org/repo")
FOLDER = HERE.root / HERE.folder
LONG = "x" * 250
LONG_STEM = part_path(Path("/m") / LONG).name.removesuffix(".part")

# Letters that meet by case (Kelvin, long s, sharp s, dotless i) or by form, and such as do not count.
letters = st.sampled_from([*"aAkKsSiI.-1/ ~", "\u212a", "ſ", "ß", "ı", "İ", "é", "e", "Å", "\u212b", "\ufb01"])
hidden = st.sampled_from(
    ["\u00ad", "\u200d", "\u206a", "\ufe0f", "\u034f", "\u0345", "\u0301", "\ud800", "\x00", "\\"]
)
endings = st.sampled_from(
    [
        "",
        ".gguf",
        ".part",
        ".PART",
        ".part.ctl",
        ".part.ctl.tmp",
        ".part.old-1",
        ".bad-1",
        ".bad-\u0663",
        ".yml",
        ".yml.tmp",
    ]
)
stems = st.text(letters | hidden, max_size=4) | st.sampled_from(
    ["m", "M", "model", "MODEL", "pulley", "CON", "nul ", "..", LONG, LONG.upper(), LONG_STEM]
)
segments = st.builds(str.__add__, stems, endings) | st.text(max_size=8)
names = st.lists(segments, min_size=1, max_size=3).map("/".join)
manifests = st.lists(names, max_size=12)


def accepted(names: list[str]) -> list[Path]:
    """The places of those that a listing with these names would give."""
    meets = collisions(names)
    places = []
    for name in dict.fromkeys(names):
        try:
            if name not in meets:
                places.append(local_path(HERE, name))
        except NameRefused:
            pass
    return places


def spellings(path: Path) -> set[str]:
    """What the file systems make of a name: as it is, and without case, in each normal form."""
    name = path.as_posix()
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD") for text in (name, name.casefold())}
    return {unicodedata.normalize("NFD", form.casefold()) for form in forms} | {name}


def sides(final: Path) -> list[Path]:
    control = control_path(final)
    parts = [part_path(final), control, control.with_name(control.name + ".tmp")]
    return [*parts, *(aside_path(final, n) for n in (1, 9999)), *(bad_path(final, n) for n in (1, 9999))]


@given(manifests)
@example(["m.gguf", "m.gguf.part/x"])
@example([LONG, LONG_STEM])
@example([LONG_STEM, LONG])
@example(["a\u206ab", "ab"])
@example(["\u212a", "k", "ı", "I"])
def test_of_any_list_each_accepted_name_has_a_place_of_its_own_with_all_its_side_files(names: list[str]) -> None:
    taken: dict[str, Path] = {}
    finals = accepted(names)
    for final in finals:
        for place in (final, *sides(final)):
            for spelling in spellings(place):
                assert taken.setdefault(spelling, final) == final, f"{place} meets {taken[spelling]}"
    for final in finals:
        for folder in final.relative_to(FOLDER).parents:
            if folder != Path():
                assert not spellings(FOLDER / folder) & taken.keys(), f"the folder of {final} meets a file"


@given(manifests)
def test_of_any_list_all_that_is_accepted_is_inside_by_the_rules_of_every_system(names: list[str]) -> None:
    for final in accepted(names):
        for place in (final, *sides(final)):
            inside = place.relative_to(FOLDER)
            assert inside.parts and ".." not in place.parts
            windows = PureWindowsPath("C:/models", *inside.parts)
            assert windows.is_relative_to("C:/models") and len(windows.parts) == 2 + len(inside.parts)
            assert PurePosixPath(inside).parts == inside.parts
            for part in inside.parts:
                assert len(part.encode()) <= 255
                assert part.partition(".")[0].rstrip(" ").upper() not in DEVICES
                assert part == part.strip(" ").rstrip(".") and not set(part) & set('<>:"|?*\\\0')


@given(names)
def test_the_place_of_a_name_depends_on_nothing_else_and_says_the_name(name: str) -> None:
    try:
        check_name(name)
    except NameRefused as error:
        assert error.message.isprintable() and len(error.message) < 1000
        return
    assert local_path(HERE, name).relative_to(FOLDER).as_posix() == name
    assert collisions([name]) == {}


@given(manifests)
def test_the_first_of_those_that_meet_is_kept(names: list[str]) -> None:
    refused = collisions(names)
    assert not names or names[0] not in refused or names.count(names[0]) > 1
    assert collisions([name for name in dict.fromkeys(names) if name not in refused]) == {}


@given(manifests)
@example([MODEL_YML + "/x"])
@example([MODEL_YML + ".tmp", MODEL_YML])
@example(["\u00e9.gguf", "e\u0301.yml"])
def test_the_description_and_what_it_is_written_by_have_places_of_their_own(names: list[str]) -> None:
    files = tuple(RemoteFile(name, 1, "", "https://h.example/x") for name in names)
    manifest = Manifest("huggingface", "org/repo", "", "c0ffee", HERE.folder, files)
    described = FOLDER / description_name(manifest, names)
    taken = {
        spelling for final in accepted(names) for place in (final, *sides(final)) for spelling in spellings(place)
    }
    taken |= {
        s
        for f in accepted(names)
        for d in f.parents
        if d.is_relative_to(FOLDER) and d != FOLDER
        for s in spellings(d)
    }
    for place in (described, described.with_name(described.name + ".tmp")):
        assert not spellings(place) & taken


@pytest.mark.parametrize(
    "name", ["con .txt", "nul  ", "NUL .tar.gz", "a\u206ab", "m.part/x", "sub/m.bad-1/x", "m.yml.tmp"]
)
def test_a_name_that_was_once_taken_for_safe_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        check_name(name)
