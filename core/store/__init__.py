"""The list of tasks on the disk: a small protocol, SQLite, and a memory twin.

May use: errors, records, states. Must not know: the engine, tasks in motion, the network, Qt.
"""
