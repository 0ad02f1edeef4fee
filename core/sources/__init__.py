"""Sources: one adapter a hub, from a Handle to a Manifest.

May use: records, errors, net (through `Fetcher`), selection, formats. Must not know: tasks, the engine, the disk.
Every value of a hub is checked here before anybody uses it; names become paths only in `core.paths`.
"""
