"""The command line: from words to a command, and its exit code. Opens no window itself: `gui` hands in how.

Exit codes: 0 complete, 1 something failed, 2 wrong usage, 130 interrupted. Never a traceback. What a command needs
is imported once its words are understood: a wrong word loads neither Qt nor the network.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence

from msgspec import Struct

from core import qt
from core.errors import UnsupportedHandle
from core.handles import format_handle, parse_handle, with_revision
from core.interrupt import noted
from core.loading import loading
from core.net.credentials import HUB_DEFAULT, endpoint_of
from core.options import PARSERS, forms, split_command
from core.patterns import pattern
from core.places import Places, find_places
from core.records import Handle

USAGE_ERROR = 2
INTERRUPTED = 130
WORD_CHARS_SHOWN = 200

_MAIN = pattern(r"(?:@|/(?:tree|blob|resolve|raw)/|--revision[ =])main(?![^\s:/?#])")


class WindowOptions(Struct, frozen=True):
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


def main(arguments: Sequence[str] | None, *, open_window: OpenWindow) -> int:
    """Run one command; return its exit code."""
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments), open_window)
    except KeyboardInterrupt:  # before or after the command had its own way to take it
        return INTERRUPTED


def _run(words: list[str], open_window: OpenWindow) -> int:
    command, rest = split_command(words)
    parser = PARSERS[command]()
    options = parser.parse_args(rest)
    with noted():
        return _begin(command, parser, options, open_window)


def _begin(
    command: str, parser: argparse.ArgumentParser, options: argparse.Namespace, open_window: OpenWindow
) -> int:
    if command not in ("", "demo"):
        qt.leave_out()
    match command:
        case "":
            return open_window(WindowOptions(_prepare(options), handles=tuple(options.handles)))
        case "demo":
            places = _prepare(options)
            return open_window(WindowOptions(places, demo=True, leave=options.exit, picture=options.picture))
        case "pull":
            return _pull(parser, options)
        case "verify":
            return _verify(parser, options)
        case "serve":
            with loading():
                from core.serve import ServeOptions, serve

            return serve(ServeOptions(options.host, options.port), _prepare(options))
        case "list":
            with loading():
                from core.headless.steer import show_list

            return show_list(_prepare(options), as_json=options.json)
        case _:
            with loading():
                from core.headless.steer import SteerOptions, steer

            keep_parts = command == "cancel" and options.keep_parts
            return steer(SteerOptions(command, options.id, _short(options.id), keep_parts), _prepare(options))


class _Brief(logging.Formatter):
    """Writes an error without its traceback, which is of no use to who reads a terminal."""

    def formatException(self, ei: object) -> str:
        error = ei[1] if isinstance(ei, tuple) else None
        return f"pulley: {error!r}"


def _prepare(options: argparse.Namespace) -> Places:
    """Set the log up, and return where things are."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Brief("pulley: %(name)s: %(message)s"))
    # The level is the terminal's own: the log on the disk is told more (`core.logbook`).
    handler.setLevel(logging.INFO if options.verbose else logging.WARNING)
    logging.basicConfig(level=handler.level, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would print signed addresses
    return find_places(options.data_dir, options.models_dir, os.environ)


def _wrong(command: str, problems: Sequence[str]) -> int:
    lines = [f"pulley {command}: {problem}" for problem in problems]
    print("\n".join([*lines, forms()]), file=sys.stderr)
    return USAGE_ERROR


def _pull(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if not options.handles:
        parser.print_usage(sys.stderr)
        return _wrong("pull", ["name at least one model."])
    handles, problems = [], []
    for text in options.handles:
        try:
            handles.append(_at_revision(text, options.revision))
        except UnsupportedHandle as error:
            problems.append(f"{text[:WORD_CHARS_SHOWN]!r}: {error.message}")
    if problems:
        return _wrong("pull", problems)
    with loading():
        from core.headless.pull import PullOptions, pull

    asked = PullOptions(
        tuple(dict.fromkeys(handles)),
        tuple(options.files),
        quiet=options.quiet,
        as_json=options.json,
        models_named=_names_models(options),
    )
    return pull(asked, _prepare(options))


def _verify(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if not options.targets:
        parser.print_usage(sys.stderr)
        return _wrong("verify", ["name at least one path or model."])
    asked: list[str | Handle] = []
    problems = []
    for text in options.targets:
        if _exists(text):
            asked.append(os.path.abspath(text))
            continue
        try:
            asked.append(_parse(text))
        except UnsupportedHandle as error:
            problems.append(f"{text[:WORD_CHARS_SHOWN]!r}: there is no such path, and as a model: {error.message}")
    if problems:
        return _wrong("verify", problems)
    with loading():
        from core.headless.verify import VerifyOptions, verify

    return verify(VerifyOptions(tuple(dict.fromkeys(asked)), repair=options.repair), _prepare(options))


def _exists(text: str) -> bool:
    try:
        return bool(text) and os.path.lexists(text)
    except ValueError:
        return False


def _names_models(options: argparse.Namespace) -> bool:
    return bool(options.models_dir or os.environ.get("PULLEY_MODELS_DIR"))


def _parse(text: str) -> Handle:
    endpoint = endpoint_of(os.environ)
    return parse_handle(text, endpoint="" if endpoint == HUB_DEFAULT else endpoint)


def _short(text: str) -> str:
    try:
        return format_handle(_parse(text))
    except UnsupportedHandle:
        return ""


def _at_revision(text: str, revision: str) -> Handle:
    """Parse a handle and apply `--revision`.

    Raises:
        UnsupportedHandle: It is none, or it names another revision itself.
    """
    handle = _parse(text)
    if handle.hub == "direct":
        return handle
    if revision not in ("", "main") and not handle.revision and _MAIN.search(text):
        raise UnsupportedHandle(f"it names main, but --revision says {revision[:WORD_CHARS_SHOWN]}")
    try:
        return with_revision(handle, revision)
    except UnsupportedHandle as error:
        raise UnsupportedHandle(f"--revision {revision[:WORD_CHARS_SHOWN]}: {error.message}") from error
