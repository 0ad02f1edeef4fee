"""What this machine has: memory, graphics memory, room on a disk. Blocking; call it on a thread.

Only asks what is there: psutil, nvidia-smi where it is installed, what the kernel says of AMD's cards. What nobody
tells is unknown. No failure leaves here: a machine that cannot be looked at is one that nothing is known of.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from core.choosing.fits import Machine

ASK_S = 5.0  # a driver that hangs is left behind
OUTPUT_CHARS_MAX = 10_000
DEVICES = Path("/sys/class/drm")
_MIB = 2**20


class Figures(Protocol):
    """Looks at a machine; tests have machines of their own."""

    def machine(self) -> Machine:
        """Return what the machine has."""
        ...

    def free(self, folder: Path) -> int | None:
        """Return the free bytes of the disk where a folder is or would be; None where nobody can tell."""
        ...


class ThisMachine:
    """The machine that this runs on; asked once."""

    def __init__(self, *, devices: Path = DEVICES, nvidia: Callable[[], str] | None = None) -> None:
        self._devices = devices
        self._nvidia = nvidia or ask_nvidia
        self._known: Machine | None = None

    def machine(self) -> Machine:
        """Return what the machine has."""
        if self._known is None:
            cards = [*nvidia_memory(self._nvidia()), *amd_memory(self._devices)]
            self._known = Machine(memory=_memory(), gpu=max(cards, default=None))
        return self._known

    def free(self, folder: Path) -> int | None:
        """Return the free bytes of the disk where a folder is or would be."""
        for step in (folder, *folder.parents):
            try:
                return shutil.disk_usage(step).free
            except FileNotFoundError:
                continue
            except OSError:
                return None
        return None


def _memory() -> int | None:
    import psutil  # a tenth of the start of a command, and most never ask

    try:
        total = psutil.virtual_memory().total
    except (OSError, RuntimeError, psutil.Error):
        return None
    return total if total > 0 else None


def ask_nvidia() -> str:
    """Return what nvidia-smi says of the memory of each card; empty where there is no answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        done = subprocess.run(
            [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ASK_S,
            creationflags=window,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout[:OUTPUT_CHARS_MAX].decode("ascii", "replace") if done.returncode == 0 else ""


def nvidia_memory(text: str) -> list[int]:
    """Return the bytes of each card that a reply of nvidia-smi names, in MiB, one a line."""
    lines = (line.strip() for line in text.splitlines())
    return [int(line) * _MIB for line in lines if line.isascii() and line.isdigit() and 0 < int(line[:9]) < 2**24]


def amd_memory(devices: Path) -> list[int]:
    """Return the bytes of each card that the kernel's driver tells the memory of."""
    found = []
    try:
        names = sorted(name for name in os.listdir(devices) if name.startswith("card") and name[4:].isdigit())
    except OSError:
        return []
    for name in names:
        try:
            text = (devices / name / "device" / "mem_info_vram_total").read_bytes()[:32].strip()
        except OSError:
            continue
        if text.isdigit() and int(text) > 0:
            found.append(int(text))
    return found
