"""The fault server: a hub, its file server and others on loopback, which do what no decent server would.

Raw asyncio, no framework, so that illegal bytes can be sent. Everything is seeded and every request is recorded.

    content    bytes by block, of any size, with true hashes        hub     what a good hub would answer
    wire       a request, an answer, how it goes over the wire      rules   named faults, and when they strike
    server     the listeners: hub, cdn, other and well, each on an address of its own
"""
