"""One run of one item: its download, its report, and the coroutine that works on it."""

import asyncio

from core.reports import ItemReport
from core.task import Item, Task
from core.transfer.download import Download


class Run:
    """One run of one item."""

    def __init__(self, task: Task, item: Item, download: Download, report: ItemReport) -> None:
        self.task = task
        self.item = item
        self.download = download
        self.report = report
        self.worker: asyncio.Task[None] | None = None
