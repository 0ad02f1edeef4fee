"""The local HTTP API that Cortex clients speak: gate, routes, events.

    request ──► server ──► gate (who may) ──► routes (one table) ──► pulls, models, configs ──► engine
    engine's signals ──► events (one table) ──► every listener of /events

May use: the engine, the library, settings, and aiohttp in `server` and `listeners` alone. Must not know: gui, the
command line. Who may ask is decided by the gate before any route sees a request; `routes` is the table that the
server, the OpenAPI document and the tests share.
"""
