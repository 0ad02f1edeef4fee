"""Browse: the search of a hub, its results and the page of a model. Knows the catalogue and the engine's `add`."""
