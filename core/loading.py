"""Loading a command's libraries: most of the time that a short command takes. Knows none of them."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Look for no garbage while libraries load, nor among them later: what they make lives as long as the process.

    It is a tenth of the time, and each later search is shorter by all of it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # once a process: what is garbage by then stays for ever
            gc.freeze()
        if was_enabled:
            gc.enable()
