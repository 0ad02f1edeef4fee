"""A terminal over a demo hub."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.demo.server import DemoHub
from tests.fakes.terminal import Terminal, terminal_on


@pytest.fixture
async def terminal(hub: DemoHub, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with terminal_on(hub, tmp_path / "data") as terminal:
        yield terminal
