"""The report for whoever is asked for help: it tells what helps, and no secret."""

from pathlib import Path

from core.diagnostics import report
from core.errors import Failure
from core.records import Handle, Totals
from core.settings import Settings
from core.task import Task

CANARY = "hf_canaryTOKEN0123456789"


def test_it_tells_versions_states_failures_and_the_log_without_secrets() -> None:
    task = Task("org/repo", Handle("huggingface", "org/repo"), root=Path("/m"), added_at=0.0)
    task.failure = Failure("DiskFull", f"{Path.home()}/models is full, token={CANARY}")
    task.refresh()
    text = report(
        settings=Settings(proxy_url="http://proxy.example:1", proxy_username="somebody"),
        tasks=[task],
        totals=Totals(free_bytes=5 * 10**9, need_bytes=10**6, hub_reachable=True),
        root=Path.home() / "pulley" / "models",
        log=[f"2026-01-01 INFO core.net: Bearer {CANARY}"],
        endpoint=f"https://user:{CANARY}@hub.example",
    )
    assert "Pulley 0." in text and "PySide6-Essentials 6." in text
    assert "1 failed" in text and "org/repo: DiskFull" in text
    assert "5 GB" in text and "proxy_url=http://proxy.example:1" in text
    assert CANARY not in text and "somebody" not in text
    assert str(Path.home()) not in text and "~/pulley/models" in text


def test_an_empty_list_has_a_report_too() -> None:
    text = report(settings=Settings(), tasks=[], totals=Totals(), root=Path("/m"), log=[], endpoint="https://h")
    assert "tasks: none" in text and "(empty)" in text
