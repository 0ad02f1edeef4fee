"""P7 to P9, the second half of P10, Browse, and what was measured before them: the window, its start, listeners."""

import json
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from tests.bench import rows
from tests.bench.hub import bench_hub
from tests.bench.nginx import nginx
from tests.bench.processes import measured_output
from tests.bench.samples import GIB, Plan, Table, tell


def measure(groups: Iterable[str], table: Table, folder: Path, plan: Plan) -> None:
    """Measure what of these rows is asked for."""
    asked = set(groups)
    if asked & {"P7", "P10"}:
        _models(table, folder, plan)
    if "P8" in asked:
        _listed(table, folder, plan)
    if "P9" in asked:
        for _ in range(plan.runs):
            figures = child("tests.bench.busy", str(plan.seconds))
            table.add("P9", rows.OURS, figures["tree"])
    if asked & {"B1", "B2", "B3", "B4"}:
        _browse(asked, table, folder, plan)
    if "smooth" in asked:
        _smooth(table, folder, plan)
    if "startup" in asked:
        _startup(table, folder, plan)
    if "listen" in asked:
        _listen(table, folder, plan)


def child(*words: str, environ: dict[str, str] | None = None) -> dict[str, float]:
    """Run a measurement as a process of its own and return its figures."""
    _, text = measured_output([sys.executable, "-m", *words], environ=environ)
    figures: dict[str, float] = json.loads(text.splitlines()[-1])
    tell(f"{words[0].rpartition('.')[2]}: {figures}")
    return figures


def _models(table: Table, folder: Path, plan: Plan) -> None:
    """P7: as many models at once as the settings allow, over HTTPS as from a real hub."""
    files = folder / "cdn"
    files.mkdir()
    with nginx(folder / "nginx", files) as cdn:
        words = [f"file:m{n}:{plan.model_bytes}" for n in range(plan.models)]
        with bench_hub(*words, folder=files, cdn=cdn.url(tls=True)) as hub:
            handles = [f"bench/m{n}" for n in range(plan.models)]
            for _ in range(plan.runs):
                figures = child(
                    "tests.bench.smooth", hub["endpoint"], str(folder / "window"), f"parallel_tasks={plan.models}",
                    *handles, environ={"SSL_CERT_FILE": str(cdn.ca)},
                )  # fmt: skip
                shutil.rmtree(folder / "window")
                names = {
                    "P7": "p99", "P7.worst": "worst", "P7.wall": "wall_s", "P7.processor": "processor_s",
                    "P10.window": "peak_mb",
                }  # fmt: skip
                for key, name in names.items():
                    table.add(key, rows.OURS, figures[name])


def _listed(table: Table, folder: Path, plan: Plan) -> None:
    """P8: the list of files of a very large repo."""
    with bench_hub(f"empty:many:{plan.listed_files}") as hub:
        for _ in range(plan.runs):
            words = (
                "tests.bench.many",
                hub["endpoint"],
                str(folder / "many"),
                "bench/many",
                str(plan.listed_files),
            )
            figures = child(*words)
            shutil.rmtree(folder / "many")
            table.add("P8", rows.OURS, figures["block_ms"])
            table.add("P8.rows", rows.OURS, figures["rows_s"])


def _browse(asked: set[str], table: Table, folder: Path, plan: Plan) -> None:
    """B1 to B4: searching, choosing, scrolling, looking at a model."""
    place = folder / "browse"
    stories = {
        "B1": ("found", {"B1": "worst_ms"}),
        "B3": ("scroll", {"B3": "late_p99_ms", "B3.share": "late_share", "B3.work": "work_p99_ms"}),
        "B4": ("page", {"B4": "asked", "B4.redirects": "with_redirects"}),
    }
    with bench_hub("found:Model:1000") as hub:
        for _ in range(plan.runs):
            if "B2" in asked:
                figures = child("tests.bench.grouped", str(plan.listed_files))
                for key, name in (("B2", "gguf"), ("B2.mixed", "mixed"), ("B2.safetensors", "safetensors")):
                    table.add(key, rows.OURS, figures[name])
            for group in sorted(asked & set(stories)):
                story, names = stories[group]
                words = (story, str(place)) if story == "page" else (story, hub["endpoint"], str(place))
                figures = child("tests.bench.browse", *words)
                shutil.rmtree(place)
                for key, name in names.items():
                    table.add(key, rows.OURS, figures[name])


def _smooth(table: Table, folder: Path, plan: Plan) -> None:
    size = min(GIB, plan.big_bytes)
    with bench_hub(f"file:a:{size}", f"file:b:{size}") as hub:
        for _ in range(min(3, plan.runs)):
            words = ("tests.bench.smooth", hub["endpoint"], str(folder / "smooth"))
            figures = child(*words, "connections_per_host=8", "bench/a", "bench/b")
            shutil.rmtree(folder / "smooth")
            table.add("smooth", rows.OURS, figures["p99"])
            table.add("smooth.worst", rows.OURS, figures["worst"])


def _startup(table: Table, folder: Path, plan: Plan) -> None:
    place = str(folder / "start")
    measured_output([sys.executable, "-m", "tests.bench.startup", place, "fill"])
    for _ in range(min(3, plan.runs)):
        figures = child("tests.bench.startup", place, "show", repr(time.time()))
        table.add("startup", rows.OURS, figures["shown_s"])
        table.add("startup.memory", rows.OURS, figures["peak_mb"])


def _listen(table: Table, folder: Path, plan: Plan) -> None:
    """`pulley serve` over 50 tasks, in pairs: with ten listeners and with none."""
    for _ in range(min(3, plan.runs)):
        for series, clients in (("nobody", 0), (rows.OURS, 10)):
            figures = child("tests.bench.listen", str(folder / "listen"), str(clients))
            shutil.rmtree(folder / "listen")
            table.add("listen", series, figures["processor_s"])
