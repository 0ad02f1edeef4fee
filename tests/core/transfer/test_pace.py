"""Which connections are too slow: against their siblings, and as an item that stands still."""

from dataclasses import dataclass, field

from core.transfer import pace
from core.transfer.pace import Pace, Watchdog, is_behind

MB = 2**20


@dataclass
class FakeLane:
    rate: float
    left: int = 100 * MB
    moved: int = 0
    is_held: bool = False
    pace: Pace = field(default_factory=Pace)


def watched(lanes: list[FakeLane], seconds: float, *, step: float = 0.5) -> list[tuple[float, FakeLane]]:
    """Let lanes move at their rates; return who was to be ended, and when."""
    now, ended = 0.0, []
    dog = Watchdog(now)
    while now < seconds:
        now += step
        for lane in lanes:
            lane.moved += int(lane.rate * step)
        for lane in dog.look(lanes, sum(lane.moved for lane in lanes), now):
            ended.append((now, lane))
    return ended


def test_one_that_is_far_behind_its_siblings_is_ended() -> None:
    slow = FakeLane(20_000)
    ended = watched([FakeLane(5e6), FakeLane(4e6), FakeLane(6e6), slow], pace.BEHIND_AFTER_S * 2)
    assert ended and {id(lane) for _, lane in ended} == {id(slow)}


def test_a_slow_line_is_no_fault() -> None:
    assert watched([FakeLane(600) for _ in range(16)], 120) == []
    assert watched([FakeLane(10_000)], 120) == []


def test_one_that_is_nearly_through_is_left_alone() -> None:
    assert not is_behind(20_000, 100_000, [5e6, 5e6])
    assert is_behind(20_000, 100 * MB, [5e6, 5e6])
    assert not is_behind(0.0, 100 * MB, [])


def test_an_item_that_brings_next_to_nothing_is_dialled_anew_as_a_whole() -> None:
    lanes = [FakeLane(10), FakeLane(10)]
    when, _ = watched(lanes, pace.STALL_AFTER_S * 1.5)[0]
    assert when >= pace.STALL_AFTER_S


def test_what_waits_for_the_disk_is_not_the_servers_fault() -> None:
    assert watched([FakeLane(0, is_held=True), FakeLane(0)], 120) == []
    assert watched([FakeLane(0, is_held=True), FakeLane(5e6), FakeLane(5e6)], 60) == []


def test_a_sleep_of_the_machine_counts_for_little() -> None:
    lane = FakeLane(0)
    dog = Watchdog(0.0)
    assert dog.look([lane], 0, 3600.0) == []
