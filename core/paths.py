"""From a hub's path to a safe local path: the only place that builds one.

A name that would be unsafe on POSIX *or* on Windows is refused on every system, so that a models folder can be
moved between them. Nothing here touches the disk.

Side files of an unfinished `NAME`: `NAME.part`, its control file `NAME.part.ctl`; set aside `NAME.part.old-N`
(upstream changed) and `NAME.bad-N` (twice wrong). Where these would exceed 255 bytes, HASH stands for NAME.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from core.errors import NameRefused
from core.patterns import pattern
from core.records import Destination

NAME_BYTES_MAX = 255  # of one path segment, on every common file system
PATH_CHARS_MAX = 1024  # of a hub path; longer ones are not real
DEPTH_MAX = 32
_LONGEST_SUFFIX = ".part.old-9999"

_FORBIDDEN = pattern(r'[<>:"|?*\\\x00-\x1f\x7f]')
_INVISIBLE = pattern("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
# What Unicode calls ignorable: in folders that ignore case, ext4 does not look at it. Some of it belongs to emoji.
_IGNORED = pattern(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_RESERVED = pattern(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)
_SIDE_FILE = pattern(r".*(\.part|\.part\.ctl|\.part\.ctl\.tmp|\.part\.old-\d+|\.bad-\d+|\.yml\.tmp)", re.IGNORECASE)


def check_name(path: str) -> None:
    """Check one path of a hub, with slashes.

    Raises:
        NameRefused: It is not a plain relative path that every system can hold; the message names it and says why.
    """
    reason = _refusal(path)
    if reason:
        raise NameRefused(f"The name {_shown(path)} {reason}")


def _refusal(path: str) -> str:
    if not path or len(path) > PATH_CHARS_MAX:
        return "is empty or too long"
    if path.startswith(("/", "\\", "~")):
        return "would leave the folder of its model"
    segments = path.split("/")
    if len(segments) > DEPTH_MAX:
        return "is nested too deeply"
    for segment in segments:
        if segment in ("", ".", ".."):
            return "would leave the folder of its model" if segment == ".." else "has an empty or '.' part"
        reason = _segment_refusal(segment)
        if reason:
            return reason
    return ""


def _segment_refusal(segment: str) -> str:
    if _FORBIDDEN.search(segment):
        return "has a character that not every system allows"
    if _INVISIBLE.search(segment):
        return "has invisible characters"
    if segment[-1] in ". ":
        return "ends in a dot or a space, which Windows drops"
    if segment[0] == " ":
        return "begins with a space"
    if _RESERVED.fullmatch(segment):
        return "is a device name on Windows"
    if len(segment.encode()) > NAME_BYTES_MAX:
        return "is too long for a file name"
    # A folder of such a name would stand where the part of the file beside it goes.
    return "is reserved for unfinished downloads" if _SIDE_FILE.fullmatch(_IGNORED.sub("", segment)) else ""


def _shown(path: str) -> str:
    return ascii(path if len(path) <= 120 else path[:119] + "…")


def local_path(destination: Destination, path: str) -> Path:
    """Return where a file of a hub goes: `root/folder/path`.

    Raises:
        NameRefused: The folder or the path is not safe.
    """
    check_name(destination.folder)
    check_name(path)
    return destination.root.joinpath(*destination.folder.split("/"), *path.split("/"))


def model_folder(destination: Destination) -> Path:
    """Return the folder of a model.

    Raises:
        NameRefused: The folder is not safe.
    """
    check_name(destination.folder)
    return destination.root.joinpath(*destination.folder.split("/"))


def collisions(paths: Iterable[str]) -> dict[str, str]:
    """Return the paths that would meet an earlier one on some file system, each with the reason.

    Names that differ only in case or in Unicode normal form are one file on macOS and Windows; a name cannot be
    a file and a folder at once. The part of a long name must not be that of another file either.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    refused: dict[str, str] = {}
    for path in paths:
        key = folded(path)
        parents = ["/".join(key.split("/")[:depth]) for depth in range(1, key.count("/") + 1)]
        other = files.get(key) or folders.get(key) or next((files[p] for p in parents if p in files), None)
        if other is not None:
            refused[path] = f"The name {_shown(path)} meets {_shown(other)} on systems that ignore case"
            continue
        name = path.rpartition("/")[2]
        stem = _side_stem(name)
        short = key if stem == name else _in_folder_of(key, stem)
        if short in files:
            refused[path] = f"The unfinished {_shown(path)} would meet {_shown(files[short])}"
            continue
        files[key] = files[short] = path
        for parent in parents:
            folders.setdefault(parent, path)
    return refused


def _in_folder_of(path: str, name: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return folder + slash + name


def folded(path: str) -> str:
    """Return what is the same for all names that some file system takes for one (case, form, what it ignores)."""
    plain = unicodedata.normalize("NFD", _IGNORED.sub("", path)).casefold().replace("ı", "i")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", plain).casefold())


def part_path(final: Path) -> Path:
    """Return the name of the unfinished file, beside the final one."""
    return final.with_name(_side_stem(final.name) + ".part")


def _side_stem(name: str) -> str:
    if len((name + _LONGEST_SUFFIX).encode(errors="replace")) <= NAME_BYTES_MAX:
        return name
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]


def control_path(final: Path) -> Path:
    """Return the name of the control file."""
    part = part_path(final)
    return part.with_name(part.name + ".ctl")


def aside_path(final: Path, number: int) -> Path:
    """Return a name for a part whose upstream changed."""
    part = part_path(final)
    return part.with_name(f"{part.name}.old-{number}")


def bad_path(final: Path, number: int) -> Path:
    """Return a name for a copy that was wrong twice."""
    part = part_path(final)
    return part.with_name(f"{part.name.removesuffix('.part')}.bad-{number}")
