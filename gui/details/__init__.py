"""The details pane below the list: everything about the selected row."""
