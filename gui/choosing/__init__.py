"""Choosing what of a repo is pulled: rows as people think of models, or plain files, in a pane and in a dialog."""
