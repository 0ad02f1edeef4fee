"""One item: plan, segments, fetch, part file and control file, hasher, commit, retry, meter.

May use: errors, records, states, net. Must not know: sources, the engine, the store, Qt.
"""
