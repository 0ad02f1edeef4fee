"""Fixtures for all tests: a clean environment and the demo hub."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Nothing here is a timed test: a slow machine is no failure. Build machines always try the same examples.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("house")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_CLEAN = (
    "HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "PULLEY_DATA_DIR",
    "PULLEY_MODELS_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test sees the tokens, proxies or folders of whoever runs it."""
    for name in _CLEAN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
    yield


@pytest.fixture
async def hub() -> AsyncIterator["DemoHub"]:
    """A demo hub with small models on the loop of the test."""
    async with DemoHub() as running:
        yield running


from core.demo.server import DemoHub  # noqa: E402  after the environment is set
