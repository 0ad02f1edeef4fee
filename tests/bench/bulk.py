"""P1, P2, P3 and the first half of P10: one large file, nginx as the hub's CDN, against curl, aria2c and hf."""

from collections.abc import Iterable
from pathlib import Path

from tests.bench import peers, rows
from tests.bench.hub import bench_hub
from tests.bench.nginx import nginx
from tests.bench.processes import Used
from tests.bench.samples import Plan, Table, said


def measure(groups: Iterable[str], table: Table, folder: Path, plan: Plan) -> None:
    """Measure what of these rows is asked for; ours and each peer's runs alternate."""
    asked = {name for name in groups if name in ("P1", "P2", "P3", "P10")}
    if not asked:
        return
    files = folder / "cdn"
    files.mkdir()
    with nginx(folder / "nginx", files) as cdn:
        for tls in (True, False):
            runs = plan.runs if (asked - {"P3"} if tls else "P3" in asked) else 0
            extra = 1 if tls and "P3" in asked else 0
            if not runs and not extra:
                continue
            word = f"file:big:{plan.big_bytes}"
            with bench_hub(word, folder=files, cdn=cdn.url(tls=tls)) as hub:
                fact = hub["files"]["bench/big"][0]
                file = peers.File(f"{cdn.url(tls=tls)}/{fact['sha256']}", fact["sha256"], cdn.ca)
                endpoint, ca = hub["endpoint"], cdn.ca if tls else None

                def ours() -> Used:
                    return peers.pulley(["bench/big"], folder / "ours", endpoint=endpoint, ca=ca)  # noqa: B023

                def theirs_of_hf() -> Used:
                    return peers.hf(
                        "bench/big", folder / "hf", endpoint=endpoint, sha256=fact["sha256"],  # noqa: B023
                        name=fact["path"], ca=ca,  # noqa: B023
                    )  # fmt: skip

                for _ in range(runs if tls else 0):
                    used = ours()
                    table.add("P1", rows.OURS, used.processor_s)
                    table.add("P2", rows.OURS, used.wall_s)
                    table.add("P10", rows.OURS, used.peak_mb)
                    said("P1 pulley", used)
                    if "P1" in asked:
                        used = peers.curl(file, folder / "curl")
                        table.add("P1", rows.CURL, used.processor_s)
                        said("P1 curl", used)
                    if "P2" in asked:
                        used = peers.aria2c(file, folder / "aria2")
                        table.add("P2", rows.ARIA2, used.wall_s)
                        said("P2 aria2c", used)
                key = "P3.tls" if tls else "P3"
                for _ in range(extra if tls else runs):
                    for name, run in ((rows.OURS, ours), (rows.HF, theirs_of_hf)):
                        used = run()
                        table.add(key, name, used.wall_s)
                        said(f"{key} {name}", used)
