"""Which "Use this model" links the desktop opens with Pulley, as desktop entries: written when a person asks, one a
scheme, in the person's own folder.

Knows the freedesktop rules (Linux and the BSDs). Such an entry shows in no menu, and only passes a link on: what a
link asks for is asked about in the window. Blocks: call it on a thread.
"""

import contextlib
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from core.errors import NotWritable

_log = logging.getLogger(__name__)

SCHEMES = ("pulley", "lmstudio", "jan")
TOOL_S = 10.0  # such a tool writes a few lines
_MARK = "X-Pulley-Link=true"
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"', "`": "\\`", "$": "\\$"})

Run = Callable[[Sequence[str]], None]


def is_supported(platform: str = sys.platform) -> bool:
    """Tell whether this system takes desktop entries."""
    return platform.startswith(("linux", "freebsd", "openbsd", "netbsd"))


def own_command() -> tuple[str, ...]:
    """Return how this Pulley is started."""
    beside = Path(sys.executable).with_name("pulley")
    return (str(beside),) if beside.is_file() else (sys.executable, "-m", "gui")


def folder_of(environ: Mapping[str, str], home: Path) -> Path:
    """Return where a person's desktop entries are."""
    data = environ.get("XDG_DATA_HOME", "")
    return (Path(data) if Path(data).is_absolute() else home / ".local" / "share") / "applications"


def entry_name(scheme: str) -> str:
    """Return the name of the entry of a scheme."""
    return f"pulley-link-{scheme}.desktop"


def entry_text(scheme: str, command: Sequence[str]) -> str:
    """Return the entry of a scheme."""
    words = " ".join(_quoted(word) for word in command)
    return (
        "[Desktop Entry]\nType=Application\nName=Pulley\nComment=Download models\n"
        f"Exec={words} %u\nTerminal=false\nNoDisplay=true\n"
        f"MimeType=x-scheme-handler/{scheme};\nStartupWMClass=pulley\n{_MARK}\n"
    )


def _quoted(word: str) -> str:
    """Quote a word as the entry's Exec wants it: its own rules, then those of a string, then its percent signs."""
    if any(ord(sign) < 32 for sign in word):
        raise NotWritable("Pulley stands in a folder whose name cannot be written into a desktop entry")
    inner = f'"{word.translate(_QUOTED)}"'
    return inner.replace("\\", "\\\\").replace("%", "%%")


def opened_here(folder: Path) -> frozenset[str]:
    """Return the schemes whose links Pulley was made to open."""
    return frozenset(scheme for scheme in SCHEMES if _is_ours(folder / entry_name(scheme)))


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False


def open_here(folder: Path, schemes: Collection[str], command: Sequence[str], *, run: Run | None = None) -> None:
    """Let the desktop open links of exactly these schemes with Pulley.

    Raises:
        NotWritable: An entry could not be written or deleted.
    """
    run = run or run_tool
    for scheme in SCHEMES:
        path = folder / entry_name(scheme)
        try:
            if scheme in schemes:
                _write(path, entry_text(scheme, command))
            elif _is_ours(path):
                path.unlink()
        except OSError as error:
            raise NotWritable(
                f"The desktop entry for {scheme}:// links could not be changed: {error.strerror or error}",
                meaning="Links are opened as before.",
                action="Check that you may write to the folder of your desktop entries.",
            ) from error
    run(("update-desktop-database", str(folder)))
    for scheme in SCHEMES:
        if scheme in schemes:  # a default that names no entry any more is passed over by the desktop
            run(("xdg-mime", "default", entry_name(scheme), f"x-scheme-handler/{scheme}"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def run_tool(words: Sequence[str]) -> None:
    """Run one of the desktop's tools where there is one; desktops without it read the entries by themselves."""
    tool = shutil.which(words[0])
    if tool is None:
        return
    try:
        subprocess.run(
            [tool, *words[1:]],
            timeout=TOOL_S,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        _log.warning("%s did not go well: %s", words[0], type(error).__name__)
