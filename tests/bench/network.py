"""P4, P5, P6 and P11: lines with a length and a width, a host that allows few connections, many small files."""

from collections.abc import Iterable
from pathlib import Path

from tests.bench import peers, rows
from tests.bench.hub import bench_hub
from tests.bench.nginx import Nginx, nginx
from tests.bench.relay import relayed
from tests.bench.samples import Plan, Table, said, tell

RATE_BYTES_S = 10_000_000
ROUND_TRIP_MS = 30
SMALL_LATENCY_MS = 20
ALLOWED = 4
SPLIT = ("-s16", "-k1M")


def measure(groups: Iterable[str], table: Table, folder: Path, plan: Plan) -> None:
    """Measure what of these rows is asked for."""
    asked = set(groups)
    if asked & {"P4", "P5"}:
        files = folder / "cdn"
        files.mkdir()
        with nginx(folder / "nginx", files, most_connections=ALLOWED) as cdn:
            if "P4" in asked:
                _line(table, folder, plan, cdn)
            if "P5" in asked:
                _few("P5", table, folder, plan, cdn)
                _few("P5.reset", table, folder, plan, cdn)
    if "P6" in asked:
        _small(table, folder, plan)
    if "P11" in asked:
        _tiny(table, folder, plan)


def _line(table: Table, folder: Path, plan: Plan, cdn: Nginx) -> None:
    """P4: every connection has the same rate."""
    with relayed(cdn.http, round_trip_ms=ROUND_TRIP_MS, bytes_per_s=RATE_BYTES_S) as port:
        url, word = f"http://127.0.0.1:{port}", f"file:line:{plan.line_bytes}"
        with bench_hub(word, folder=folder / "cdn", cdn=url, latency_ms=ROUND_TRIP_MS) as hub:
            sha256 = hub["files"]["bench/line"][0]["sha256"]
            file = peers.File(f"{url}/{sha256}", sha256, cdn.ca)
            for _ in range(plan.runs):
                used = peers.pulley(["bench/line"], folder / "ours", endpoint=hub["endpoint"])
                table.add("P4", rows.OURS, used.wall_s)
                said("P4 pulley", used)
                used = peers.aria2c(file, folder / "aria2", more=SPLIT)
                table.add("P4", rows.ARIA2_SPLIT, used.wall_s)
                said("P4 aria2c", used)


def _few(key: str, table: Table, folder: Path, plan: Plan, cdn: Nginx) -> None:
    """P5: nginx answers 429 beyond 4 connections, or the line resets them before they reach it."""
    target, most = (cdn.limited, 0) if key == "P5" else (cdn.http, ALLOWED)
    line = relayed(target, round_trip_ms=ROUND_TRIP_MS, bytes_per_s=RATE_BYTES_S, connections=most)
    with line as port:
        word = f"file:few:{plan.line_bytes}"
        cdn_url = f"http://127.0.0.1:{port}"
        with bench_hub(word, folder=folder / "cdn", cdn=cdn_url, latency_ms=ROUND_TRIP_MS) as hub:
            for _ in range(plan.runs):
                used = peers.pulley(["bench/few"], folder / "ours", endpoint=hub["endpoint"])
                table.add(key, rows.OURS, used.wall_s)
                table.add(key, rows.BEST, plan.line_bytes / (ALLOWED * RATE_BYTES_S))
                said(f"{key} pulley", used)


def _small(table: Table, folder: Path, plan: Plan) -> None:
    """P6: a thousand small files, each answer 20 ms away."""
    with bench_hub(f"small:files:{plan.small_files}", latency_ms=SMALL_LATENCY_MS) as hub:
        endpoint = hub["endpoint"]
        for _ in range(plan.runs):
            used = peers.pulley(["bench/files"], folder / "ours", endpoint=endpoint)
            table.add("P6", rows.OURS, used.wall_s)
            said("P6 pulley", used)
            used = peers.hf("bench/files", folder / "hf", endpoint=endpoint)
            table.add("P6", rows.HF_ONLY, used.wall_s)
            said("P6 hf", used)


def _tiny(table: Table, folder: Path, plan: Plan) -> None:
    """P11: what a pull costs before its first byte."""
    with bench_hub("queue:one:1") as hub:
        for _ in range(2 * plan.runs + 1):  # short enough to be asked more often
            used = peers.pulley(["bench/one-0"], folder / "ours", endpoint=hub["endpoint"])
            table.add("P11", rows.OURS, used.wall_s)
        tell(f"P11 pulley: wall {sorted(table.rows['P11'][rows.OURS])} s")
