"""The store in one SQLite file, in WAL mode. SQLite's errors become StoreError here."""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import asdict

from core.errors import Failure, StoreError
from core.records import Manifest
from core.states import ItemState, TaskState
from core.store.base import Batch, StoredItem, StoredTask

T = TypeVar("T")

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 2
BUSY_MS = 5000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS task (
    id TEXT PRIMARY KEY, place INTEGER NOT NULL, handle TEXT NOT NULL, root TEXT NOT NULL, state TEXT NOT NULL,
    added_at REAL NOT NULL, completed_at REAL, globs TEXT NOT NULL, manifest TEXT, failure TEXT,
    described INTEGER NOT NULL, called TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS item (
    task TEXT NOT NULL, path TEXT NOT NULL, size INTEGER, hash TEXT NOT NULL,
    url TEXT NOT NULL, state TEXT NOT NULL, durable INTEGER NOT NULL, failure TEXT, local_hash TEXT NOT NULL,
    wanted INTEGER NOT NULL,
    PRIMARY KEY (task, path)
);
CREATE INDEX IF NOT EXISTS task_place ON task (place);  -- who comes last is asked for each task that is added
"""
_FROM_1 = "ALTER TABLE task ADD COLUMN called TEXT NOT NULL DEFAULT ''"
_PUT_TASK = """
INSERT INTO task VALUES (:id, COALESCE((SELECT place FROM task WHERE id = :id),
                                       (SELECT COALESCE(MAX(place), 0) + 1 FROM task)),
                         :handle, :root, :state, :added_at, :completed_at, :globs, :manifest, :failure, :described,
                         :called)
ON CONFLICT (id) DO UPDATE SET handle = :handle, root = :root, state = :state, added_at = :added_at,
    completed_at = :completed_at, globs = :globs, manifest = :manifest, failure = :failure, described = :described,
    called = :called
"""
_PUT_ITEM = """
INSERT INTO item VALUES (:task, :path, :size, :hash, :url, :state, :durable, :failure, :local_hash,
    :wanted)
ON CONFLICT (task, path) DO UPDATE SET size = :size, hash = :hash, url = :url, state = :state, durable = :durable,
    failure = :failure, local_hash = :local_hash, wanted = :wanted
"""


class Damaged(StoreError):
    """The file is no list of downloads, or no longer."""

    meaning = "The downloads themselves are not affected."
    action = "Start Pulley: it sets the file aside and finds the downloads again in the models folder."


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OverflowError, UnicodeError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(
                f"The list of downloads ({path.name}) is in use by another program",
                action="Close the program that has it open, then start again.",
            ) from error
        raise StoreError(f"The list of downloads ({path.name}): {error}") from error
    except sqlite3.Error as error:
        raise Damaged(f"The list of downloads is damaged ({path}: {error})") from error


class SqliteStore:
    """One file; opened at once.

    Raises:
        Damaged: It is no list, or is no longer one.
        StoreError: It cannot be opened, or was written by a newer version.

    Attributes:
        is_blank: The file was there, with no list in it: it is taken for one only after `adopt`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_blank = path.exists()
        with _translated(path):
            # The engine calls from one thread of its own, but opens and closes from another.
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"The list of downloads was written by a newer Pulley (format {version})",
                action="Start the newer version, or choose another data folder.",
            )
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise Damaged(f"The list of downloads is damaged ({self._path}: {found})")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # a lost last row is found again on the disk
        if version == 1:
            self._db.execute(_FROM_1)
        self._db.executescript(_SCHEMA)
        self.is_blank = self.is_blank and version == 0
        if not self.is_blank:
            self.adopt()

    def adopt(self) -> None:
        """Mark the file as a list."""
        with _translated(self._path):
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self.is_blank = False

    def load(self) -> list[StoredTask]:
        """Return all tasks in the order of the queue; a row that cannot be read is left out, and logged."""
        with _translated(self._path):
            items: dict[str, list[StoredItem]] = {}
            for row in self._db.execute(
                "SELECT task, path, size, hash, url, state, durable, failure, local_hash, wanted"
                " FROM item ORDER BY rowid"
            ):
                if (item := _read(_item, row)) is not None:
                    items.setdefault(row[0], []).append(item)
            rows = self._db.execute(
                "SELECT id, handle, root, state, added_at, completed_at, globs, manifest, failure, described,"
                " called FROM task ORDER BY place"
            ).fetchall()
        tasks = (_read(lambda row: _task(row, items.get(row[0], [])), row) for row in rows)
        return [task for task in tasks if task is not None]

    def write(self, batch: Batch) -> None:
        """Make the changes durable, all or none."""
        with _translated(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._write(batch)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _write(self, batch: Batch) -> None:
        removed = [(task_id,) for task_id in batch.removed]
        self._db.executemany("DELETE FROM task WHERE id = ?", removed)
        self._db.executemany("DELETE FROM item WHERE task = ?", removed)
        self._db.executemany(_PUT_TASK, [_task_row(task) for task in batch.tasks.values()])
        self._db.executemany(_PUT_ITEM, [_item_row(key[0], item) for key, item in batch.items.items()])
        if batch.order is not None:
            self._db.executemany(
                "UPDATE task SET place = ? WHERE id = ?", [(n, task_id) for n, task_id in enumerate(batch.order, 1)]
            )

    def close(self) -> None:
        """Let go of the file."""
        with _translated(self._path):
            self._db.close()


def _read(make: Callable[[Any], T], row: Any) -> T | None:
    try:
        return make(row)
    except (ValueError, TypeError, KeyError) as error:
        _log.warning("A row of the list of downloads cannot be read and is left out: %s", error)
        return None


def _item(row: Any) -> StoredItem:
    return StoredItem(
        row[1], row[2], row[3], row[4], ItemState(row[5]), row[6], _failure(row[7]), row[8], bool(row[9])
    )


def _task_row(task: StoredTask) -> dict[str, object]:
    manifest = None
    if task.manifest is not None:
        fields = asdict(task.manifest)
        del fields["files"]
        manifest = json.dumps(fields)
    return {
        "id": task.id,
        "handle": task.handle,
        "root": task.root,
        "state": task.state.value,
        "added_at": task.added_at,
        "completed_at": task.completed_at,
        "globs": json.dumps(task.globs),
        "manifest": manifest,
        "failure": _failure_text(task.failure),
        "described": int(task.described),
        "called": task.called,
    }


def _item_row(task_id: str, item: StoredItem) -> dict[str, object]:
    return {
        "task": task_id,
        "path": item.path,
        "size": item.size,
        "hash": item.hash,
        "url": item.url,
        "state": item.state.value,
        "durable": item.durable,
        "failure": _failure_text(item.failure),
        "local_hash": item.local_hash,
        "wanted": int(item.wanted),
    }


def _task(row: tuple[object, ...], items: list[StoredItem]) -> StoredTask:
    id_, handle, root, state, added_at, completed_at, globs, manifest, failure, described, called = row
    return StoredTask(
        id=str(id_),
        handle=str(handle),
        root=str(root),
        state=TaskState(state),
        added_at=float(str(added_at)),
        completed_at=None if completed_at is None else float(str(completed_at)),
        globs=tuple(json.loads(str(globs))),
        called=str(called),
        manifest=None if manifest is None else Manifest(files=(), **json.loads(str(manifest))),
        failure=_failure(failure),
        described=bool(described),
        items=tuple(items),
    )


def _failure_text(failure: Failure | None) -> str | None:
    return None if failure is None else json.dumps(asdict(failure))


def _failure(text: object) -> Failure | None:
    return None if text is None else Failure(**json.loads(str(text)))
