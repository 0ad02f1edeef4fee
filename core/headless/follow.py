"""Follows an errand that another process runs: hand over, take what it tells, let go when told to stop."""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any

from core.door.client import Call, Unreachable, call
from core.door.wire import Message, message_of
from core.headless.run import first_of
from core.holder import Holder

SILENT_S = 20  # the holder beats four times as often


class Outcome(Enum):
    """How following came to its end."""

    ENDED = "all have ended"
    LOST = "the holder has gone"
    STOPPED = "we were told to stop"
    STOPPED_BEFORE = "we were told to stop before anything was handed over"


async def follow(
    holder: Holder | None,
    request: dict[str, Any],
    *,
    take: Callable[[Message], None],
    silent: Callable[[], None],
    stopped: asyncio.Event,
) -> Outcome:
    """Hand a request to the holder and pass on what it tells until the end.

    `silent` is called when the holder says nothing any more, not even that it is alive.

    Raises:
        Unreachable: There is no answer, so nothing was handed over as far as we know.
        CommandRefused: The holder refuses.
    """
    accepted: list[Call] = []
    errors: list[Exception] = []

    async def ask() -> None:
        try:
            accepted.append(await call(holder, request))
        except Exception as error:
            errors.append(error)

    await first_of(ask(), stopped.wait())
    if errors:
        raise errors[0]
    if not accepted:
        return Outcome.STOPPED_BEFORE
    outcome = Outcome.STOPPED
    silence = 0

    async def watch() -> None:
        nonlocal silence
        while True:  # seconds are counted, not measured: this process may have been stopped itself
            await asyncio.sleep(1)
            silence += 1
            if silence == SILENT_S:
                silent()

    async def listen() -> None:
        nonlocal outcome, silence
        try:
            async for line in accepted[0].lines():
                silence = 0
                message = message_of(line)
                if message is not None:
                    take(message)
            outcome = Outcome.ENDED
        except Unreachable:
            outcome = Outcome.LOST

    try:
        await first_of(listen(), watch(), stopped.wait())
    finally:
        accepted[0].close()
    return outcome
