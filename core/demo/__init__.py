"""The demo hub: Hugging Face's wire shapes on loopback, with generated models.

Knows: how the hub and its CDN answer, and how to produce gigabytes of bytes with true hashes out of nothing.
Must not know: any other room of core, so that what the rooms are tested against is not made of themselves.

    content    bytes at any offset, and their hashes         gguf, safetensors   true headers for them
    repos      files, commits, branches, gates               catalogue           the models on show
    shelf      what the hub holds, who may see it            calls               a request, a reply
    api, listing, resolve, cdn                               the routes: a request in, a reply out
    knobs, pace, deliver, records                            rates, faults, sending, the log of requests
    server     DemoHub: two servers on two host names        __main__, thread    the same as a program, on a thread
"""
