"""`pulley verify`: hashes what is on the disk, compares with the hub, names what is wrong, repairs it when asked.

A check needs neither the data folder's lock nor an engine; a repair is an errand like a pull.
"""

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.compose import connect
from core.door.errand import Step
from core.handles import format_handle
from core.headless.carry import Carrier
from core.headless.check import Checked, Checker
from core.headless.configured import settings_of, use_secrets
from core.headless.hold import Holding
from core.headless.run import FAILED, INTERRUPTED, first_of, run, say
from core.places import Places
from core.records import Handle
from core.settings import SettingsStore
from core.terminal import Screen, screen
from core.verify import TARGETS_MAX, Target, targets_at, targets_of

REPAIR_HINT = "'pulley verify --repair' fetches again what is wrong, and nothing else."


class VerifyOptions(Struct, frozen=True):
    """What `pulley verify` was asked for: absolute paths and handles."""

    asked: tuple[str | Handle, ...]
    repair: bool = False


def verify(options: VerifyOptions, places: Places) -> int:
    """Verify all of it; return the exit code: 0 all is right or repaired, 1 something is wrong, 130."""
    return run(lambda stopped: _verify(options, places, stopped))


async def _verify(options: VerifyOptions, places: Places, stopped: asyncio.Event) -> int:
    settings = settings_of(places)
    root = places.models_or(settings.current.models_dir)
    found: list[Checked] = []
    missing = False
    errors: list[Exception] = []

    async def work() -> None:
        nonlocal missing
        try:
            targets, missing = await _targets(options.asked, root)
            found.extend(await _checked(targets, settings))
        except Exception as error:
            errors.append(error)

    await first_of(work(), stopped.wait())
    if errors:
        raise errors[0]
    if stopped.is_set():
        return INTERRUPTED
    bad = [checked for checked in found if checked.bad]
    for checked in bad:
        for finding in checked.bad:
            name = checked.target.name
            more = "" if finding.is_fetchable else f". It cannot be repaired: take it out of {name}, and delete it"
            say(f"{finding.path} {finding.message}{more}", about=checked.target.description.model)
    to_mend = [checked for checked in bad if checked.to_fetch]
    stays_bad = missing or any(len(checked.to_fetch) < len(checked.bad) for checked in bad)
    if to_mend and options.repair and connect(os.environ, settings.current).net.offline:
        say("Offline mode is on (HF_HUB_OFFLINE), so nothing is fetched. Unset HF_HUB_OFFLINE, then repair.")
        return FAILED
    if to_mend and options.repair:
        code = await Carrier(_Repair(to_mend), places, screen(), stopped).run()
        return FAILED if stays_bad and not code else code
    if to_mend:
        say(REPAIR_HINT)
    return FAILED if bad or missing else 0


async def _targets(asked: Sequence[str | Handle], root: Path) -> tuple[list[Target], bool]:
    """Return the models that are meant, each once, and whether something stands for none or is left out."""
    targets: dict[tuple[Path, str], Target] = {}
    missing = False
    stop = threading.Event()
    try:
        for what in asked:
            if isinstance(what, str):
                found = await asyncio.to_thread(targets_at, Path(what), root, stop=stop)
                name, reason = what, "no model that Pulley describes is there, and it belongs to none"
            else:
                found = await asyncio.to_thread(targets_of, what, root, stop=stop)
                name = format_handle(what)
                reason = f"no complete model of that name is in {root}. 'pulley pull {name}' fetches it"
            if not found:
                missing = True
                say(reason, about=name)
            if len(found) > TARGETS_MAX:
                missing = True
                say(f"more than {TARGETS_MAX} models are there; the others are not looked at", about=name)
            for target in found[:TARGETS_MAX]:
                key = target.folder, target.name
                targets[key] = _both(targets[key], target) if key in targets else target
    finally:
        stop.set()  # a thread that still looks would keep the process
    return list(targets.values()), missing


def _both(one: Target, other: Target) -> Target:
    """Return one model that was named twice, for the files of both; none stands for all."""
    return replace(one, only=one.only | other.only if one.only and other.only else frozenset())


async def _checked(targets: Sequence[Target], settings: SettingsStore) -> list[Checked]:
    hubs = connect(os.environ, settings.current)
    await use_secrets(hubs.net, hubs.endpoint, settings)
    hubs.place.start()
    shown: Screen = screen()
    sources = () if hubs.net.offline else hubs.sources
    checker = Checker(sources, show=shown.show, warn=lambda model, text: say(text, about=model))
    try:
        return [await checker.run(target) for target in targets]
    finally:
        shown.finish()
        await hubs.aclose()


class _Repair:
    """The work of fetching again what is wrong."""

    wants_events = False

    def __init__(self, bad: Sequence[Checked]) -> None:
        self._bad = bad
        self.names: Sequence[str] = [checked.target.description.model for checked in bad]

    def request(self, places: Sequence[int]) -> dict[str, Any]:
        """Return what to ask of a holder: each description, and what its bad files should be."""
        return {"do": "repair", "models": [_asked_for(self._bad[place]) for place in places]}

    def steps(self, holding: Holding, places: Sequence[int]) -> list[Step]:
        """Return the steps."""
        return [holding.desk.repair_step(*_parts(self._bad[place])) for place in places]


def _parts(checked: Checked) -> tuple[Target, list[str]]:
    return checked.target, checked.to_fetch


def _asked_for(checked: Checked) -> dict[str, Any]:
    """Return what is asked of a holder: each file by its path, or as it should be where that is not described."""
    target, paths = checked.target, set(checked.to_fetch)
    files = [file for file in target.description.files if file.path in paths]
    corrected = checked.corrected
    return {
        "folder": str(target.folder),
        "name": target.name,
        "files": [[f.path, f.size, f.hash, f.local_hash] if f.path in corrected else f.path for f in files],
    }
