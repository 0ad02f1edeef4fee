"""Checks described models one after the other: the files against their description, that against the hub.

Hashing happens in a thread; what is found out meanwhile is told as views, like a download. Writes nothing, needs no
lock and no engine.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.errors import ConnectFailed, DownloadError, TimedOut
from core.sources.base import Source
from core.spawn import cancel_and_wait, spawn
from core.states import TaskState
from core.transfer.meter import Meter
from core.verify import Finding, Target, Verdict, check, compare, on_hub
from core.views import TaskView

TICK_S = 0.25


class Checked(Struct, frozen=True):
    """What was found out about one model.

    Attributes:
        target: The model, described as the hub has it where its description was wrong.
        findings: One a file.
        corrected: Paths of the files whose description was wrong.
    """

    target: Target
    findings: tuple[Finding, ...]
    corrected: frozenset[str] = frozenset()

    @property
    def bad(self) -> list[Finding]:
        """What is wrong."""
        return [finding for finding in self.findings if finding.is_bad]

    @property
    def to_fetch(self) -> list[str]:
        """Paths of what is wrong and can be fetched again."""
        return [finding.path for finding in self.bad if finding.is_fetchable]


class Checker:
    """Checks; `show` gets views, `warn` what could not be asked. `sources` are empty where no hub is asked."""

    def __init__(
        self, sources: Sequence[Source], *, show: Callable[[TaskView], None], warn: Callable[[str, str], None]
    ) -> None:
        self._sources = sources
        self._show = show
        self._warn = warn
        self._silent_hubs: set[str] = set()

    async def run(self, target: Target) -> Checked:
        """Check one model. Cancelled: the thread is told to stop, and waited for."""
        meter, now = Meter(), asyncio.get_running_loop().time
        size, count = target.size(), len(target.files())
        done = 0
        stop = threading.Event()

        def checked(so_far: int) -> None:
            nonlocal done
            done = so_far

        def view(state: TaskState) -> TaskView:
            rate = meter.rate(now())
            return TaskView(
                target.description.model,
                state,
                percent=min(99, 100 * done // size) if size else 0,
                size=size,
                durable=done,
                rate=rate,
                eta_s=(size - done) / rate if rate > 0 else None,
                wanted=count,
            )

        async def tick() -> None:
            seen = 0
            while True:
                meter.add(done - seen, now())
                seen = done
                self._show(view(TaskState.VERIFYING))
                await asyncio.sleep(TICK_S)

        ticking = spawn(tick(), name="tick of a check")
        hashing = spawn(asyncio.to_thread(check, target, checked=checked, stop=stop), name="check")
        asking = spawn(self._compare(target), name="compare with the hub")
        try:
            await asyncio.wait([hashing, asking])
            right, compared = asking.result()
            found = Checked(right, merged(hashing.result(), compared), _corrections(target, right))
        finally:
            stop.set()
            await cancel_and_wait(ticking, asking)
            if not hashing.done():
                await asyncio.wait([hashing])
        self._show(_end(found, size, count))
        return found

    async def _compare(self, target: Target) -> tuple[Target, list[Finding]]:
        """Return the model described as it should be, and what is wrong in its description."""
        hub = target.description.hub
        if not self._sources or hub in self._silent_hubs:
            return target, []
        try:
            found = await compare(target, self._sources)
            return (_corrected(target, await on_hub(target, self._sources)) if found else target), found
        except DownloadError as error:
            if isinstance(error, ConnectFailed | TimedOut):
                self._silent_hubs.add(hub)
            reason = error.message.rstrip(".")
            self._warn(target.description.model, f"compared with its description alone: {reason}")
            return target, []


def _corrected(target: Target, known: Target) -> Target:
    """Return the model with what the hub says of each file that it has."""
    right = {file.path: file for file in known.description.files}
    files = tuple(right.get(file.path, file) for file in target.description.files)
    return replace(target, description=replace(target.description, files=files))


def _corrections(before: Target, after: Target) -> frozenset[str]:
    pairs = zip(before.description.files, after.description.files, strict=True)
    return frozenset(old.path for old, new in pairs if old != new)


def merged(checked: Sequence[Finding], compared: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return one finding a file: what is wrong on the disk, else in the description, else that it is right.

    What the hub does not have cannot be fetched, whatever is wrong with it.
    """
    described = {finding.path: finding for finding in compared}

    def one(own: Finding) -> Finding:
        other = described.get(own.path, own)
        return replace(own, is_fetchable=other.is_fetchable) if own.is_bad else other

    return tuple(one(own) for own in checked)


def _end(found: Checked, size: int, count: int) -> TaskView:
    model, bad = found.target.description.model, len(found.bad)
    if not bad:
        hashed = all(finding.verdict is Verdict.GOOD for finding in found.findings)
        return TaskView(model, TaskState.DONE, percent=100, size=size, done=count, wanted=count, is_hashed=hashed)
    files = f"{bad} of {count} {'file' if count == 1 else 'files'} {'is' if bad == 1 else 'are'} wrong"
    return TaskView(model, TaskState.FAILED, percent=99, size=size, done=count - bad, wanted=count, message=files)
