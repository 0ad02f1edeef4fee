"""Runs measurements: `python -m tests.bench [P1 P4 ...] [--quick] [--json FILE] [--page FILE]`.

Without names, all rows. `--json` keeps the figures, beside those of other rows that the file has already, so that
the page can be put together from several runs; `--page` writes it, from the file alone where `--no-run` is given.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench import bulk, growth, network, windows
from tests.bench.page import page, summary, table
from tests.bench.peers import programs_missing, versions
from tests.bench.processes import Failed, end_on_sigterm
from tests.bench.rows import GROUPS, row_of
from tests.bench.samples import GIB, QUICK, Plan, Table, tell

PACKAGES = ("PySide6-Essentials", "qasync", "httpx", "aiohttp", "huggingface_hub")
MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 6 * GIB  # the CDN's file, ours and a peer's, with room to spare
QUICK_GROUPS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "startup", "B1", "B2", "B4")


def _folder(stack_name: str, *, in_memory: bool) -> "tempfile.TemporaryDirectory[str]":
    """Make a folder in a tmpfs where it has room, so that no disk is measured; else, or by wish, on the disk."""
    if in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED_BYTES:
        return tempfile.TemporaryDirectory(prefix=f"bench-{stack_name}-", dir=MEMORY)
    return tempfile.TemporaryDirectory(prefix=f"bench-{stack_name}-")


def _machine() -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = (line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name"))
        model = next(lines, model).partition(":")[2].strip() or model
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores ({model}), {gigabytes:.0f} GB of memory"
    )


def _run(groups: list[str], plan: Plan, results: dict[str, Any], keep: Callable[[], None]) -> bool:
    """Measure part by part; a program that fails costs its own rows only. Return whether none did."""
    parts = (
        (bulk.measure, ("P1", "P2", "P3", "P10"), True),
        (network.measure, ("P4", "P5"), True),
        (network.measure, ("P6",), True),
        (network.measure, ("P11",), True),
        (windows.measure, ("P7", "P10"), True),
        (windows.measure, ("P8",), True),
        (windows.measure, ("P9",), True),
        (windows.measure, ("B1", "B2", "B3", "B4"), True),
        (windows.measure, ("smooth",), True),
        (windows.measure, ("startup",), True),
        (windows.measure, ("listen",), True),
        (growth.measure, ("memory", "P12"), False),
    )
    well = True
    for measure, names, in_memory in parts:
        asked = [name for name in names if name in groups]
        if not asked:
            continue
        print(f"{' '.join(asked)}:", flush=True)
        figures = Table()
        try:
            with _folder(asked[0], in_memory=in_memory) as name:
                measure(asked, figures, Path(name), plan)
        except Failed as error:
            well = False
            tell(f"failed: {error}")
        results["rows"] |= {key: kept for key, kept in figures.rows.items() if row_of(key).group in asked}
        keep()
    return well


def main() -> int:
    """Measure, print, keep, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of {', '.join(GROUPS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="small sizes, one run each")
    parser.add_argument("--runs", type=int, help="runs of each side")
    parser.add_argument("--json", type=Path, help="keep the figures in this file, beside those that it has")
    parser.add_argument("--page", type=Path, help="write the page")
    parser.add_argument("--no-run", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if unknown := [name for name in options.rows if name not in GROUPS]:
        parser.error(f"no such row: {', '.join(unknown)} (known: {', '.join(GROUPS)})")
    end_on_sigterm()
    if (missing := programs_missing()) and not options.no_run:
        print(f"Missing: {', '.join(missing)}. make bench-tools installs them.", file=sys.stderr)
        return 1
    plan = QUICK if options.quick else Plan()
    if options.runs:
        plan = Plan(**{name: getattr(plan, name) for name in Plan.__slots__} | {"runs": options.runs})
    results: dict[str, Any] = {"rows": {}}
    if options.json and options.json.exists():
        results = json.loads(options.json.read_text(encoding="utf-8"))
    results["machine"] = _machine()
    results["versions"] = {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    results["versions"] |= versions()
    results["quick"] = options.quick
    groups = options.rows or list(QUICK_GROUPS if options.quick else GROUPS)

    def keep() -> None:
        if options.json:
            options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")

    well = options.no_run or _run(groups, plan, results, keep)
    if options.page:
        old = options.page.read_text(encoding="utf-8") if options.page.exists() else ""
        options.page.write_text(page(results, old=old), encoding="utf-8")
    print("\n".join(table(results["rows"], only=frozenset(groups))))
    if counted := summary(results["rows"], only=frozenset(groups)):
        print(f"{counted}.")
    if options.quick:
        print("A quick run: small sizes, one run each. The figures say little; `make bench` measures.")
    return 0 if well else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
