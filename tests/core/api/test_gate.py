"""The gate: a table of who may ask, over the pure function and over real sockets."""

import pytest
from msgspec.structs import replace

from core.api.gate import Ask, Rules, accepted_protocol, needs_keys, refusal
from tests.core.api.conftest import Api

PORT = 39281
HOST = f"127.0.0.1:{PORT}"
PAGE = "http://localhost:1420"
OPEN = Rules("127.0.0.1", PORT)
PAGES = replace(OPEN, origins=frozenset({PAGE}))
KEYS = replace(OPEN, keys=("k-one", "k-two"))
WIDE = Rules("0.0.0.0", PORT, keys=("k-one",))
NAMED = Rules("192.168.1.5", PORT, keys=("k-one",))
BOTH = replace(KEYS, origins=frozenset({PAGE}))

TABLE = [
    # Host
    (OPEN, Ask([HOST]), 0),
    (OPEN, Ask([f"localhost:{PORT}"]), 0),
    (OPEN, Ask([f"LOCALHOST:{PORT}"]), 0),
    (OPEN, Ask([f"[::1]:{PORT}"]), 0),
    (OPEN, Ask([]), 403),
    (OPEN, Ask([""]), 403),
    (OPEN, Ask(["127.0.0.1"]), 403),
    (OPEN, Ask(["127.0.0.1:80"]), 403),
    (OPEN, Ask(["127.0.0.1:039281"]), 403),
    (OPEN, Ask([f"evil.example:{PORT}"]), 403),
    (OPEN, Ask([f"localhost.evil.example:{PORT}"]), 403),
    (OPEN, Ask([f"localhost.:{PORT}"]), 403),
    (OPEN, Ask([f"127.0.0.2:{PORT}"]), 403),
    (OPEN, Ask([f"192.168.1.5:{PORT}"], local="192.168.1.5"), 403),
    (OPEN, Ask([f"user@127.0.0.1:{PORT}"]), 403),
    (OPEN, Ask([f"::1:{PORT}"]), 403),
    (OPEN, Ask([HOST, HOST]), 403),
    (OPEN, Ask([f"{HOST} "]), 403),
    (replace(OPEN, port=80), Ask(["localhost"]), 0),
    (replace(OPEN, port=80), Ask(["localhost:80"]), 0),
    (replace(OPEN, port=0), Ask(["localhost:0"]), 403),
    # Origin
    (OPEN, Ask([HOST], ["http://evil.example"]), 403),
    (OPEN, Ask([HOST], ["null"]), 403),
    (OPEN, Ask([HOST], [""]), 403),
    (OPEN, Ask([HOST], [f"http://{HOST}"]), 403),
    (PAGES, Ask([HOST], [PAGE]), 0),
    (PAGES, Ask([HOST], [PAGE + "/"]), 403),
    (PAGES, Ask([HOST], [PAGE.upper()]), 403),
    (PAGES, Ask([HOST], ["http://localhost:1421"]), 403),
    (PAGES, Ask([HOST], ["https://localhost:1420"]), 403),
    (PAGES, Ask([HOST], [PAGE, "http://evil.example"]), 403),
    (PAGES, Ask([HOST]), 0),
    (PAGES, Ask(["evil.example"], [PAGE]), 403),
    # keys
    (KEYS, Ask([HOST]), 401),
    (KEYS, Ask([HOST], authorization="Bearer k-one"), 0),
    (KEYS, Ask([HOST], authorization="bearer k-two"), 0),
    (KEYS, Ask([HOST], authorization="Bearer k-three"), 401),
    (KEYS, Ask([HOST], authorization="Bearer k-on"), 401),
    (KEYS, Ask([HOST], authorization="Bearer k-one k-two"), 401),
    (KEYS, Ask([HOST], authorization="Basic k-one"), 401),
    (KEYS, Ask([HOST], authorization="k-one"), 401),
    (KEYS, Ask([HOST], authorization="Bearer "), 401),
    (KEYS, Ask([HOST], authorization="Bearer schlüssel"), 401),
    (KEYS, Ask([HOST], authorization="Bearer \udcff\udcfe"), 401),
    (KEYS, Ask([HOST], protocols=["bearer.\udcff"]), 401),
    (KEYS, Ask([HOST], protocols=["bearer.k-one"]), 0),
    (KEYS, Ask([HOST], protocols=["chat", "bearer.k-two"]), 0),
    (KEYS, Ask([HOST], protocols=["bearer.nope"]), 401),
    (KEYS, Ask([HOST], protocols=["k-one"]), 401),
    (KEYS, Ask([HOST], is_public=True), 0),
    (KEYS, Ask(["evil.example"], authorization="Bearer k-one"), 403),
    (KEYS, Ask(["evil.example"], is_public=True), 403),
    (KEYS, Ask([HOST], [PAGE], authorization="Bearer k-one"), 403),
    (BOTH, Ask([HOST], [PAGE], authorization="Bearer k-one"), 0),
    (BOTH, Ask([HOST], [PAGE]), 401),
    # other addresses
    (NAMED, Ask([f"192.168.1.5:{PORT}"], authorization="Bearer k-one"), 0),
    (NAMED, Ask([f"192.168.1.6:{PORT}"], authorization="Bearer k-one"), 403),
    (WIDE, Ask([f"192.168.1.5:{PORT}"], authorization="Bearer k-one", local="192.168.1.5"), 0),
    (WIDE, Ask([f"192.168.1.6:{PORT}"], authorization="Bearer k-one", local="192.168.1.5"), 403),
    (WIDE, Ask([f"pulley.example:{PORT}"], authorization="Bearer k-one", local="192.168.1.5"), 403),
    (WIDE, Ask([f"192.168.1.5:{PORT}"], local="192.168.1.5"), 401),
]


@pytest.mark.parametrize(("rules", "ask", "status"), TABLE)
def test_who_may_ask(rules: Rules, ask: Ask, status: int) -> None:
    found = refusal(ask, rules)
    assert (found.status if found else 0) == status
    if found:
        assert found.message and not any(key in found.message for key in rules.keys)


def test_a_browser_hears_back_the_protocol_that_it_offered_and_no_other() -> None:
    assert accepted_protocol(["chat", "bearer.k"]) == "bearer.k"
    assert accepted_protocol(["chat"]) == ""


@pytest.mark.parametrize(
    ("host", "needed"),
    [
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("localhost", False),
        ("::1", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.168.1.5", True),
        ("pulley.example", True),
        ("127.example.com", True),
        ("[::1]", False),
    ],
)
def test_an_address_that_others_can_reach_needs_keys(host: str, needed: bool) -> None:
    assert needs_keys(host) is needed


def test_rules_show_no_key() -> None:
    assert "k-one" not in repr(KEYS)


# -- over sockets ------------------------------------------------------------------------------------------

ROUTES = [
    ("GET", "/v1/models"),
    ("GET", "/models/pull"),
    ("POST", "/v1/models/pull"),
    ("DELETE", "/models/pull"),
    ("GET", "/v1/configs"),
    ("PATCH", "/configs"),
    ("GET", "/openapi.json"),
    ("GET", "/events"),
    ("GET", "/healthz"),
    ("DELETE", "/v1/models/some:model"),
    ("GET", "/no/such/address"),
    ("PUT", "/v1/models"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}], ids=str
)
async def test_the_gate_stands_before_every_route(
    api: Api, method: str, path: str, headers: dict[str, str]
) -> None:
    reply = await api.http.request(method, path, headers=headers)
    assert reply.status_code == 403 and reply.json()["message"]
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]
    assert api.engine.tasks == []


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_with_keys_every_route_but_the_sign_of_life_wants_one(
    closed_api: Api, method: str, path: str
) -> None:
    closed_api.environ["PULLEY_API_KEYS"] = "right-key, other-key"
    await closed_api.start()
    for header in ({}, {"Authorization": "Bearer wrong"}):
        reply = await closed_api.http.request(method, path, headers=header)
        assert reply.status_code == (200 if path == "/healthz" else 401)
    asked = await closed_api.http.request(method, f"{path}?api_key=right-key")
    assert asked.status_code == (200 if path == "/healthz" else 401), "never in the query"
    reply = await closed_api.http.request(method, path, headers={"Authorization": "Bearer right-key"})
    assert reply.status_code != 401
    assert closed_api.engine.tasks == []


async def test_an_allowed_origin_is_told_so_and_a_preflight_is_answered(api: Api) -> None:
    page = "http://localhost:1420"
    status, _ = await api.ask("PATCH", "/v1/configs", {"allowed_origins": [page], "api_keys": ["secret-key"]})
    assert status == 200
    preflight = await api.http.options(
        "/v1/models/pull", headers={"Origin": page, "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == page
    assert "POST" in preflight.headers["access-control-allow-methods"]
    plain = await api.http.get("/v1/models", headers={"Origin": page, "Authorization": "Bearer secret-key"})
    assert plain.status_code == 200 and plain.headers["access-control-allow-origin"] == page
    other = await api.http.options(
        "/v1/models/pull", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert other.status_code == 403
    status, _ = await api.ask("PATCH", "/v1/configs", {"cors": False}, Authorization="Bearer secret-key")
    again = await api.http.get("/v1/models", headers={"Origin": page, "Authorization": "Bearer secret-key"})
    assert again.status_code == 403
