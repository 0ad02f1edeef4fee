"""A hub of its own for each test, and a client that follows nothing by itself."""

from collections.abc import AsyncIterator

import httpx
import pytest

from core.demo.server import DemoHub


@pytest.fixture
async def hub() -> AsyncIterator[DemoHub]:
    async with DemoHub() as running:
        yield running


@pytest.fixture
async def client(hub: DemoHub) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Accept-Encoding": "identity"}
    async with httpx.AsyncClient(base_url=hub.endpoint, headers=headers, trust_env=False, timeout=30) as opened:
        yield opened
