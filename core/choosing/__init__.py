"""Choosing: the files of a repo as people think of them, and whether they fit a machine.

Pure, save for `headers` (asks the hub for the beginning of a file) and `machine` (looks at this machine). Knows
names, sizes and headers of files. Must not know the engine, tasks, sources of a hub or widgets.
"""

from core.choosing.pick import Pick
from core.choosing.rows import Kind, Listing, Row, group
from core.scans import Scan

__all__ = ["Kind", "Listing", "Pick", "Row", "Scan", "group"]
