"""The window: everything a person sees and clicks.

Knows core (commands in, signals out), resources and PySide6's QtCore, QtGui, QtWidgets and QtSvg. Knows no socket,
no file format and no rule about downloads: what may be done is asked of the engine. qasync lives in `gui.loop`
alone. This module imports nothing, so that `core` programs may look whether the window is installed.
"""
