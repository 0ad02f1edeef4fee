"""`pulley` and `python -m gui`: the command line, with the window handed in; Qt's widgets only for a window."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.cli import WindowOptions

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Pulley; return the exit code."""
    try:
        from core.cli import main as command_line  # here, so that Ctrl-C while it loads is no traceback

        return command_line(arguments, open_window=_open_window)
    except KeyboardInterrupt:
        return INTERRUPTED


def _open_window(options: "WindowOptions") -> int:
    if not _has_display(options):
        print(
            "pulley: no display was found. Without one, 'pulley pull HANDLE ...' pulls in the terminal and"
            " 'pulley serve' runs the local API.",
            file=sys.stderr,
        )
        return 1
    from core import qt
    from core.loading import loading

    with loading():
        qt.load()  # before any other part of it
        from gui.app import open_window  # widgets are imported for a window alone

    return open_window(options)


def _has_display(options: "WindowOptions") -> bool:
    """Tell whether a window can be shown; the demo with an end or a picture works without."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return True
    if options.demo and options.leave:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
