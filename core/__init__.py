"""The engine of Pulley: everything that happens without a window.

May use: the standard library, PySide6.QtCore, and the libraries of its work (httpx, aiohttp, yaml).
Must not know: gui, QtGui, QtWidgets, qasync. A test walks the imports.
"""

__version__ = "0.1.0"
