"""What an error of this machine means, where a file goes, and who may write it."""

import errno
import os
import sys
from pathlib import Path

import pytest

from core.errors import (
    DiskAway,
    DiskFull,
    FolderGone,
    Hindered,
    InUse,
    LocalError,
    NotWritable,
    TooLarge,
)
from core.transfer import disk, locks, trouble
from core.transfer.ground import Ground, file_system, file_system_of, largest_file
from core.transfer.trouble import HELD, Disks, local_error, look_after_s
from tests.fakes.fsops import FileOps

HERE = Path("models") / "m.gguf"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EFBIG, TooLarge),
        (errno.EROFS, DiskAway),
        (errno.EIO, DiskAway),
        (errno.ENODEV, DiskAway),
        (errno.ESTALE, DiskAway),
        (errno.ENOENT, FolderGone),
        (errno.EMFILE, Hindered),
        (errno.EAGAIN, Hindered),
        (errno.EACCES, NotWritable),
        (errno.EPERM, NotWritable),
        (errno.ENAMETOOLONG, NotWritable),
    ],
)
def test_an_error_of_the_system_names_its_cause_and_says_what_comes_next(
    number: int, kind: type[LocalError]
) -> None:
    found = local_error(OSError(number, os.strerror(number)), HERE)
    assert type(found) is kind
    assert os.strerror(number) in found.message and found.meaning and found.action


def test_what_windows_calls_denied_is_a_disk_that_is_away_or_a_file_that_is_busy() -> None:
    for code, kind in ((19, DiskAway), (21, DiskAway), (1117, DiskAway), (32, Hindered), (5, NotWritable)):
        error = OSError(errno.EACCES, "denied")
        error.winerror = code  # type: ignore[attr-defined,unused-ignore]
        assert type(local_error(error, HERE)) is kind


def test_only_what_passes_by_itself_is_held() -> None:
    for number, is_held in ((errno.ENOSPC, True), (errno.EROFS, True), (errno.EACCES, False), (errno.EFBIG, False)):
        assert isinstance(local_error(OSError(number, "x"), HERE), HELD) is is_held


def test_looks_come_less_and_less_often_but_at_least_once_a_minute() -> None:
    times = [look_after_s(looks) for looks in range(40)]
    assert times == sorted(times) and times[0] == trouble.LOOK_FIRST_S and times[-1] == trouble.LOOK_MOST_S


async def test_what_one_meets_is_told_to_those_on_the_same_disk_alone() -> None:
    disks, heard = Disks(), []
    with (
        disks.told(1, lambda error: heard.append((1, error))),
        disks.told(2, lambda error: heard.append((2, error))),
    ):
        disks.met(1, full := DiskFull("full"))
    disks.met(1, full)
    assert heard == [(1, full)]


async def test_nothing_new_begins_while_a_disk_is_in_trouble_and_a_single_file_holds_up_nobody() -> None:
    disks, root = Disks(), Path("models")
    with disks.holding(root, DiskFull("full")):
        assert disks.is_held(root) and not disks.is_held(Path("elsewhere"))
    with disks.holding(root, InUse("another")):
        assert not disks.is_held(root)
    assert not disks.is_held(root)


async def test_whoever_finds_a_disk_well_again_wakes_the_others() -> None:
    from core.spawn import spawn

    disks = Disks()
    waiting = spawn(disks.pause(1, 60.0), name="waits")
    other = spawn(disks.pause(2, 0.01), name="waits elsewhere")
    await other
    assert not waiting.done()
    disks.passed(1)
    await waiting  # for a minute, if it were not woken
    assert waiting.done()


# -- where a file goes -----------------------------------------------------------------------------------


def test_fat_holds_four_gigabytes_and_everything_else_enough() -> None:
    assert {largest_file(kind) for kind in ("vfat", "FAT32", "msdos")} == {2**32 - 1}
    assert {largest_file(kind) for kind in ("ext4", "NTFS", "exfat", "apfs", "btrfs", "")} == {None}


@pytest.mark.skipif(os.sep != "/", reason="paths of POSIX")
def test_the_innermost_mount_tells_the_kind_of_file_system() -> None:
    mounts = {"/": "ext4", "/media/stick": "vfat", "/media/stick/inner": "ext4"}
    assert file_system_of("/home/me/models", mounts) == "ext4"
    assert file_system_of("/media/stick/models", mounts) == "vfat"
    assert file_system_of("/media/stick/inner/m", mounts) == "ext4"
    assert file_system_of("/media/sticky", mounts) == "ext4"
    assert file_system_of("/x", {}) == ""


def test_the_file_system_of_this_machine_has_a_name(tmp_path: Path) -> None:
    assert file_system(tmp_path / "not" / "there") != ""


def test_a_folder_that_is_another_one_now_is_noticed(tmp_path: Path) -> None:
    root, folder = tmp_path / "models", tmp_path / "models" / "org" / "m"
    folder.mkdir(parents=True)
    ground = Ground(root, folder)
    ground.check()
    assert ground.again(lambda: False) is ground
    folder.rename(root / "away")
    with pytest.raises(FolderGone):
        ground.check()
    folder.mkdir()
    with pytest.raises(FolderGone):
        ground.again(lambda: False)
    assert ground.again(lambda: True) is not ground, "our own part in it is the mark"
    root.rename(tmp_path / "away")
    with pytest.raises(DiskAway, match="no longer there"):
        ground.check()


def test_a_link_on_the_way_is_never_the_same_place_even_where_our_part_seems_to_be(tmp_path: Path) -> None:
    root, folder = tmp_path / "models", tmp_path / "models" / "org"
    folder.mkdir(parents=True)
    ground = Ground(root, folder)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderGone):
        ground.again(lambda: True)


# -- who may write it ------------------------------------------------------------------------------------


def test_a_part_has_one_writer(tmp_path: Path) -> None:
    final = tmp_path / "m.gguf"
    first = disk.PartFile(final, fresh=True)
    first.write(0, [b"kept"])
    for fresh in (True, False):
        with pytest.raises(InUse):
            disk.PartFile(final, fresh=fresh)
    with pytest.raises(InUse):
        disk.set_aside(final, bad=False)
    disk.remove_part(final)
    assert first.read(0, 4) == b"kept" and first.path.exists()
    first.close()
    disk.PartFile(final, fresh=False).close()


def test_where_locks_do_nothing_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    assert not locks.do_nothing(path)
    monkeypatch.setattr(locks, "_try_lock", lambda fd: None)
    assert locks.do_nothing(path) and not locks.do_nothing(tmp_path / "not there")


def test_a_part_that_begins_anew_is_another_file_so_that_nobody_is_robbed_of_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_try_lock", lambda fd: None)
    final = tmp_path / "m.gguf"
    first = disk.PartFile(final, fresh=True)
    first.write(0, [b"first"])
    second = disk.PartFile(final, fresh=True)
    second.write(0, [b"2"])
    assert first.read(0, 5) == b"first"
    with pytest.raises(FolderGone):
        disk.place(first.path, final, number=first.number)
    assert not final.exists()
    disk.place(second.path, final, number=second.number)
    first.close()
    second.close()
    assert final.read_bytes() == b"2"


@pytest.mark.skipif(sys.platform == "win32", reason="writes go through pwritev")
def test_a_write_that_does_half_or_is_put_off_is_made_whole(tmp_path: Path) -> None:
    ops = FileOps(tmp_path)
    with ops.watched():
        part = disk.PartFile(tmp_path / "m", fresh=True)
        ops.fail(0, "pwritev", halves=True)
        ops.fail(errno.EAGAIN, "pwritev", times=2)
        part.write(3, [b"abc", b"defgh"])
        assert part.read(3, 8) == b"abcdefgh"
        part.close()
