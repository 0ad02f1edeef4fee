"""The catalogue: what a Hugging Face hub has to offer, searched and looked at before anything is added.

Knows the hub's search, the facts and the card of one model, and how much it may be asked. Must not know the engine,
tasks, the disk or Qt.

    Query ── wire ──► Catalogue (requests) ── wire ──► Page of Found ──► SizeBook (sizes of the rows that are seen)
                          └──────────────────────────► ModelFacts, card, revisions
"""
