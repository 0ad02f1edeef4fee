"""The configuration's routes: what can be changed, what cannot, and that no secret is ever shown or written."""

import json

import pytest

from core.api.control import MASK, masked, split_keys
from core.net.proxies import Proxy, is_excepted
from tests.core.api.conftest import TINY, Api

TOKEN = "hf_canary_token_0123456789"
KEYS = {
    "allowed_origins", "cors", "api_keys", "huggingface_token", "proxy_url", "proxy_username", "proxy_password",
    "no_proxy", "max_parallel_tasks", "max_connections", "max_connections_per_host", "verify_peer_ssl",
    "verify_host_ssl", "verify_proxy_ssl", "verify_proxy_host_ssl",
}  # fmt: skip


async def test_the_configuration_is_one_flat_object(api: Api) -> None:
    status, body = await api.ask("GET", "/v1/configs")
    assert status == 200 and set(body) == KEYS
    assert all(body[name] is True for name in KEYS if name.startswith("verify_"))
    assert (body["api_keys"], body["huggingface_token"], body["allowed_origins"]) == ([], MASK, [])
    assert (body["max_parallel_tasks"], body["max_connections"], body["cors"]) == (4, 64, True)


async def test_what_is_changed_holds_and_is_kept(api: Api) -> None:
    status, body = await api.ask("PATCH", "/configs", {"max_parallel_tasks": 7, "no_proxy": "a.example", "x": 1})
    assert status == 200 and body["message"] == "Configuration updated successfully"
    assert body["config"]["max_parallel_tasks"] == 7 and body["config"]["no_proxy"] == "a.example"
    assert api.applied[-1].parallel_tasks == 7
    assert api.store.load().parallel_tasks == 7


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "No configuration updated"),
        ({"unknown": 1}, "No configuration updated"),
        ({"max_parallel_tasks": 0}, "max_parallel_tasks"),
        ({"max_parallel_tasks": "4"}, "max_parallel_tasks"),
        ({"max_connections": True}, "max_connections"),
        ({"cors": "yes"}, "cors"),
        ({"allowed_origins": ["*"]}, "allowed_origins"),
        ({"allowed_origins": ["null"]}, "allowed_origins"),
        ({"allowed_origins": ["http://a.example/path"]}, "allowed_origins"),
        ({"allowed_origins": [1]}, "allowed_origins"),
        ({"proxy_url": "ftp://host"}, "proxy_url"),
        ({"proxy_url": "http://user:pass@host:1"}, "proxy_url"),
        ({"proxy_url": 7}, "proxy_url"),
        ({"api_keys": "a b"}, "api_keys"),
        ({"api_keys": [""]}, "api_keys"),
        ({"api_keys": [f"{MASK}abcd"]}, "api_keys"),
        ({"huggingface_token": "a b"}, "huggingface_token"),
        ({"huggingface_token": "a\r\nX: y"}, "huggingface_token"),
        ({"verify_peer_ssl": False}, "verify_peer_ssl"),
        ({"verify_proxy_ssl": 0}, "verify_proxy_ssl"),
        ({"max_parallel_tasks": 3, "verify_host_ssl": False}, "verify_host_ssl"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_changes(api: Api, body: dict[str, object], said: str) -> None:
    before = (await api.ask("GET", "/configs"))[1]
    status, answer = await api.ask("PATCH", "/v1/configs", body)
    assert status == 400 and said in answer["message"]
    assert (await api.ask("GET", "/configs"))[1] == before
    assert api.applied == []


async def test_the_api_sets_neither_a_folder_nor_a_hub(api: Api) -> None:
    body = {"models_dir": "/tmp", "data_dir": "/tmp", "endpoint": "http://evil.example", "HF_ENDPOINT": "x"}
    assert (await api.ask("PATCH", "/configs", body))[0] == 400
    assert api.engine.root == api.root


async def test_a_token_opens_the_gate_is_masked_and_is_written_nowhere(closed_api: Api) -> None:
    api = closed_api
    api.rig.token = ""  # one of the environment would win over it
    await api.start()
    api.hub.granted_tokens.add(TOKEN)
    gated = "google/gemma-3-27b-it"
    assert (await api.pull(gated, files=["*.json"]))[0] == 400
    status, body = await api.ask("PATCH", "/configs", {"huggingface_token": TOKEN, "proxy_password": "secret-word"})
    assert status == 200 and body["config"]["huggingface_token"] == MASK + TOKEN[-4:]
    assert TOKEN not in json.dumps(body) and "secret-word" not in json.dumps(body)
    status, again = await api.ask("PATCH", "/configs", {"huggingface_token": masked(TOKEN), "cors": True})
    assert status == 200 and again["config"]["huggingface_token"] == masked(TOKEN), "a masked value changes nothing"
    assert (await api.pull(gated, files=["*.json"]))[0] == 200
    await api.ended()
    assert api.hub.requests.with_token("cdn") == []
    written = [path.read_bytes() for path in api.folder.parent.rglob("*") if path.is_file()]
    assert written and not any(TOKEN.encode() in data or b"secret-word" in data for data in written)
    status, body = await api.ask("PATCH", "/configs", {"huggingface_token": ""})
    assert status == 200 and body["config"]["huggingface_token"] == ""
    assert (await api.pull(gated, files=["README.md"]))[0] == 400


async def test_keys_are_masked_can_be_kept_by_their_mask_and_hold_at_once(api: Api) -> None:
    first, second = "first-key-0123456789", "second-key-0123456789"
    _, body = await api.ask("PATCH", "/configs", {"api_keys": [first]})
    assert body["config"]["api_keys"] == [masked(first)]
    assert (await api.ask("GET", "/configs"))[0] == 401
    status, body = await api.ask(
        "PATCH", "/configs", {"api_keys": [masked(first), second]}, Authorization=f"Bearer {first}"
    )
    assert status == 200 and len(body["config"]["api_keys"]) == 2
    for key in (first, second):
        assert (await api.ask("GET", "/configs", Authorization=f"Bearer {key}"))[0] == 200
    assert api.store.load().needs_api_key
    await api.ask("PATCH", "/configs", {"api_keys": []}, Authorization=f"Bearer {first}")
    assert (await api.ask("GET", "/configs"))[0] == 200
    assert not api.store.load().needs_api_key


async def test_keys_that_cannot_be_had_again_are_missed(api: Api) -> None:
    await api.ask("PATCH", "/configs", {"api_keys": ["some-key-0123456789"]})
    api.secrets.put("api_keys", "")
    api.control._known.clear()
    await api.control.load()
    assert api.control.lacks_keys and api.control.keys == ()


async def test_an_address_that_others_reach_keeps_its_keys(closed_api: Api) -> None:
    closed_api.environ["PULLEY_API_KEYS"] = ""
    await closed_api.start(host="0.0.0.0")
    bearer = {"Authorization": "Bearer some-key"}
    await closed_api.ask("PATCH", "/configs", {"api_keys": ["some-key"]})
    status, body = await closed_api.ask("PATCH", "/configs", {"api_keys": []}, **bearer)
    assert status == 400 and "api_keys" in body["message"]
    assert (await closed_api.ask("GET", "/configs", **bearer))[0] == 200


async def test_settings_that_cannot_be_written_are_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.settings.os.fsync", full)
    status, body = await api.ask("PATCH", "/configs", {"max_parallel_tasks": 9})
    assert status == 400 and "No space left" in body["message"]


async def test_a_proxy_of_the_settings_is_used_but_never_for_this_machine(api: Api) -> None:
    values = {"proxy_url": "http://proxy.example:3128", "proxy_username": "u@x", "proxy_password": "p:w"}
    assert (await api.ask("PATCH", "/configs", values))[0] == 200
    assert api.net.proxy.for_url("https://huggingface.co/x") == "http://u%40x:p%3Aw@proxy.example:3128"
    assert "p:w" not in repr(api.net.proxy)
    assert (await api.pull(TINY))[0] == 200, "the demo hub is on loopback"


@pytest.mark.parametrize(
    ("host", "no_proxy", "excepted"),
    [
        ("a.example", "", False),
        ("a.example", "a.example", True),
        ("b.a.example", "a.example", True),
        ("ba.example", "a.example", False),
        ("b.a.example", ".a.example", True),
        ("b.a.example", "*.a.example", True),
        ("a.example", " b.example , A.example ", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("::5", "[::5]", True),
        ("anything", "*", True),
        ("a.example", "10.0.0.0/x,/8", False),
    ],
)
def test_hosts_that_are_reached_directly(host: str, no_proxy: str, excepted: bool) -> None:
    assert is_excepted(host, no_proxy) is excepted


async def test_a_socks_proxy_can_be_set_and_naming_one_switches_proxies_on_again(api: Api) -> None:
    api.control.store.update({"proxy_off": True})
    api.control.use_network()
    assert api.net.proxy.is_off
    status, body = await api.ask("PATCH", "/configs", {"proxy_url": "socks5h://proxy.example:1080"})
    assert status == 200 and body["config"]["proxy_url"] == "socks5h://proxy.example:1080"
    assert api.net.proxy.for_url("https://huggingface.co/x") == "socks5h://proxy.example:1080"


async def test_no_program_sets_a_ca_file(api: Api) -> None:
    status, body = await api.ask("PATCH", "/configs", {"ca_file": "/etc/passwd", "no_proxy": "x.example"})
    assert status == 200 and "ca_file" not in body["config"]
    assert api.net.ca_file == api.control.store.current.ca_file == ""


def test_a_proxy_is_for_what_is_not_excepted() -> None:
    proxy = Proxy("http://p.example:1", no_proxy="hub.example")
    assert proxy.for_url("https://hub.example/x") is None
    assert proxy.for_url("http://127.0.0.1:1/x") is None
    assert proxy.for_url("https://other.example/x") == "http://p.example:1"


def test_keys_of_the_environment_are_parted_by_commas_or_spaces() -> None:
    assert split_keys(" a, b\tc,,a ") == ("a", "b", "c")
    assert split_keys("") == ()


def test_a_mask_shows_little() -> None:
    assert masked("") == "" and masked("short") == MASK
    assert masked("a-long-enough-secret") == MASK + "cret"


async def test_a_keyring_that_is_locked_for_once_loses_nothing(api: Api) -> None:
    await api.ask("PATCH", "/configs", {"huggingface_token": TOKEN, "proxy_password": "secret-word"})
    api.control._known.clear()  # as after a start with a locked keyring
    assert (await api.ask("PATCH", "/configs", {"max_connections": 32}))[0] == 200
    assert set(api.store.load().secrets_kept) == {"huggingface_token", "proxy_password"}
    assert (await api.ask("PATCH", "/configs", {"proxy_password": ""}))[0] == 200
    assert set(api.store.load().secrets_kept) == {"huggingface_token"}
    assert api.secrets.get("proxy_password") == "" and api.secrets.get("huggingface_token") == TOKEN
