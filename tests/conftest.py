"""Fixtures for all tests: a clean environment with the canary token, and the demo hub."""

import os
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.canary import CANARY, found_in

# Nothing here is a timed test: a slow machine is no failure. Build machines always try the same examples.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("house")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_CLEAN = (
    "MODELSCOPE_ENDPOINT", "MODELSCOPE_API_TOKEN", "OLLAMA_REGISTRY",
    "HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "PULLEY_DATA_DIR",
    "PULLEY_MODELS_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test sees the tokens, proxies or folders of whoever runs it; each has the canary and writes it nowhere."""
    for name in _CLEAN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
    monkeypatch.setenv("HF_TOKEN", CANARY)
    yield
    left = found_in(tmp_path)
    assert not left, f"the token was written into {left}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that wrote the canary to its log or a stream, ours or those of the processes that it started."""
    report = yield
    if report.when == "teardown" and report.passed:
        told = [name for name, text in report.sections if CANARY in text]
        if told:
            report.outcome = "failed"
            report.longrepr = f"the token stands in {told}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Delete the windows of a test at its end: Qt leaves that to its loop, which has ended, and they add up."""
    yield
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or (app := widgets.QApplication.instance()) is None:
        return
    for window in app.topLevelWidgets():
        if window.parent() is None and not window.isVisible():
            window.deleteLater()
    from PySide6.QtCore import QCoreApplication, QEvent

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
async def hub() -> AsyncIterator["DemoHub"]:
    """A demo hub with small models on the loop of the test; its CDN and its addresses never see the canary."""
    async with DemoHub() as running:
        yield running
        assert not running.requests.with_token("cdn"), "a token was sent to the CDN"
        assert not [each for each in running.requests if CANARY in each.path + each.query], (
            "the token stands in an address"
        )


from core.demo.server import DemoHub  # noqa: E402  after the environment is set
