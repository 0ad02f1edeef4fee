"""QtCore, for the engine's signals. Whatever imports Qt first in a process gets it from here."""

import builtins

# With its first import PySide6 puts itself before each later one and reads the source of every module, in search of
# `from __feature__ import ...`, which nothing here uses: a tenth of the start, and the sources stay in memory.
_import = builtins.__import__
try:
    from PySide6.QtCore import QMetaMethod, QObject, Signal
finally:
    builtins.__import__ = _import

__all__ = ["QMetaMethod", "QObject", "Signal"]
