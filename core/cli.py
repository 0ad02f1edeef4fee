"""The command line: options, handles, exit codes. Opens no window itself: `gui` hands in how.

Exit codes: 0 complete, 1 something failed, 2 wrong usage, 130 interrupted. Never a traceback.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core import __version__
from core.errors import UnsupportedHandle
from core.handles import ACCEPTED_FORMS, parse_handle
from core.net.credentials import HUB_DEFAULT, endpoint_of
from core.places import Places, find_places
from core.records import Handle

USAGE_ERROR = 2


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What the window was asked for.

    Attributes:
        handles: Texts to add as if dropped.
        demo: Start the demo hub and open against it, with throwaway data.
        leave: End when the demo's models are complete.
        picture: Write a picture of the window at that moment to this file; empty for none.
    """

    places: Places
    handles: tuple[str, ...] = ()
    demo: bool = False
    leave: bool = False
    picture: str = ""


OpenWindow = Callable[[WindowOptions], int]


def _pull_parser(parent: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pulley pull", description="Pull models in the terminal.", parents=[parent], epilog=_forms()
        , formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("handles", nargs="*", metavar="HANDLE")
    parser.add_argument(
        "--files", action="append", default=[], metavar="GLOB", help="only these files (repeatable)"
    )
    parser.add_argument("--revision", metavar="REV", default="", help="branch, tag or commit")
    parser.add_argument("--quiet", action="store_true", help="nothing on stdout")
    return parser


def _demo_parser(parent: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pulley demo", description="The window against a hub on this machine.", parents=[parent]
    )
    parser.add_argument("--exit", action="store_true", help="end when both models are complete")
    parser.add_argument("--picture", metavar="FILE", default="", help="write a PNG of the window at that moment")
    return parser


def _shared_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--models-dir", metavar="DIR", help="where models go")
    parser.add_argument("--data-dir", metavar="DIR", help="where settings and the list are kept")
    parser.add_argument("--verbose", action="store_true", help="say more on stderr")
    parser.add_argument("--version", action="version", version=f"pulley {__version__}")
    return parser


def _forms() -> str:
    width = max(len(form) for form, _ in ACCEPTED_FORMS) + 2
    return "Accepted forms:\n" + "\n".join(f"  {form:<{width}}{meaning}" for form, meaning in ACCEPTED_FORMS)


def main(arguments: Sequence[str] | None, *, open_window: OpenWindow) -> int:
    """Run one command; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _, rest = _shared_parser().parse_known_args([w for w in words if w not in ("--version", "--help", "-h")])
    command = rest[0] if rest else ""
    if command in ("pull", "demo"):
        words.remove(command)
        return _pull(words) if command == "pull" else _demo(words, open_window)
    parser = argparse.ArgumentParser(
        prog="pulley",
        description="Pulls machine-learning models. Without a command: opens the window.",
        parents=[_shared_parser()],
        epilog="Commands: 'pulley pull HANDLE ...' in the terminal, 'pulley demo' against a hub on this machine.",
    )
    parser.add_argument("handles", nargs="*", metavar="HANDLE", help="models to add")
    options = parser.parse_args(words)
    return open_window(WindowOptions(_prepare(options), handles=tuple(options.handles)))


def _prepare(options: argparse.Namespace) -> Places:
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="pulley: %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would print signed addresses
    return find_places(options.data_dir, options.models_dir, os.environ)


def _demo(words: list[str], open_window: OpenWindow) -> int:
    options = _demo_parser(_shared_parser()).parse_args(words)
    return open_window(WindowOptions(_prepare(options), demo=True, leave=options.exit, picture=options.picture))


def _pull(words: list[str]) -> int:
    parser = _pull_parser(_shared_parser())
    options = parser.parse_args(words)
    if not options.handles:
        parser.print_usage(sys.stderr)
        print("pulley pull: name at least one model.\n" + _forms(), file=sys.stderr)
        return USAGE_ERROR
    handles, problems = [], []
    for text in options.handles:
        try:
            handles.append(_with_revision(_parse(text), options.revision))
        except UnsupportedHandle as error:
            problems.append(f"pulley pull: {text[:200]!r}: {error.message}")
    if problems:
        print("\n".join([*problems, _forms()]), file=sys.stderr)
        return USAGE_ERROR
    from core.headless import PullOptions, pull  # the engine is not imported for a wrong word

    return pull(PullOptions(tuple(dict.fromkeys(handles)), tuple(options.files), options.quiet), _prepare(options))


def _parse(text: str) -> Handle:
    endpoint = endpoint_of(os.environ)
    return parse_handle(text, endpoint="" if endpoint == HUB_DEFAULT else endpoint)


def _with_revision(handle: Handle, revision: str) -> Handle:
    """Apply `--revision`.

    Raises:
        UnsupportedHandle: The handle names another one itself.
    """
    if not revision or handle.hub == "direct":
        return handle
    wanted = "" if revision == "main" and handle.hub == "huggingface" else revision
    if handle.revision and handle.revision != wanted:
        raise UnsupportedHandle(f"it names {handle.revision}, but --revision says {revision}")
    return replace(handle, revision=wanted)
