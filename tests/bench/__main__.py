"""Runs all measurements and writes docs/performance.md."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.bench.hub import hub_process

ROOT = Path(__file__).parent.parent.parent
RUNS = 3


def child(*words: str, **environ: str) -> dict[str, float]:
    """Run a measurement as a process of its own and return its figures."""
    done = subprocess.run(
        [sys.executable, "-m", *words], env=os.environ | environ, cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    figures: dict[str, float] = json.loads(done.stdout.decode().splitlines()[-1])
    print(words[0], figures, flush=True)
    return figures


def smooth(folder: Path) -> list[dict[str, float]]:
    runs = []
    with hub_process("--models", "bench") as endpoint:
        for _ in range(RUNS):
            runs.append(child("tests.bench.smooth", endpoint, str(folder / "smooth")))
            shutil.rmtree(folder / "smooth")
    return runs


def startup(folder: Path) -> list[dict[str, float]]:
    subprocess.run(
        [sys.executable, "-m", "tests.bench.startup", str(folder / "start"), "fill"], cwd=ROOT, check=True
    )
    return [child("tests.bench.startup", str(folder / "start"), "show", repr(time.time())) for _ in range(RUNS)]


def memory(folder: Path) -> dict[str, int]:
    """Return the peak memory in MB of `pulley pull` by the size of the file.

    On 4 connections for every size: each has its buffers, and a longer file has the time to open more of them.
    """
    peaks = {}
    (folder / "memory").mkdir()
    (folder / "memory" / "settings.yml").write_text("connections_per_host: 4\n", encoding="utf-8")
    with hub_process("--models", "bench") as endpoint:
        for name, handle in (
            ("256 MiB", "demo/bench-256m"),
            ("1 GiB", "demo/bench-1g-a"),
            ("4 GiB", "demo/bench-4g"),
        ):
            script = (
                "import resource, sys; from gui.__main__ import main; code = main(sys.argv[1:]);"
                "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
            )
            words = ["pull", "--quiet", "--data-dir", str(folder / "memory"), handle]
            done = subprocess.run(
                [sys.executable, "-c", script, *words],
                env=os.environ | {"HF_ENDPOINT": endpoint}, cwd=ROOT, check=True, stdout=subprocess.PIPE,
            )  # fmt: skip
            peaks[name] = round(int(done.stdout.split()[-1]) / 1024)
            print("memory", name, peaks[name], flush=True)
    return peaks


def listening(folder: Path) -> list[dict[str, float]]:
    """Return runs of `pulley serve` over 50 tasks, in pairs: with ten listeners and with none."""
    runs = []
    for _ in range(RUNS):
        pair = [child("tests.bench.listen", str(folder / f"listen-{clients}"), str(clients)) for clients in (0, 10)]
        for clients in (0, 10):
            shutil.rmtree(folder / f"listen-{clients}")
        runs.append(
            {
                "without_s": pair[0]["processor_s"],
                "with_s": pair[1]["processor_s"],
                "ratio": round(pair[1]["processor_s"] / pair[0]["processor_s"], 2),
            }
        )
    return runs


def spread(runs: list[dict[str, float]], key: str) -> str:
    values = sorted(run[key] for run in runs)
    return f"{median(values):g} ({values[0]:g} to {values[-1]:g})"


def main() -> None:
    """Measure, print, write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        smooth_runs, start_runs, peaks = smooth(folder), startup(folder), memory(folder)
        listen_runs = listening(folder)
    rows = [
        ("An 8 ms timer of the window is late in 99 of 100 ticks by at most, ms", "16", spread(smooth_runs, "p99")),
        ("... at worst, ms", "100", spread(smooth_runs, "worst")),
        ("... in 95 of 100 ticks, ms", "", spread(smooth_runs, "p95")),
        ("Two models of 1 GiB, verified, wall time, s", "", spread(smooth_runs, "wall_s")),
        ("... processor time of the window's process, s", "", spread(smooth_runs, "processor_s")),
        ("... peak memory of the window's process, MB", "", spread(smooth_runs, "peak_mb")),
        (
            "Window over 1,000 tasks of 20 files painted after the process start, s",
            "1.5",
            spread(start_runs, "shown_s"),
        ),
        ("... peak memory, MB", "250", spread(start_runs, "peak_mb")),
        *(
            (f"Peak memory of `pulley pull` for a file of {name} on 4 connections, MB", "flat", str(mb))
            for name, mb in peaks.items()
        ),
        (
            "Processor time of `pulley serve`, 50 tasks of 4 files, nobody listens, s",
            "",
            spread(listen_runs, "without_s"),
        ),
        ("... with ten clients that listen to /events, s", "", spread(listen_runs, "with_s")),
        ("... the second by the first", "1", spread(listen_runs, "ratio")),
    ]
    packages = ", ".join(f"{name} {version(name)}" for name in ("PySide6-Essentials", "qasync", "httpx", "aiohttp"))
    lines = [
        "# Performance",
        "",
        "Written by `make bench`: the real window on the offscreen platform, the demo hub as a process of its own",
        f"on loopback, both on the same {os.cpu_count()} cores. Median of {RUNS} runs, least and most in brackets.",
        "",
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {packages}.",
        "",
        "| figure | to reach | measured |",
        "|---|---|---|",
        *(f"| {what} | {goal} | {measured} |" for what, goal, measured in rows),
        "",
        "In the first rows two models of 1 GiB come in at once, 8 connections to the host, both trees open.",
    ]
    (ROOT / "docs" / "performance.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
