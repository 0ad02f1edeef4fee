"""Hours of trouble in minutes: random faults, kills and commands, and whether all comes out right."""
