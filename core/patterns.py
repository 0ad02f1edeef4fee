"""Regular expressions that are compiled when they are first used.

A module names all that it may need, a run needs a few: to compile them all was a sixth of a short command's start.
"""

import re
from typing import Any, AnyStr, cast


class _Late:
    """Becomes the compiled one by its attributes: each is asked for once, and found at once from then on."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # of a copy that has no text yet, for one
            raise AttributeError(name)
        value = getattr(re.compile(self._text, self._flags), name)  # re remembers what it compiled
        setattr(self, name, value)
        return value


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what `re.compile` would, but for where it is handed to a function of `re`.

    A text that is no regular expression raises re.error at its first use.
    """
    return cast("re.Pattern[AnyStr]", _Late(text, flags))
