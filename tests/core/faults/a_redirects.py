"""Cases A24 to A28: where a server can lead a client."""

from collections.abc import Iterator

from tests.core.faults.parts import file_asks, nothing_asked_of, unless
from tests.core.faults.plan import Plan, fails
from tests.core.faults.world import World
from tests.fakes.faults import rules
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.wire import Answer, Ask

SENT = {"host", "user-agent", "accept", "accept-encoding", "connection", "range"}


def _to(target: str) -> Rule:
    return Rule(rules.redirect(target), role="hub", path="/resolve/")


def _hop(world: World) -> rules.Action:
    def act(ask: Ask, answer: Answer) -> None:
        rules.redirect(f"{world.server.url('other')}/hop/{ask.number}?x={len(world.server.log)}")(ask, answer)

    return act


def _only_plain_headers(world: World) -> Iterator[str]:
    asks = file_asks(world, "other")
    yield from unless(bool(asks), "the other host was not asked")
    for ask in asks:
        yield from unless(
            set(ask.headers) <= SENT, f"headers went to another host: {sorted(set(ask.headers) - SENT)}"
        )


def _refused(id_: str, title: str, target: str, says: str) -> Plan:
    return Plan(
        id_,
        title,
        fails("ServerRefused", says),
        rules=lambda world: [_to(target)],
        also=lambda world: nothing_asked_of(world, "cdn") if not world.healed else (),
        requests=6,
    )


def _private(id_: str, title: str, target: str) -> Plan:
    return Plan(
        id_,
        title,
        fails("ServerRefused", "private"),
        rules=lambda world: [_to(target.replace("PORT", world.server.url("other").rpartition(":")[2]))],
        also=lambda world: nothing_asked_of(world, "other"),
        names={"hub": "hub.example", "cdn": "cdn.example"},
        requests=6,
    )


PLANS = [
    Plan(
        "A24a",
        "A redirect to itself",
        fails("ServerRefused", "Too many redirects"),
        rules=lambda world: [Rule(lambda ask, answer: rules.redirect(ask.target)(ask, answer), path="/resolve/")],
        requests=20,
    ),
    Plan(
        "A24b",
        "Redirects without end, each to a new address",
        fails("ServerRefused", "Too many redirects"),
        rules=lambda world: [Rule(_hop(world), path="/resolve/"), Rule(_hop(world), role="other", path="/hop/")],
        also=lambda world: unless("?" not in world.message and "/hop" not in world.message, "it shows addresses"),
        requests=20,
    ),
    Plan(
        "A25a",
        "From https to http",
        fails("ServerRefused", "unencrypted"),
        secure=frozenset({"hub"}),
        also=lambda world: nothing_asked_of(world, "cdn"),
        heals=False,
        requests=6,
    ),
    Plan("A25b", "From https to https", secure=frozenset({"hub", "cdn"})),
    Plan(
        "A26",
        "To another host, with cookies set on the way",
        rules=lambda world: [
            Rule(
                lambda ask, answer: answer.put(
                    "Location", world.server.hub.link(world.commit, "model.gguf", role="other")
                ),
                role="hub",
                path="/resolve/",
            ),
            Rule(rules.header("Set-Cookie", "session=1; Path=/"), role="hub"),
            Rule(rules.header("Set-Cookie", "session=2; Path=/"), role="other"),
        ],
        also=_only_plain_headers,
    ),
    _refused("A27a", "To file:", "file:///etc/passwd", "no web address"),
    _refused("A27b", "To ftp:", "ftp://127.0.0.3/model.gguf", "no web address"),
    _refused("A27c", "To data:", "data:application/octet-stream;base64,AAAA", "no web address"),
    _refused("A27d", "To javascript:", "javascript:alert(1)", "no web address"),
    _refused("A27e", "To an address that is none", "http://[oops/model.gguf", "no web address"),
    _private("A28a", "From a public hub to 127.0.0.1", "http://127.0.0.1:PORT/xet/"),
    _private("A28b", "From a public hub to 10.0.0.1", "http://10.0.0.1/model.gguf"),
    _private("A28c", "From a public hub to 169.254.169.254", "http://169.254.169.254/latest/meta-data/"),
    _private("A28d", "From a public hub to 2130706433, which is 127.0.0.1", "http://2130706433:PORT/xet/"),
    _private("A28e", "From a public hub to 127.1, which is 127.0.0.1", "http://127.1:PORT/xet/"),
    _private("A28f", "From a public hub to [::ffff:10.0.0.1]", "http://[::ffff:10.0.0.1]/model.gguf"),
    _private("A28g", "From a public hub to a name of a private address", "http://inside.example:PORT/xet/"),
]
