"""Secrets by name: in the system's keyring, or in memory where there is none.

Knows names and texts only, not what they open. The keyring package is loaded at the first use, on a thread of ours:
a keyring may wait for a person, or for a bus that never answers, and no caller waits longer than `ANSWER_S`. What
the keyring does not take is kept in memory until the end; `is_lasting` says so. No secret is ever logged or shown.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_log = logging.getLogger(__name__)

SERVICE = "pulley"
ANSWER_S = 4.0  # long for a keyring that is open, short for whoever looks at a window that is not there yet
KEY_BYTES = 32
_NO_KEYRINGS = ("keyring.backends.fail", "keyring.backends.null")  # the one refuses all, the other forgets all


class Secrets(Protocol):
    """Where secrets are kept. Calls block: make them on a thread. None of them fails."""

    @property
    def is_lasting(self) -> bool:
        """What is put is there after a restart; as far as is known since the last call."""
        ...

    def look(self) -> None:
        """Find out what `is_lasting` says, without asking for a secret."""
        ...

    def get(self, name: str) -> str:
        """Return a secret; empty where there is none, or where it cannot be had."""
        ...

    def put(self, name: str, value: str) -> None:
        """Keep a secret; an empty one is deleted."""
        ...


def open_secrets() -> Secrets:
    """Return the system's keyring. Costs nothing: it is looked for when it is asked for the first time."""
    return KeyringSecrets()


def new_key() -> str:
    """Return a new access key."""
    return f"sk-{secrets.token_urlsafe(KEY_BYTES)}"


class MemorySecrets:
    """Keeps secrets until the process ends."""

    is_lasting = False

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def look(self) -> None:
        """There is nothing to find out."""

    def get(self, name: str) -> str:
        """Return a secret; empty where there is none."""
        return self._kept.get(name, "")

    def put(self, name: str, value: str) -> None:
        """Keep a secret; an empty one is deleted."""
        if value:
            self._kept[name] = value
        else:
            self._kept.pop(name, None)

    def __repr__(self) -> str:
        return f"<MemorySecrets with {len(self._kept)} secrets>"


class NoKeyring(Exception):
    """This system has no keyring that keeps anything."""


class _Job:
    """One question to the keyring, answered on the thread."""

    def __init__(self, work: Callable[["KeyringBackend"], str]) -> None:
        self.work = work
        self.answered = threading.Event()
        self.answer = ""
        self.trouble = ""


class KeyringSecrets:
    """Keeps secrets in the system's keyring, and in memory what that does not take.

    Questions are asked one after the other on a thread that no exit waits for. While one of them is not answered,
    further callers get what memory holds at once; what they put reaches the keyring when it answers again.
    """

    def __init__(self, *, answer_s: float = ANSWER_S) -> None:
        self._answer_s = answer_s
        self._lock = threading.Lock()
        self._memory: dict[str, str] = {}  # what was put and has not reached the keyring
        self._queued: set[str] = set()  # names of which a job will hand over what memory holds
        self._jobs: deque[_Job] = deque()
        self._thread: threading.Thread | None = None
        self._is_stuck = False
        self._trouble = ""

    @property
    def is_lasting(self) -> bool:
        """No question was refused or is overdue, and nothing is in memory alone."""
        return not self._trouble and not self._memory

    def look(self) -> None:
        """Find out whether there is a keyring; one that is locked is not opened for this."""
        if self.is_lasting:  # else a question failed, which tells more
            self._ask(lambda ring: "")

    def get(self, name: str) -> str:
        """Return a secret; empty where there is none, or where it cannot be had."""
        with self._lock:
            if name in self._memory:
                return self._memory[name]
            if self._is_stuck:
                return ""
        return self._ask(lambda ring: ring.get_password(SERVICE, name) or "")

    def put(self, name: str, value: str) -> None:
        """Keep a secret; an empty one is deleted."""
        with self._lock:
            self._memory[name] = value
            if name in self._queued:
                return  # the job that waits takes this value along
            self._queued.add(name)
        self._ask(partial(self._hand_over, name=name))

    def _hand_over(self, ring: "KeyringBackend", name: str) -> str:
        """Put into the keyring what memory holds by now; what does not get there stays in memory."""
        with self._lock:
            self._queued.discard(name)
            value = self._memory.get(name)
        if value is None:
            return ""
        try:
            if value:
                ring.set_password(SERVICE, name, value)
            else:
                _delete(ring, name)
        except Exception:
            if value:
                _delete(ring, name)  # an older value must not come back at the next start
            raise
        with self._lock:
            if self._memory.get(name) == value:
                del self._memory[name]
        return ""

    # -- the thread --------------------------------------------------------------------------------------

    def _ask(self, work: Callable[["KeyringBackend"], str]) -> str:
        job = _Job(work)
        with self._lock:
            wait_s = 0.0 if self._is_stuck else self._answer_s
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="pulley-keyring", daemon=True)
                self._thread.start()
        if not job.answered.wait(wait_s):
            with self._lock:
                if not job.answered.is_set():
                    self._is_stuck = True
                    self._note("no answer in time")
        return job.answer

    def _serve(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._thread = None
                    return
                job = self._jobs.popleft()
            try:
                job.answer = job.work(_keyring())
            except Exception as error:  # backends raise what they like; their texts may hold what nobody should see
                job.trouble = type(error).__name__
            with self._lock:
                self._is_stuck = False
                self._note(job.trouble)
                if not job.trouble:
                    self._retry()
                job.answered.set()

    def _retry(self) -> None:
        """Queue what the keyring refused before, now that it answers."""
        for name in self._memory.keys() - self._queued:
            self._queued.add(name)
            self._jobs.append(_Job(partial(self._hand_over, name=name)))

    def _note(self, trouble: str) -> None:
        if trouble and not self._trouble:
            _log.warning("The system's keyring cannot be used (%s); secrets are kept in memory only.", trouble)
        self._trouble = trouble

    def __repr__(self) -> str:
        return f"<KeyringSecrets, {self._trouble or 'lasting'}>"


def _keyring() -> "KeyringBackend":
    import keyring

    ring = keyring.get_keyring()
    if type(ring).__module__ in _NO_KEYRINGS:
        raise NoKeyring
    return ring


def _delete(ring: "KeyringBackend", name: str) -> None:
    """Delete a secret; it is no failure where there is none.

    Raises:
        Exception: Whatever the backend raises where it keeps one and does not let go of it.
    """
    if ring.get_password(SERVICE, name) is not None:
        ring.delete_password(SERVICE, name)
