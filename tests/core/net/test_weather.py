"""The weather, by clocks and routes that the test sets: hosts that rest, a network that is away, a sleep."""

import errno
import socket
from datetime import UTC, datetime

import httpx
import pytest

from core.net import weather
from core.net.weather import BREAKS_AFTER, Signs, Watch, Weather, has_route, retry_after_s, signs_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Sky:
    """A weather whose clock and way out are set by hand."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.way_out = True
        self.weather = Weather(now=lambda: self.at, route=lambda: self.way_out, jitter=lambda: 1.0)

    def busy(self, status: int = 503, **headers: str) -> None:
        self.weather.answered(
            "hub.example", status, {name.replace("_", "-"): text for name, text in headers.items()}
        )

    def rest(self) -> float | None:
        rest = self.weather.ask("hub.example")
        return rest.seconds if rest else None


@pytest.fixture
def sky() -> Sky:
    return Sky()


# -- hosts that want to be left alone --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_nobody_asks_a_host_before_the_time_that_it_named(sky: Sky, status: int) -> None:
    sky.busy(status, retry_after="120")
    assert sky.rest() == 120.0
    assert sky.weather.ask("other.example") is None, "others are not affected"
    rest = sky.weather.ask("hub.example")
    assert rest is not None and str(status) in rest.why
    sky.at += 119.0
    assert sky.rest() == 1.0


def test_after_a_rest_one_goes_ahead_and_the_others_wait_for_its_answer(sky: Sky) -> None:
    sky.busy(429, retry_after="10")
    sky.at += 10.0
    assert sky.rest() is None
    assert [sky.rest() for _ in range(200)] == [weather.PROBE_S] * 200, "no storm"
    sky.weather.answered("hub.example", 206, {})
    assert [sky.rest() for _ in range(200)] == [None] * 200


def test_a_probe_that_is_given_up_lets_the_next_one_ask(sky: Sky) -> None:
    sky.busy(429, retry_after="10")
    sky.at += 10.0
    assert sky.rest() is None
    sky.weather.left("hub.example")
    assert sky.rest() is None
    sky.at += weather.PROBE_MOST_S
    assert sky.rest() is None, "one that never ends holds nobody for ever"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0), ("7", 7.0), ("315360000", 3600.0), ("9" * 400, 3600.0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0), ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2099 12:00:00 GMT", 3600.0), ("Sunday, 01-Mar-26 12:01:00 GMT", 60.0),
        ("Sun Mar  1 12:01:00 2026", 60.0), ("Sun, 01 Mar 2026 13:01:00 +0100", 60.0),
        ("-5", None), ("1.5", None), ("soon", None), ("", None), ("٣", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_within_an_hour(text: str, seconds: float | None) -> None:
    assert retry_after_s(httpx.Headers([("Retry-After", text.encode())]), now=NOW) == seconds


def test_a_host_that_fails_everybody_is_asked_less_and_less_and_again_when_it_is_back(sky: Sky) -> None:
    for _ in range(BREAKS_AFTER - 1):
        assert sky.rest() is None
        sky.weather.failed("hub.example", "does not answer")
    assert sky.rest() is None, "one item alone has given up before"
    waits = []
    for _ in range(8):
        sky.weather.failed("hub.example", "does not answer")
        waits.append(sky.rest() or 0.0)
        sky.at += waits[-1]
        assert sky.rest() is None
        assert sky.rest() == weather.PROBE_S
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    sky.weather.answered("hub.example", 200, {})
    assert sky.rest() is None and sky.rest() is None


def test_one_good_answer_clears_what_was_counted(sky: Sky) -> None:
    for _ in range(5 * BREAKS_AFTER):
        sky.busy(500)
        sky.weather.answered("hub.example", 206, {})
    assert sky.rest() is None


def test_the_memory_for_hosts_is_bounded(sky: Sky) -> None:
    for number in range(3 * weather.HOSTS_MAX):
        sky.weather.answered(f"{number}.example", 200, {})
    assert len(sky.weather._hosts) == weather.HOSTS_MAX


def test_b14_the_wall_clock_has_no_say(sky: Sky) -> None:
    sky.busy(429, retry_after="60")
    assert sky.rest() == 60.0  # counted on the steady clock from the moment of the answer
    sky.at += 59.0
    assert sky.rest() == 1.0


# -- the network -----------------------------------------------------------------------------------------------

NO_WAY = Signs(no_way=True)
NAMELESS = Signs(no_names=True)
NO_RESOLVER = Signs(no_names=True, no_resolver=True)
SILENT = Signs(is_silent=True)


@pytest.mark.parametrize("signs", [NO_WAY, NAMELESS, NO_RESOLVER, SILENT])
def test_b1_without_a_way_out_every_failure_means_offline(sky: Sky, signs: Signs) -> None:
    sky.way_out = False
    assert sky.weather.is_offline("hub.example", signs)


def test_with_a_way_out_only_a_resolver_that_is_gone_does(sky: Sky) -> None:
    assert sky.weather.is_offline("hub.example", NO_RESOLVER)
    assert not sky.weather.is_offline("hub.exmaple", NAMELESS), "a name that is misspelt"
    assert not sky.weather.is_offline("hub.example", SILENT)
    assert not sky.weather.is_offline("hub.example", Signs())
    sky.way_out = False
    assert not sky.weather.is_offline("10.0.0.7", Signs()), "refused: somebody answered"


def test_while_another_host_works_this_machine_is_not_offline(sky: Sky) -> None:
    sky.weather.answered("other.example:8080", 200, {})
    assert not sky.weather.is_offline("hub.example", NO_RESOLVER)
    sky.at += weather.WORKED_LATELY_S
    assert sky.weather.is_offline("hub.example", NO_RESOLVER)


def test_a_network_that_went_away_this_second_is_away(sky: Sky) -> None:
    sky.weather.answered("hub.example", 206, {})
    sky.way_out = False
    assert sky.weather.is_offline("hub.example", NO_WAY)


@pytest.mark.parametrize("here", ["127.0.0.1:8080", "localhost", "[::1]:80", "127.0.0.2"])
def test_this_machine_itself_says_nothing_about_the_network(sky: Sky, here: str) -> None:
    sky.weather.answered(here, 200, {})
    assert sky.weather.is_offline("hub.example", NO_RESOLVER)
    sky.way_out = False
    for host in ("127.0.0.1", "localhost", "::1"):
        assert not sky.weather.is_offline(host, NO_WAY)


def test_a_machine_that_is_full_is_not_offline(sky: Sky) -> None:
    sky.way_out = False
    assert not sky.weather.is_offline("hub.example", Signs(no_names=True, is_full=True))
    no_port = signs_of(OSError(errno.EADDRNOTAVAIL, "x"))
    assert sky.weather.is_offline("hub.example", no_port), "it has no address"
    sky.way_out = True
    assert not sky.weather.is_offline("hub.example", no_port), "it has no port left"


def test_signs_are_read_from_the_whole_chain() -> None:
    def chain(inner: BaseException) -> Signs:
        outer = httpx.ConnectError("outer")
        outer.__cause__ = inner
        return signs_of(outer)

    assert chain(OSError(errno.ENETUNREACH, "x")).no_way and chain(OSError(errno.ENETDOWN, "x")).no_way
    assert chain(OSError(errno.EMFILE, "x")).is_full
    assert chain(socket.gaierror(socket.EAI_NONAME, "x")) == NAMELESS
    assert chain(socket.gaierror(socket.EAI_AGAIN, "x")) == NO_RESOLVER
    assert chain(TimeoutError()) == SILENT
    assert chain(ConnectionRefusedError(errno.ECONNREFUSED, "x")) == Signs()
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert signs_of(first) == Signs(), "a chain that is a ring"


def test_the_look_at_the_routes_sends_nothing_and_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_route() in (True, False)

    def refuse(number: int) -> None:
        def connect(*_: object) -> None:
            raise OSError(number, "x")

        monkeypatch.setattr(socket.socket, "connect", connect)

    refuse(errno.ENETUNREACH)
    assert not has_route()
    refuse(errno.EADDRNOTAVAIL)
    assert not has_route()
    refuse(errno.EMFILE)
    assert has_route(), "it cannot be told"


# -- sleep -----------------------------------------------------------------------------------------------------


class Clocks:
    def __init__(self) -> None:
        self.steady = self.whole = 100.0

    def __call__(self) -> tuple[float, float]:
        return self.steady, self.whole

    def passes(self, seconds: float, *, asleep: float = 0.0) -> None:
        self.steady += seconds
        self.whole += seconds + asleep


def test_b6_a_sleep_is_seen_by_the_clock_that_went_on_without_the_other() -> None:
    clocks = Clocks()
    watch = Watch(clocks)
    clocks.passes(3600.0)
    assert not watch.look(ticks=False), "nobody looked, which is no sleep"
    clocks.passes(1.0, asleep=1800.0)
    assert watch.look(ticks=False) and not watch.look(ticks=False)
    clocks.passes(1.0, asleep=2.0)
    assert not watch.look(ticks=True)


def test_b6_a_gap_between_two_ticks_counts_where_the_clock_counts_sleep_too() -> None:
    clocks = Clocks()
    watch = Watch(clocks)
    clocks.passes(1.1)
    assert not watch.look(ticks=True)
    clocks.passes(1800.0)
    assert watch.look(ticks=True)


def test_after_a_sleep_the_network_gets_its_time_and_old_knowledge_goes(sky: Sky) -> None:
    sky.weather.answered("other.example", 200, {})
    for _ in range(BREAKS_AFTER - 1):
        sky.weather.failed("hub.example", "does not answer")
    sky.weather.woke()
    assert sky.weather.is_offline("hub.example", NAMELESS) and sky.weather.is_offline("hub.example", NO_WAY)
    sky.weather.failed("hub.example", "does not answer")
    assert sky.rest() is None
    sky.at += weather.AFTER_SLEEP_S
    assert not sky.weather.is_offline("hub.example", NAMELESS)


def test_a_proxy_that_refused_is_left_alone_for_a_while(sky: Sky) -> None:
    sky.weather.proxy_refused("http://jan:one@proxy:1", "no")
    assert (
        sky.weather.refusal("http://jan:one@proxy:1") == "no"
        and sky.weather.refusal("http://jan:two@proxy:1") == ""
    )
    sky.at += weather.REFUSED_S
    assert sky.weather.refusal("http://jan:one@proxy:1") == ""
