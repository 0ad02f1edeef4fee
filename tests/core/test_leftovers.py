"""What was set aside is listed with its size and deleted by name; nothing else ever is."""

from pathlib import Path

import pytest

from core import leftovers
from core.leftovers import Kind
from core.transfer import disk
from core.transfer.control import Identity

FOLDER = "huggingface.co/org/repo"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "models"
    folder = root / FOLDER
    (folder / "sub").mkdir(parents=True)
    for name, size in {
        "model.gguf": 10,
        "model.gguf.bad-1": 20,
        "sub/other.gguf.part.old-2": 30,
        "foreign.part": 40,
        "notes.bad-x": 50,
    }.items():
        (folder / name).write_bytes(b"x" * size)
    final = folder / "mine.gguf"
    disk.write_control(final, Identity("mine.gguf", 100, "", "c", "https://h/x", "t"), [])
    (folder / "mine.gguf.part").write_bytes(b"y" * 60)
    (root / "elsewhere.bad-1").write_bytes(b"not in a model's folder")
    return root


def names(found: list[leftovers.Leftover]) -> dict[str, Kind]:
    return {leftover.name: leftover.kind for leftover in found}


def test_only_what_carries_our_side_names_is_listed(root: Path) -> None:
    assert names(leftovers.find(root, ())) == {
        f"{FOLDER}/model.gguf.bad-1": Kind.BAD_COPY,
        f"{FOLDER}/mine.gguf.part": Kind.PART,
        f"{FOLDER}/sub/other.gguf.part.old-2": Kind.OLD_PART,
    }
    assert {found.size for found in leftovers.find(root, ())} == {20, 30, 60}


def test_a_part_that_a_task_still_wants_is_not_left_over(root: Path) -> None:
    wanted = {root / FOLDER / "mine.gguf"}
    assert Kind.PART not in names(leftovers.find(root, wanted)).values()


def test_what_is_deleted_is_gone_and_the_rest_stands(root: Path) -> None:
    before = {path for path in root.rglob("*") if path.is_file()}
    found = leftovers.find(root, ())
    assert leftovers.delete(root, found, ()) == 110
    after = {path for path in root.rglob("*") if path.is_file()}
    assert {path.name for path in before - after} == {
        "model.gguf.bad-1", "mine.gguf.part", "mine.gguf.part.ctl", "other.gguf.part.old-2",
    }  # fmt: skip
    assert leftovers.find(root, ()) == []


def test_a_part_that_was_taken_up_again_meanwhile_stays(root: Path) -> None:
    found = [leftover for leftover in leftovers.find(root, ()) if leftover.kind is Kind.PART]
    assert leftovers.delete(root, found, {root / FOLDER / "mine.gguf"}) == 0
    assert (root / FOLDER / "mine.gguf.part").exists()


def test_links_are_neither_listed_nor_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.bad-1").write_bytes(b"mine")
    (root / FOLDER / "linked").symlink_to(outside)
    (root / FOLDER / "y.bad-1").symlink_to(outside / "x.bad-1")
    found = leftovers.find(root, ())
    assert len(found) == 3
    (root / FOLDER / "model.gguf.bad-1").unlink()
    (root / FOLDER / "model.gguf.bad-1").symlink_to(outside / "x.bad-1")
    leftovers.delete(root, found, ())
    assert (outside / "x.bad-1").read_bytes() == b"mine"


def test_an_empty_or_missing_folder_has_nothing(tmp_path: Path) -> None:
    assert leftovers.find(tmp_path / "nothing", ()) == []
