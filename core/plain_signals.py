"""Signals without Qt: as much of QtCore as the engine's signals use, with its names and its manners."""

import sys
from collections.abc import Callable
from typing import Any


class BoundSignal:
    """A signal of one speaker."""

    __slots__ = ("slots",)

    def __init__(self) -> None:
        self.slots: list[Callable[..., object]] = []

    def connect(self, slot: Callable[..., object]) -> None:
        """Call `slot` with each emission from now on."""
        self.slots.append(slot)

    def disconnect(self, slot: Callable[..., object]) -> None:
        """Call it no more.

        Raises:
            RuntimeError: It was not connected.
        """
        try:
            self.slots.remove(slot)
        except ValueError:
            raise RuntimeError(f"{slot!r} is not connected") from None

    def emit(self, *args: object) -> None:
        """Call those that are connected now; one that fails says so and keeps nothing from the others."""
        for slot in tuple(self.slots):
            try:
                slot(*args)
            except Exception:
                sys.excepthook(*sys.exc_info())


class Signal:
    """Declares a signal in the body of a speaker's class; the types of its arguments are for the reader."""

    def __init__(self, *types: type) -> None:
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, speaker: Any, owner: type) -> Any:
        """Return the speaker's own; it is found without this from then on."""
        if speaker is None:
            return self
        bound = speaker.__dict__[self._name] = BoundSignal()
        return bound


class MetaMethod:
    """Names a signal to its speaker."""

    @staticmethod
    def fromSignal(signal: BoundSignal) -> BoundSignal:
        """Return what `isSignalConnected` takes."""
        return signal


class Speaker:
    """Has signals."""

    def isSignalConnected(self, signal: BoundSignal) -> bool:
        """Tell whether anybody listens."""
        return bool(signal.slots)
