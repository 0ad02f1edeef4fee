"""Measurements: `make bench`. Speed is measured here as figures side by side, never asserted by a timed test."""
