"""What is left when a process ends in the middle: kills, power cuts, two processes on one file."""
