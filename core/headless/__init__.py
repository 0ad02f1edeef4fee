"""The commands without a window, on the stock asyncio loop: pull, list, pause, resume, cancel, verify.

    cli ──► pull ────┐
        ──► verify ──┴► carry ──► hold ──► door.Errand   this process takes the data folder and does it itself
              │           └─────► follow                 another process has it: hand over, show what it tells
              └───────► check                            hash what is on the disk
        ──► steer                                        one question through the door, or to the store

`hold` is where an engine is built. `ledger` keeps account of the models of an errand, whoever works on them; `run`
has what all commands share: signals, the end, complaints. Must not know gui.
"""
