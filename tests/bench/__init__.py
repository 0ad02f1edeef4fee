"""Measurements: `make bench`. Speed is measured here as figures side by side, never asserted by a timed test.

`rows` says what is measured and what is to be reached, `figures` judges it, `page` writes it down; these three are
pure. `bulk`, `network`, `growth` and `windows` measure, with the servers of `servers` and the commands of `peers`;
everything that is started is started by `processes`, which leaves nothing behind.
"""
