"""The weather over any history of answers, failures, sleeps and leaps of the clock: nobody is held for ever or told
nonsense, and one host's trouble is no other's.
"""

from hypothesis import given
from hypothesis import strategies as st

from core.net.weather import BREAKS_AFTER, PROBE_MOST_S, PROBE_S, RETRY_AFTER_MOST_S, Weather

HOST, OTHER = "hub.example", "other.example"
leaps = st.sampled_from([0.0, 0.5, PROBE_S, 30.0, PROBE_MOST_S, 3600.0, 1e7])
asked = st.sampled_from(["", "0", "7", "3600", "9" * 30, "-1", "soon", "Sun, 01 Mar 2099 12:00:00 GMT"])
steps = st.one_of(
    st.tuples(st.just("answered"), st.sampled_from([200, 206, 404, 429, 500, 503]), asked),
    st.tuples(st.sampled_from(["failed", "many fail", "left", "ask", "woke"])),
    st.tuples(st.just("leaps"), leaps),
)


class Sky:
    """A weather, and whether somebody was let through who has not told what came of it."""

    def __init__(self) -> None:
        self.at = 0.0
        self.weather = Weather(now=lambda: self.at, route=lambda: True, jitter=lambda: 1.0)

    def do(self, step: tuple[object, ...]) -> None:
        match step:
            case ("answered", int(status), str(text)):
                self.weather.answered(HOST, status, {"retry-after": text} if text else {})
            case ("leaps", float(seconds)):
                self.at += seconds
            case ("many fail",):
                for _ in range(BREAKS_AFTER + 5):
                    self.weather.failed(HOST, "does not answer")
            case ("failed",):
                self.weather.failed(HOST, "does not answer")
            case ("left",):
                self.weather.left(HOST)
            case ("woke",):
                self.weather.woke()
            case _:
                self.weather.ask(HOST)


@given(st.lists(steps, max_size=40))
def test_whoever_waits_as_long_as_it_is_told_gets_its_turn(history: list[tuple[object, ...]]) -> None:
    sky = Sky()
    for step in history:
        sky.do(step)
    began, looks = sky.at, 0
    while (rest := sky.weather.ask(HOST)) is not None:
        assert 0.0 < rest.seconds <= RETRY_AFTER_MOST_S and rest.why
        sky.at += rest.seconds
        looks += 1
        assert looks <= 2 + PROBE_MOST_S / PROBE_S and sky.at - began <= RETRY_AFTER_MOST_S + PROBE_MOST_S + 1
    assert sky.weather.ask(OTHER) is None, "another host is not affected"


@given(st.lists(steps, max_size=30), st.integers(2, 20))
def test_of_those_who_ask_a_host_that_rested_one_goes_ahead(history: list[tuple[object, ...]], count: int) -> None:
    sky = Sky()
    for step in history:
        sky.do(step)
    sky.do(("many fail",))
    sky.at += RETRY_AFTER_MOST_S
    passed = [sky.weather.ask(HOST) is None for _ in range(count)]
    assert passed == [True] + [False] * (count - 1)
    sky.weather.answered(HOST, 206, {})
    assert all(sky.weather.ask(HOST) is None for _ in range(count))
