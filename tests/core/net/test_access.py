"""Which trouble with access a reply tells of, whose a token is, and to whom one may go."""

import json
from pathlib import Path

import httpx
import pytest

from core.demo.server import DemoHub
from core.errors import (
    AccessPending,
    AccessRefused,
    ConnectFailed,
    DownloadError,
    GatedModel,
    GotWebPage,
    ResolveError,
    ServerBusy,
    TokenMissing,
    TokenRefused,
)
from core.net.access import closed_gate, is_unknown_token
from core.net.credentials import from_environment, is_mirror
from core.net.proxies import Proxy
from core.net.whoami import _name, who_is
from core.transfer.reply import refused

TOKEN = "hf_a_token_of_a_person"
GATED = {"x-error-code": "GatedRepo"}


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "You must have access to it and be authenticated to access it. Please log in.", TokenMissing),
        (403, "and you are not in the authorized list. Visit the page to ask for access.", GatedModel),
        (403, "Your request to access model a/b is awaiting a review from the repo authors.", AccessPending),
        (403, "Your request to access model a/b has been rejected by the repo's authors.", AccessRefused),
        (403, "", GatedModel),
    ],
)
def test_a_gate_is_told_by_status_and_known_words(status: int, message: str, kind: type[GatedModel]) -> None:
    headers = httpx.Headers({**GATED, "x-error-message": message})
    assert closed_gate(status, headers) is kind
    error = refused(status, headers, host="hub.test", name="model.gguf")
    assert type(error) is kind and error.action, "the bytes of a file say the same as the list"
    assert error.kind == kind.__name__


def test_other_refusals_are_no_gate() -> None:
    assert closed_gate(403, httpx.Headers({"x-error-message": "awaiting a review"})) is None
    bad = httpx.Headers({"x-error-message": "Invalid credentials in Authorization header"})
    assert is_unknown_token(bad) and not is_unknown_token(httpx.Headers())
    assert type(refused(401, bad, host="hub.test", name="x")) is TokenRefused


async def ask(endpoint: str, token: str = TOKEN) -> str:
    return await who_is(endpoint, token, proxy=Proxy(), ca_file="", environ={})


async def test_a_hub_says_whose_a_token_is(hub: DemoHub) -> None:
    assert await ask(hub.endpoint) == "demo"
    hub.refused_tokens.add(TOKEN)
    with pytest.raises(TokenRefused, match="does not accept"):
        await ask(hub.endpoint)


@pytest.mark.parametrize(
    "body", [{"data": {"username": "jan"}}, {"Username": "jan", "name": "Jan"}, {"name": "jan"}]
)
def test_the_hubs_say_it_in_several_ways(body: dict[str, object]) -> None:
    assert _name(200, "application/json", json.dumps(body).encode(), "hub.test") == "jan"


@pytest.mark.parametrize("body", [b"[]", b"{}", b"nonsense", b'{"name": 5}', b'{"name": "a\\nb"}', b'{"data": {}}'])
def test_an_answer_that_names_nobody_is_told(body: bytes) -> None:
    with pytest.raises(ResolveError):
        _name(200, "application/json", body, "hub.test")


async def test_what_is_no_token_is_never_sent(hub: DemoHub) -> None:
    with pytest.raises(TokenRefused, match="no token"):
        await ask(hub.endpoint, "two words")
    assert len(hub.requests) == 0


async def test_a_hub_that_is_away_says_nothing_about_a_token(unused_tcp_port: int) -> None:
    with pytest.raises(ConnectFailed):
        await ask(f"http://127.0.0.1:{unused_tcp_port}")


@pytest.mark.parametrize(
    ("fault", "kind"), [("status:503", ServerBusy), ("html", GotWebPage), ("status:404", ResolveError)]
)
async def test_other_answers_are_told_apart(hub: DemoHub, fault: str, kind: type[DownloadError]) -> None:
    hub.knobs.fail_next["/api/whoami-v2"] = [fault]
    with pytest.raises(kind) as caught:
        await ask(hub.endpoint)
    assert type(caught.value) is kind


def test_a_mirror_is_neither_the_hub_nor_this_machine() -> None:
    assert is_mirror("https://hf-mirror.example") and is_mirror("nonsense")
    assert is_mirror("http://huggingface.co"), "without encryption it is another origin"
    assert not is_mirror("https://huggingface.co/") and not is_mirror("http://localhost:8080")


def test_the_token_file_goes_to_no_mirror_and_a_variable_goes_where_the_environment_says(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    file = {"HF_TOKEN_PATH": str(tmp_path / "token")}
    mirror = {"HF_ENDPOINT": "https://hf-mirror.example"}
    credentials, _ = from_environment(file, tmp_path)
    assert credentials.has("https://huggingface.co/x") and credentials.of_file == TOKEN
    credentials, warning = from_environment({**file, **mirror}, tmp_path)
    assert not credentials.has("https://hf-mirror.example/x") and not credentials.has("https://huggingface.co/x")
    assert credentials.of_file == TOKEN and TOKEN not in repr(credentials) + warning
    credentials, _ = from_environment({**file, **mirror, "HF_TOKEN": "hf_of_the_variable"}, tmp_path)
    assert credentials.has("https://hf-mirror.example/x") and credentials.of_file == ""
