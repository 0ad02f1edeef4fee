"""P12 and memory: what one more GiB costs, and one more task, however many there are."""

from collections.abc import Iterable
from pathlib import Path

from tests.bench import peers
from tests.bench.hub import bench_hub
from tests.bench.nginx import nginx
from tests.bench.processes import TooLong, Used
from tests.bench.rows import STOPPED
from tests.bench.samples import GIB, Plan, Table, said, tell

QUEUE_S = 900  # a queue that takes longer grows far beyond the floor: what it cost by then says so
ENOUGH_TASKS = 200  # of a short queue so many runs that the start of the process does not drown it
MEMORY_RUNS = 3  # a disk that is behind for a moment costs some buffers, whatever the size of the file
FEW_CONNECTIONS = "connections_per_host: 4\n"


def measure(groups: Iterable[str], table: Table, folder: Path, plan: Plan) -> None:
    """Measure what of these rows is asked for. Into `folder`, which has to have room for the largest file."""
    asked = set(groups)
    if asked & {"P12", "memory"}:
        _files(asked, table, folder, plan)
    if "P12" in asked:
        _tasks(table, folder, plan)


def _files(asked: set[str], table: Table, folder: Path, plan: Plan) -> None:
    files = folder / "cdn"
    files.mkdir()
    with nginx(folder / "nginx", files) as cdn:
        words = [f"sparse:s{number}:{size}" for number, size in enumerate(plan.grown_bytes)]
        words.append("sparse:start:1000")
        with bench_hub(*words, folder=files, cdn=cdn.url(tls=True)) as hub:
            endpoint = hub["endpoint"]
            # One after the other within a round, so that all sizes stand under the same load.
            for round_ in range(plan.runs if "P12" in asked else min(plan.runs, MEMORY_RUNS)):
                # What a pull costs before its first byte is no growth: it is taken off.
                start = peers.pulley(["bench/start"], folder / "ours", endpoint=endpoint, ca=cdn.ca)
                for number, size in enumerate(plan.grown_bytes):
                    label, handle = f"{size / GIB:g} GiB", [f"bench/s{number}"]
                    if "P12" in asked and round_ < plan.runs_of(size):
                        used = peers.pulley(handle, folder / "ours", endpoint=endpoint, ca=cdn.ca)
                        each_s = (used.processor_s - start.processor_s) / (size / GIB)
                        fact = hub["files"][handle[0]][0]
                        file = peers.File(f"{cdn.url(tls=True)}/{fact['sha256']}", fact["sha256"], cdn.ca)
                        peer_s = peers.curl(file, folder / "curl").processor_s / (size / GIB)
                        table.add("P12", label, each_s)
                        table.add("P12.curl", label, each_s / peer_s)
                        said(f"P12 {label} ({each_s:.2f} s a GiB, curl {peer_s:.2f} s)", used)
                    if "memory" in asked and round_ < MEMORY_RUNS and size <= 4 * GIB:
                        used = peers.pulley(
                            handle, folder / "ours", endpoint=endpoint, ca=cdn.ca, settings=FEW_CONNECTIONS
                        )
                        table.add("memory", label, used.peak_mb)
                        said(f"memory {label}", used)


def _tasks(table: Table, folder: Path, plan: Plan) -> None:
    """Pull some models of one small file each; what one alone costs, the start of the process, is taken off."""
    with bench_hub(f"queue:q:{max(plan.grown_tasks)}") as hub:

        def pulled(count: int) -> Used:
            handles = [f"bench/q-{n}" for n in range(count)]
            return peers.pulley(handles, folder / "ours", endpoint=hub["endpoint"], limit_s=QUEUE_S)

        for round_ in range(plan.runs):
            for count in plan.grown_tasks:
                if round_ >= (1 if count >= 10_000 else 2 if count >= 1000 else plan.runs):
                    continue
                label, spent_s, times = f"{count:,}", 0.0, max(1, ENOUGH_TASKS // count)
                for _ in range(times):  # in pairs, so that both stand under the same load
                    alone = pulled(1)
                    try:
                        used = pulled(count)
                    except TooLong as error:
                        used, label = error.used, f"{count:,}, stopped after {QUEUE_S} s, {STOPPED}"
                    spent_s += used.processor_s - alone.processor_s
                each_ms = 1000 * spent_s / times / (count - 1)
                table.add("P12.tasks", label, each_ms)
                said(f"P12 {count} tasks ({each_ms:.1f} ms each)", used)
    tell(f"one task alone: {alone.processor_s:.2f} s of processor time in the last pair")
