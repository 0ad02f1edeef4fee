"""The left bar: lists of places and the status filter with its counts. Knows groups, not tasks."""
