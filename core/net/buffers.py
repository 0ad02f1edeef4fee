"""Memory that sockets read into, used again and again."""

BUFFER_BYTES = 2**20
KEPT_MOST = 16  # free ones that outlive the rush that needed them
SHORT_AT = 24  # in use: from here on nobody should let more than one wait


class Buffers:
    """Buffers of one size.

    Nobody gives a buffer back: one is free as soon as no view of it is left. A bytearray tells, since it refuses to
    change its length while there are views. So a view may be kept, cut and handed to threads like any bytes.
    """

    def __init__(self, size: int = BUFFER_BYTES) -> None:
        self.size = size
        self._known: list[bytearray] = []

    def __len__(self) -> int:
        return len(self._known)

    @property
    def is_short(self) -> bool:
        """So many are in use that whoever fills one should wait until it was read."""
        return len(self._known) >= SHORT_AT and sum(not _is_free(buffer) for buffer in self._known) >= SHORT_AT

    def take(self) -> memoryview:
        """Return a view of a buffer that nobody else looks at; its content is arbitrary."""
        for at, buffer in enumerate(self._known):
            if _is_free(buffer):
                # To the end, so that a search begins with those that were taken longest ago.
                self._known.append(self._known.pop(at))
                return memoryview(buffer)
        buffer = bytearray(self.size)
        self._known.append(buffer)
        return memoryview(buffer)

    def forget(self) -> None:
        """Let go of all; what is still looked at lives as long as its views."""
        self._known.clear()

    def trim(self) -> None:
        """Let go of free buffers beyond those that are kept."""
        if len(self._known) <= KEPT_MOST:
            return
        used = [buffer for buffer in self._known if not _is_free(buffer)]
        free = [buffer for buffer in self._known if _is_free(buffer)]
        self._known = free[-max(0, KEPT_MOST - len(used)) or len(free) :] + used


def _is_free(buffer: bytearray) -> bool:
    try:
        last = buffer.pop()
    except BufferError:
        return False
    buffer.append(last)
    return True
