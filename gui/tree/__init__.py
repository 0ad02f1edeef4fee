"""The tree of downloads: columns, cells, model, proxy, delegate, header, view.

Reads tasks, states and the engine's signals only; sends the engine two commands, skip and choose. Every sentence
comes from `gui.wording`.
"""
