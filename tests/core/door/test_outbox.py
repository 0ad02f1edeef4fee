"""The outbox of a follower: nothing lost that matters, nothing kept that does not, and bounded."""

from core.door import outbox
from core.door.outbox import Outbox
from core.door.wire import Heard, Named, Saw, from_line, message_of
from core.states import TaskState
from core.views import TaskView


def view(percent: int = 0, state: TaskState = TaskState.RUNNING, name: str = "a") -> Saw:
    return Saw(TaskView(name, state, percent=percent, wanted=1))


async def fetched(box: Outbox) -> list[object]:
    return [message_of(from_line(line + b"\n")) for line in (await box.fetch()).splitlines()]


async def test_numbers_replace_each_other_and_changes_of_state_are_all_kept() -> None:
    box = Outbox(lambda: None)
    first, paused, last = view(1), view(30, TaskState.PAUSED), view(60)
    for message in (first, view(30), paused, view(30), last, view(5, name="b")):
        box.put(message)
    assert await fetched(box) == [view(30), paused, last, view(5, name="b")]
    box.put(view(70))
    assert await fetched(box) == [view(70)], "what was fetched is not replaced"


async def test_names_and_events_keep_their_order() -> None:
    box = Outbox(lambda: None)
    sent = [Named(0, "a"), Heard('{"type": "x"}'), view(1), Heard('{"type": "y"}')]
    for message in sent:
        box.put(message)
    assert await fetched(box) == sent


async def test_the_end_comes_once_and_after_everything() -> None:
    box = Outbox(lambda: None)
    box.put(view(100, TaskState.DONE))
    box.end()
    assert len(await fetched(box)) == 1
    assert from_line(await box.fetch()) == {"end": True}
    assert await box.fetch() == b""


async def test_too_much_is_given_up_once(monkeypatch) -> None:
    monkeypatch.setattr(outbox, "MESSAGES_MAX", 10)
    given_up: list[int] = []
    box = Outbox(lambda: given_up.append(1))
    for number in range(100):
        box.put(Heard(str(number)))
    assert given_up == [1]
    box.end()
    assert await box.fetch() == b"", "nothing is told any more, the end neither"
