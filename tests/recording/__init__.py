"""Records `pulley pull` on a pseudo-terminal for the docs."""
