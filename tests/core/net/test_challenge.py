"""The tokens that registries give to everybody, without sockets: who gets asked, and what is kept for how long."""

from typing import Any

import httpx
import pytest

from core.errors import ConnectFailed
from core.net import challenge
from core.net.challenge import Challenges
from core.net.reply import Reply

BLOB = "https://registry.example/v2/library/tiny/blobs/sha256:ab"
ASKS = {
    "www-authenticate": 'Bearer realm="https://auth.example/token",service="r",scope="repository:library/tiny:pull"'
}


def nobody(url: str) -> bool:
    return False


class Realm:
    """Answers every request for a token with `body`."""

    def __init__(self, body: bytes | Exception, status: int = 200) -> None:
        self.body = body
        self.status = status
        self.asked: list[str] = []

    async def __call__(self, method: str, url: str, *, max_bytes: int = 0, follow: bool = True) -> Reply:
        assert not follow, "a redirect could take somebody's token along"
        self.asked.append(url)
        if isinstance(self.body, Exception):
            raise self.body
        return Reply(self.status, httpx.Headers(), self.body, url)


async def test_a_token_goes_to_its_repository_and_nowhere_else() -> None:
    known, realm = Challenges(), Realm(b'{"token": "t0"}')
    assert not known
    assert await known.answer(BLOB, ASKS, realm, has_own=nobody)
    assert realm.asked == ["https://auth.example/token?service=r&scope=repository%3Alibrary%2Ftiny%3Apull"]
    assert known and known.headers(BLOB) == {"Authorization": "Bearer t0"}
    assert known.headers("https://registry.example/v2/library/tiny/manifests/1b") == {"Authorization": "Bearer t0"}
    for other in (
        "https://registry.example/v2/library/other/blobs/sha256:ab",
        "http://registry.example/v2/library/tiny/blobs/sha256:ab",
        "https://registry.example:444/v2/library/tiny/blobs/sha256:ab",
        "https://storage.example/blob",
        "https://registry.example/token",
    ):
        assert known.headers(other) == {}


async def test_a_token_is_dropped_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(challenge.time, "monotonic", lambda: now)
    known = Challenges()
    for said, lasts in (
        ("300", 290.0),
        ("1", 10.0),
        ('"x"', 50.0),
        ("true", 50.0),
        ("-5", 50.0),
        ("99999999", 3590.0),
    ):
        now = 1000.0
        assert await known.answer(
            BLOB, ASKS, Realm(b'{"access_token": "t", "expires_in": %s}' % said.encode()), has_own=nobody
        )
        now = 1000.0 + lasts - 0.1
        assert known.headers(BLOB), said
        now = 1000.0 + lasts + 0.1
        assert not known.headers(BLOB), said


BROKEN: list[Any] = [
    Realm(b""), Realm(b"[]"), Realm(b"{}"), Realm(b'{"token": 5}'), Realm(b'{"token": "a b"}'),
    Realm(b"[" * 100_000), Realm(b'{"token": "a\\nb"}'),
    Realm(b'{"token": "t"}', 403), Realm(ConnectFailed("away")),
]  # fmt: skip


@pytest.mark.parametrize("realm", BROKEN, ids=[repr(realm.body)[:30] for realm in BROKEN])
async def test_an_answer_without_a_token_is_none(realm: Realm) -> None:
    known = Challenges()
    assert not await known.answer(BLOB, ASKS, realm, has_own=nobody)
    assert not known.headers(BLOB) and realm.asked


@pytest.mark.parametrize(
    "said",
    [
        "", "Basic realm=x", "Bearer", 'Bearer realm=""', 'Bearer realm="http://auth.example/token"',
        'Bearer realm="https://127.0.0.1/token"', 'Bearer realm="file:///etc/passwd"', 'Bearer realm="/token"',
    ],
)  # fmt: skip
async def test_a_challenge_that_cannot_be_trusted_is_not_followed(said: str) -> None:
    realm = Realm(b'{"token": "t"}')
    assert not await Challenges().answer(BLOB, {"www-authenticate": said}, realm, has_own=nobody)
    assert realm.asked == []


async def test_only_a_registry_is_answered() -> None:
    realm = Realm(b'{"token": "t"}')
    assert not await Challenges().answer(
        "https://huggingface.co/org/repo/resolve/main/x", ASKS, realm, has_own=nobody
    )
    assert realm.asked == []


async def test_nothing_is_asked_where_the_token_of_a_person_would_go_along() -> None:
    realm = Realm(b'{"token": "t"}')
    for own in ("auth.example", "registry.example"):
        assert not await Challenges().answer(BLOB, ASKS, realm, has_own=lambda url, own=own: own in url)
    assert realm.asked == []
