"""The account of the models of an errand, across the processes that work on them."""

from core.door.wire import Heard, Message, Named, Refused, Saw
from core.errors import NotFound
from core.headless.ledger import Ledger
from core.states import TaskState
from core.views import TaskView, refused_view


def told(ledger: Ledger, places: list[int], *messages: Message) -> tuple[list[TaskView], list[str]]:
    shown: list[TaskView] = []
    events: list[str] = []
    take = ledger.taker(places, show=shown.append, event=events.append)
    for message in messages:
        take(message)
    return shown, events


def test_what_was_not_named_yet_is_open() -> None:
    ledger = Ledger(["a", "b"])
    assert ledger.open == [0, 1] and not ledger.is_good
    assert [name for name, _, _ in ledger.problems] == ["a", "b"]


def test_what_is_left_open_by_one_process_is_asked_of_the_next_by_its_own_places() -> None:
    ledger = Ledger(["a", "tinyllama", "c"])
    done, half = TaskView("a", TaskState.DONE), TaskView("tinyllama:gguf", TaskState.RUNNING)
    gone = refused_view("c", NotFound("there is no c").failure)
    names = Named(0, "a"), Named(1, "tinyllama:gguf")
    shown, events = told(ledger, [0, 1, 2], *names, Saw(done), Saw(half), Refused(2, gone), Heard("{}"))
    assert shown == [done, half, gone] and events == ["{}"]
    assert ledger.open == [1] and ledger.open_names == ["tinyllama:gguf"]
    told(ledger, ledger.open, Named(0, "tinyllama:gguf"), Saw(TaskView("tinyllama:gguf", TaskState.DONE)))
    assert ledger.open == []
    assert ledger.problems == [("c", "there is no c", NotFound.action)] and not ledger.is_good


def test_two_handles_of_one_task_are_complete_together_and_fail_once() -> None:
    ledger = Ledger(["tinyllama", "tinyllama:gguf"])
    told(ledger, [0, 1], Named(0, "t"), Named(1, "t"), Saw(TaskView("t", TaskState.FAILED, message="it broke")))
    assert len(ledger.problems) == 1
    told(ledger, [0, 1], Saw(TaskView("t", TaskState.DONE)))
    assert ledger.is_good


def test_places_that_make_no_sense_are_not_taken() -> None:
    ledger = Ledger(["a"])
    told(ledger, [0], Named(5, "x"), Refused(7, TaskView("x", TaskState.FAILED)))
    assert ledger.open == [0]
