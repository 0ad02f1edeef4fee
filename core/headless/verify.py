"""`pulley verify`: hashes what is on the disk, compares with the hub, names what is wrong, repairs it when asked.

A check needs neither the data folder's lock nor an engine; a repair is an errand like a pull.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from core.verify import Target, targets_at, targets_of

REPAIR_HINT = "'pulley verify --repair' fetches again what is wrong, and nothing else."


@dataclass(frozen=True, slots=True)
class VerifyOptions:
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
            say(f"{finding.path} {finding.message}", about=checked.target.description.model)
    if bad and options.repair and connect(os.environ).net.offline:
        say("Offline mode is on (HF_HUB_OFFLINE), so nothing is fetched. Unset HF_HUB_OFFLINE, then repair.")
        return FAILED
    if bad and options.repair:
        code = await Carrier(_Repair(bad), places, screen(), stopped).run()
        return FAILED if missing and not code else code
    if bad:
        say(REPAIR_HINT)
    return FAILED if bad or missing else 0


async def _targets(asked: Sequence[str | Handle], root: Path) -> tuple[list[Target], bool]:
    """Return the models that are meant, each once, and whether something stands for none."""
    targets: dict[tuple[Path, str, frozenset[str]], Target] = {}
    missing = False
    for what in asked:
        if isinstance(what, str):
            found = await asyncio.to_thread(targets_at, Path(what), root)
            name, reason = what, "no model that Pulley describes is there, and it belongs to none"
        else:
            found = await asyncio.to_thread(targets_of, what, root)
            name = format_handle(what)
            reason = f"no complete model of that name is in {root}. 'pulley pull {name}' fetches it"
        if not found:
            missing = True
            say(reason, about=name)
        targets.update({(target.folder, target.name, target.only): target for target in found})
    return list(targets.values()), missing


async def _checked(targets: Sequence[Target], settings: SettingsStore) -> list[Checked]:
    hubs = connect(os.environ)
    await use_secrets(hubs.net, hubs.endpoint, settings)
    shown: Screen = screen()
    sources = () if hubs.net.offline else hubs.sources
    checker = Checker(sources, show=shown.show, warn=lambda model, text: say(text, about=model))
    try:
        return [await checker.run(target) for target in targets]
    finally:
        shown.finish()
        await hubs.net.aclose()


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
    return checked.target, [finding.path for finding in checked.bad]


def _asked_for(checked: Checked) -> dict[str, Any]:
    target, paths = _parts(checked)
    files = [file for file in target.description.files if file.path in paths]
    return {
        "folder": str(target.folder),
        "name": target.name,
        "files": [[file.path, file.size, file.hash, file.local_hash] for file in files],
    }
