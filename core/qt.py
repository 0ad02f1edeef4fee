"""QtCore for the engine's signals, or what stands in for it in a process without a window.

Loading QtCore takes a fifth of the processor time that a short command starts with. Whatever needs Qt first in a
process loads it here.
"""

import builtins
import sys
from typing import Any

_is_left_out = False


def leave_out() -> None:
    """Let engines speak without Qt from now on: this process opens no window. Not where Qt is loaded already."""
    global _is_left_out
    _is_left_out = True


def load() -> None:
    """Load QtCore.

    With its first import PySide6 puts itself before each later one and reads the source of every module, in search
    of `from __feature__ import ...`, which nothing here uses: the import that was there is put back.
    """
    before = builtins.__import__
    try:
        import PySide6.QtCore  # noqa: F401
    finally:
        builtins.__import__ = before


def signal_types() -> tuple[Any, Any, Any]:
    """Return QObject, Signal and QMetaMethod, or what stands in for them."""
    if _is_left_out and "PySide6.QtCore" not in sys.modules:
        from core.plain_signals import MetaMethod, Signal, Speaker

        return Speaker, Signal, MetaMethod
    load()
    from PySide6 import QtCore

    return QtCore.QObject, QtCore.Signal, QtCore.QMetaMethod
