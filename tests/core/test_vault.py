"""Secrets reach the system's keyring through the real keyring package, or memory; nothing hangs."""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.core
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

from core.vault import SERVICE, KeyringSecrets, MemorySecrets, Secrets, new_key, open_secrets

ROOT = Path(__file__).parent.parent.parent
ENDS_S = 30.0


class FakeKeyring(KeyringBackend):
    """A keyring in memory.

    Attributes:
        raises: What every question raises.
        refuses: What `set_password` raises.
        opens: Questions wait for it.
    """

    priority = -1  # never chosen by the package itself

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.asked: list[str] = []
        self.raises: Exception | None = None
        self.refuses: Exception | None = None
        self.opens = threading.Event()
        self.opens.set()

    def _answer(self, question: str) -> None:
        self.asked.append(question)
        self.opens.wait()
        if self.raises is not None:
            raise self.raises

    def get_password(self, service: str, username: str) -> str | None:
        self._answer(f"get {username}")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._answer(f"set {username}")
        if self.refuses is not None:
            raise self.refuses
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._answer(f"delete {username}")
        if (service, username) not in self.kept:
            raise PasswordDeleteError("no such password")
        del self.kept[service, username]


@pytest.fixture
def system() -> Iterator[None]:
    """Leaves the keyring package as it was."""
    before = keyring.core._keyring_backend
    yield
    keyring.core._keyring_backend = before


@pytest.fixture
def ring(system: None) -> Iterator[FakeKeyring]:
    made = FakeKeyring()
    keyring.set_keyring(made)
    yield made
    made.opens.set()


def test_what_is_put_stands_in_the_keyring_and_is_read_by_the_next_process(ring: FakeKeyring) -> None:
    KeyringSecrets().put("api_keys", '["sk-1"]')
    assert ring.kept == {(SERVICE, "api_keys"): '["sk-1"]'}
    again = KeyringSecrets()
    assert again.get("api_keys") == '["sk-1"]'
    assert again.is_lasting


def test_an_empty_secret_is_deleted_and_deleting_nothing_is_no_failure(ring: FakeKeyring) -> None:
    secrets = KeyringSecrets()
    secrets.put("huggingface_token", "hf_x")
    secrets.put("huggingface_token", "")
    secrets.put("proxy_password", "")
    assert ring.kept == {}
    assert "delete proxy_password" not in ring.asked
    assert secrets.get("huggingface_token") == "" and secrets.is_lasting


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_without_a_keyring_memory_serves_and_says_so(
    system: None, backend: type[KeyringBackend], caplog: pytest.LogCaptureFixture
) -> None:
    keyring.set_keyring(backend())
    secrets = KeyringSecrets()
    secrets.look()
    assert not secrets.is_lasting
    secrets.put("api_keys", "a-secret-of-mine")
    assert secrets.get("api_keys") == "a-secret-of-mine"
    secrets.put("api_keys", "")
    assert secrets.get("api_keys") == ""
    assert "in memory only" in caplog.text and "a-secret-of-mine" not in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.WARNING], "said once"


def test_a_keyring_package_that_cannot_be_loaded_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    secrets = KeyringSecrets()
    secrets.put("api_keys", "x")
    assert secrets.get("api_keys") == "x" and not secrets.is_lasting


@pytest.mark.parametrize("error", [KeyringLocked("locked"), RuntimeError("no bus"), OSError(5, "io")])
def test_a_keyring_that_fails_costs_nothing_but_the_lasting(ring: FakeKeyring, error: Exception) -> None:
    ring.raises = error
    secrets = KeyringSecrets()
    assert secrets.get("api_keys") == "" and not secrets.is_lasting
    secrets.put("api_keys", "x")
    assert secrets.get("api_keys") == "x"


def test_what_a_locked_keyring_did_not_take_is_put_once_it_is_open(ring: FakeKeyring) -> None:
    ring.raises = KeyringLocked("locked")
    secrets = KeyringSecrets()
    secrets.put("api_keys", "x")
    ring.raises = None
    secrets.put("proxy_password", "y")
    secrets.get("huggingface_token")  # comes after what was queued
    assert ring.kept == {(SERVICE, "api_keys"): "x", (SERVICE, "proxy_password"): "y"}
    assert secrets.is_lasting


def test_a_value_that_the_keyring_refuses_does_not_leave_the_older_one_there(ring: FakeKeyring) -> None:
    secrets = KeyringSecrets()
    secrets.put("api_keys", "revoked")
    ring.refuses = PasswordSetError("too long")
    secrets.put("api_keys", "x" * 5000)
    assert ring.kept == {}
    assert secrets.get("api_keys") == "x" * 5000 and not secrets.is_lasting


def test_a_keyring_that_does_not_answer_holds_nobody_up_and_catches_up_later(ring: FakeKeyring) -> None:
    ring.opens.clear()
    secrets = KeyringSecrets(answer_s=0.05)
    assert secrets.get("api_keys") == ""
    assert not secrets.is_lasting
    secrets._answer_s = 3600.0  # who still waited would never come to the end of this test
    assert secrets.get("huggingface_token") == ""
    secrets.put("api_keys", "first")
    secrets.put("api_keys", "last")
    assert secrets.get("api_keys") == "last"
    assert ring.asked == ["get api_keys"], "one question at a time"
    thread = secrets._thread
    assert thread is not None and thread.daemon
    ring.opens.set()
    thread.join(ENDS_S)
    assert ring.kept == {(SERVICE, "api_keys"): "last"}
    assert secrets.is_lasting and secrets.get("api_keys") == "last"


def test_looking_asks_for_no_secret(ring: FakeKeyring) -> None:
    secrets = KeyringSecrets()
    secrets.look()
    assert secrets.is_lasting and ring.asked == []


def test_looking_does_not_forget_that_the_keyring_failed(ring: FakeKeyring) -> None:
    secrets = KeyringSecrets()
    ring.raises = KeyringLocked("locked")
    secrets.get("api_keys")
    secrets.look()
    assert not secrets.is_lasting


def test_memory_keeps_and_forgets() -> None:
    secrets = MemorySecrets()
    secrets.put("api_keys", "x")
    secrets.look()
    assert secrets.get("api_keys") == "x" and not secrets.is_lasting
    secrets.put("api_keys", "")
    secrets.put("other", "")
    assert secrets.get("api_keys") == ""


def test_no_repr_shows_a_secret(ring: FakeKeyring) -> None:
    ring.raises = KeyringLocked("locked")
    made: list[Secrets] = [MemorySecrets(), KeyringSecrets()]
    for secrets in made:
        secrets.put("api_keys", "a-secret-of-mine")
        assert "a-secret-of-mine" not in repr(secrets)


def test_the_keyring_is_not_loaded_before_it_is_asked() -> None:
    script = (
        "import sys, gui.app, core.serve\n"
        "from core.vault import open_secrets\n"
        "open_secrets()\n"
        "assert 'keyring' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0
    assert open_secrets().is_lasting


def test_new_keys_are_long_different_and_fit_into_a_header() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("sk-") and len(key) == 46 and key.isascii() and key.isprintable() for key in keys)
