"""Places and connections: limits hold, nobody starves."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.records import Limits
from core.scheduler import LARGE_BYTES, LARGE_ITEMS_A_TASK, Demand, Place, admit, share


def test_tasks_start_in_the_order_of_the_queue_up_to_the_limit() -> None:
    places = [Place("a", True, False), Place("b", False, True), Place("c", False, False), Place("d", False, True)]
    assert admit(places, Limits(tasks=2)) == ["b"]
    assert admit(places, Limits(tasks=3)) == ["b", "d"]
    assert admit(places, Limits(tasks=1)) == []


def test_a_forced_task_starts_beyond_the_limit_and_takes_no_place_from_others() -> None:
    places = [Place("a", True, False), Place("b", False, True, forced=True), Place("c", False, True)]
    assert admit(places, Limits(tasks=1)) == ["b"]
    assert admit([Place("a", True, False, forced=True), Place("c", False, True)], Limits(tasks=1)) == ["c"]


def test_a_new_model_gets_its_half_of_a_busy_host_at_once() -> None:
    busy = Demand("old", "big", "cdn", wants=16, size=2**34, running=True)
    given_ = share([busy, Demand("new", "big", "cdn", wants=16, size=2**34)], Limits())
    assert given_ == {("old", "big"): 8, ("new", "big"): 8}


def test_a_small_file_never_waits_behind_a_large_one() -> None:
    demands = [
        Demand("t", "large", "cdn", wants=16, size=2**34, running=True),
        Demand("t", "small", "cdn", size=10),
    ]
    assert share(demands, Limits(connections_per_host=4))["t", "small"] == 1


def test_further_large_files_of_a_model_wait_until_one_is_complete() -> None:
    shards = [Demand("t", f"s{n}", "cdn", size=LARGE_BYTES) for n in range(10)]
    assert len(share(shards, Limits())) == LARGE_ITEMS_A_TASK


def test_a_connection_that_is_held_counts_before_any_other_is_given() -> None:
    held = [Demand("t", f"h{n}", "cdn", size=10, running=True, holds=True) for n in range(3)]
    waiting = [Demand("u", f"w{n}", "cdn", size=10) for n in range(9)]
    given = share([*waiting, *held], Limits(connections_per_host=4))
    assert len(given) == 4 and all(("t", f"h{n}") in given for n in range(3))
    assert len(share([*waiting, *held], Limits(connections=5))) == 5


demands_of_any_kind = st.lists(
    st.builds(
        Demand,
        task_id=st.sampled_from("abcdef"),
        item_id=st.integers(0, 9).map(str),
        host=st.sampled_from(["h1", "h2", "h3"]),
        wants=st.integers(1, 16),
        size=st.sampled_from([0, 1000, LARGE_BYTES]),
        running=st.booleans(),
    ),
    max_size=40,
    unique_by=lambda d: (d.task_id, d.item_id),
)


@given(demands_of_any_kind, st.integers(1, 32), st.integers(1, 64))
def test_no_limit_is_ever_passed_and_no_connection_is_wasted(demands, per_host, total) -> None:
    limits = Limits(connections_per_host=per_host, connections=total)
    result = share(demands, limits)
    by_key = {(d.task_id, d.item_id): d for d in demands}
    hosts: Counter[str] = Counter()
    for key, count in result.items():
        assert 1 <= count <= by_key[key].wants
        hosts[by_key[key].host] += count
    assert sum(result.values()) <= total
    assert all(count <= per_host for count in hosts.values())
    if sum(result.values()) < total:
        for demand in demands:
            unmet = result.get((demand.task_id, demand.item_id), 0) < demand.wants
            held_back = demand.size >= LARGE_BYTES and not demand.running
            assert not unmet or held_back or hosts[demand.host] == per_host


@given(demands_of_any_kind)
def test_no_task_gets_two_more_than_another_that_could_use_them(demands) -> None:
    one_host = [Demand(d.task_id, d.item_id, "h", d.wants, 0, running=d.running) for d in demands]
    result = share(one_host, Limits(connections_per_host=16, connections=64))
    got: Counter[str] = Counter()
    could: Counter[str] = Counter()
    for demand in one_host:
        could[demand.task_id] += demand.wants
    for (task_id, _), count in result.items():
        got[task_id] += count
    for task_id in could:
        if got[task_id] < could[task_id]:
            assert all(got[task_id] >= got[other] - 1 for other in could)
