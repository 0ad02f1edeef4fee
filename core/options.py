"""What may be typed: the parser of each command, with its help. Knows no command's work.

Options may stand before or after the command. An abbreviated option is refused: it could mean another one tomorrow.
"""

import argparse
from collections.abc import Callable, Sequence

from core import __version__
from core.handles import ACCEPTED_FORMS

PORT = 39281
HOST = "127.0.0.1"

COMMANDS: tuple[tuple[str, str], ...] = (
    ("pull HANDLE ...", "pull models in the terminal"),
    ("serve", "the engine and the local API for other programs, without a window"),
    ("list", "show the downloads and how they stand"),
    ("pause ID", "stop a download, keeping what came"),
    ("resume ID", "let a download go on"),
    ("cancel ID", "stop a download for good"),
    ("verify PATH_OR_HANDLE ...", "hash what is on the disk, and repair it with --repair"),
    ("demo", "the window against a hub on this machine"),
)
NAMES = frozenset(form.split()[0] for form, _ in COMMANDS)
_WITH_VALUE = ("--models-dir", "--data-dir")
_EXIT_CODES = "Exit codes: 0 complete and verified, 1 something failed, 2 wrong usage, 130 interrupted (resumable)."


def forms() -> str:
    """Return the accepted forms of a handle, for people."""
    return "Accepted forms:\n" + _table(ACCEPTED_FORMS)


def _table(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(left) for left, _ in rows) + 2
    return "\n".join(f"  {left:<{width}}{right}" for left, right in rows)


def split_command(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command, empty for the window, and the other words."""
    at = 0
    while at < len(words):
        word = words[at]
        if word in NAMES:
            return word, [*words[:at], *words[at + 1 :]]
        if not word.startswith("-") or word == "--":
            break
        at += 2 if word in _WITH_VALUE else 1
    return "", list(words)


def _parser(name: str, about: str, *, end: str = "") -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"pulley {name}".rstrip(),
        description=about,
        epilog=end,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    shared = parser.add_argument_group("everywhere")
    shared.add_argument("--models-dir", metavar="DIR", help="where models go")
    shared.add_argument("--data-dir", metavar="DIR", help="where settings and the list of downloads are kept")
    shared.add_argument("--verbose", action="store_true", help="say more on stderr")
    shared.add_argument("--version", action="version", version=f"pulley {__version__}")
    return parser


def _window() -> argparse.ArgumentParser:
    parser = _parser(
        "",
        "Pulls machine-learning models. Without a command: opens the window.",
        end=f"Commands ('pulley COMMAND --help' tells more):\n{_table(COMMANDS)}\n\n{forms()}",
    )
    parser.add_argument("handles", nargs="*", metavar="HANDLE", help="models to add to the window")
    return parser


def _pull() -> argparse.ArgumentParser:
    parser = _parser(
        "pull",
        "Pull models in the terminal, all in parallel. Where a window or another command of Pulley runs on the\n"
        "same data folder, the models are handed to it and followed to their end; Ctrl-C then lets go of them.",
        end=f"{forms()}\n\n{_EXIT_CODES}",
    )
    parser.add_argument("handles", nargs="*", metavar="HANDLE")
    parser.add_argument(
        "--files",
        action="append",
        default=[],
        metavar="GLOB",
        help="only these files, in place of the usual ones; matched against the whole path (repeatable)",
    )
    parser.add_argument("--revision", metavar="REV", default="", help="branch, tag or commit")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="the events of the API on stdout, one a line")
    shown.add_argument("--quiet", action="store_true", help="nothing on stdout")
    return parser


def _serve() -> argparse.ArgumentParser:
    parser = _parser(
        "serve",
        "Run the engine and the local API without a window, until SIGINT or SIGTERM. Prints 'Listening on\n"
        "http://HOST:PORT' when it is ready. Another address than this machine's own needs API keys.",
    )
    parser.add_argument("--host", default=HOST, help=f"address to listen on (default: {HOST})")
    parser.add_argument("--port", type=_port, default=PORT, help=f"0 for any free port (default: {PORT})")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text[:6]) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _list() -> argparse.ArgumentParser:
    parser = _parser("list", "Show every download and how it stands.")
    parser.add_argument("--json", action="store_true", help="one task a line, as the API shows it")
    return parser


def _pause() -> argparse.ArgumentParser:
    return _with_id(_parser("pause", "Stop a download; what came is kept, and 'pulley resume' goes on with it."))


def _resume() -> argparse.ArgumentParser:
    return _with_id(
        _parser(
            "resume",
            "Let a download go on that was paused, has failed or was cancelled: at once where Pulley runs, else\n"
            "when it runs next.",
        )
    )


def _cancel() -> argparse.ArgumentParser:
    parser = _with_id(_parser("cancel", "Stop a download for good. It stays listed, and finished files stay."))
    parser.add_argument("--keep-parts", action="store_true", help="keep the unfinished parts of its files")
    return parser


def _with_id(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("id", metavar="ID", help="as 'pulley list' shows it, or a handle")
    return parser


def _verify() -> argparse.ArgumentParser:
    parser = _parser(
        "verify",
        "Hash what is on the disk against its description and, with a network, the hub; name each file that is\n"
        "bad or missing. A path may be a file, a model's folder or a folder of many; one that exists wins over a\n"
        "handle.",
        end=_EXIT_CODES,
    )
    parser.add_argument("targets", nargs="*", metavar="PATH_OR_HANDLE")
    parser.add_argument("--repair", action="store_true", help="fetch again only what is wrong")
    return parser


def _demo() -> argparse.ArgumentParser:
    parser = _parser("demo", "The window against a hub on this machine, with data of its own that go at the end.")
    parser.add_argument("--exit", action="store_true", help="end when both models are complete")
    parser.add_argument("--picture", metavar="FILE", default="", help="write a PNG of the window at that moment")
    return parser


PARSERS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "": _window,
    "pull": _pull,
    "serve": _serve,
    "list": _list,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "verify": _verify,
    "demo": _demo,
}
"""The parser of each command by its name; that of the window under the empty one."""
