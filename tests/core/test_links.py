"""Links are given to Pulley when a person asks, by small entries of ours, and taken back without a trace."""

import configparser
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import NotWritable
from core.links import SCHEMES, entry_name, entry_text, folder_of, is_supported, open_here, opened_here, run_tool


def exec_of(text: str) -> str:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser["Desktop Entry"]["Exec"]


def test_entries_are_written_for_what_is_asked_and_deleted_for_the_rest(tmp_path: Path) -> None:
    said: list[Sequence[str]] = []
    folder = tmp_path / "applications"
    assert opened_here(folder) == frozenset()
    open_here(folder, {"pulley", "jan"}, ("/opt/pulley",), run=said.append)
    assert opened_here(folder) == {"pulley", "jan"}
    assert sorted(path.name for path in folder.iterdir()) == [
        "pulley-link-jan.desktop",
        "pulley-link-pulley.desktop",
    ]
    assert [words for words in said if words[0] == "xdg-mime"] == [
        ("xdg-mime", "default", "pulley-link-pulley.desktop", "x-scheme-handler/pulley"),
        ("xdg-mime", "default", "pulley-link-jan.desktop", "x-scheme-handler/jan"),
    ]
    open_here(folder, set(), ("/opt/pulley",), run=said.append)
    assert opened_here(folder) == frozenset() and list(folder.iterdir()) == []


def test_an_entry_that_is_not_ours_is_never_deleted(tmp_path: Path) -> None:
    other = tmp_path / entry_name("jan")
    other.write_text("[Desktop Entry]\nName=Somebody else's\n")
    open_here(tmp_path, set(), ("/opt/pulley",), run=lambda words: None)
    assert other.exists() and opened_here(tmp_path) == frozenset()


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("/usr/bin/pulley",), '"/usr/bin/pulley" %u'),
        (("/a b/python", "-m", "gui"), '"/a b/python" "-m" "gui" %u'),
        (("/50% $HOME/`x`/p",), '"/50%% \\\\$HOME/\\\\`x\\\\`/p" %u'),
        (('/a"b\\c/p',), '"/a\\\\"b\\\\\\\\c/p" %u'),
    ],
)
def test_a_folder_of_any_name_is_quoted(command: tuple[str, ...], shown: str) -> None:
    assert exec_of(entry_text("pulley", command)) == shown


def test_a_name_with_a_line_break_is_refused() -> None:
    with pytest.raises(NotWritable):
        entry_text("pulley", ("/a\nTryExec=evil",))


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "applications").write_text("a file")
    with pytest.raises(NotWritable, match="pulley:// links") as caught:
        open_here(tmp_path / "applications", {"pulley"}, ("/opt/pulley",), run=lambda words: None)
    assert "Links are opened as before" in caught.value.meaning


def test_the_folder_is_the_persons_own(tmp_path: Path) -> None:
    assert folder_of({}, tmp_path) == tmp_path / ".local" / "share" / "applications"
    assert folder_of({"XDG_DATA_HOME": str(tmp_path / "data")}, tmp_path) == tmp_path / "data" / "applications"
    assert folder_of({"XDG_DATA_HOME": "relative"}, tmp_path) == tmp_path / ".local" / "share" / "applications"


def test_only_systems_with_desktop_entries_take_them() -> None:
    assert is_supported("linux") and not is_supported("win32") and not is_supported("darwin")


def test_a_tool_that_is_missing_or_fails_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run_tool(("xdg-mime", "default"))
    tool = tmp_path / "xdg-mime"
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\nexit 3\n')
    tool.chmod(0o755)
    run_tool(("xdg-mime", "default", "x"))
    assert (tmp_path / "said").read_text() == "default x\n"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_entry_is_valid_for_the_desktops_own_judge(scheme: str, tmp_path: Path) -> None:
    path = tmp_path / entry_name(scheme)
    path.write_text(entry_text(scheme, ("/a b/pulley",)))
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path)
    entry = parser["Desktop Entry"]
    assert entry["MimeType"] == f"x-scheme-handler/{scheme};" and entry["Type"] == "Application"
    judge = shutil.which("desktop-file-validate")
    if judge is not None:
        assert subprocess.run([judge, path], check=False).returncode == 0
