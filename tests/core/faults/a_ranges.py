"""Cases A1 to A10: what a server can do to a range."""

from collections.abc import Iterator

from core.transfer.blocks import BLOCK_BYTES
from tests.core.faults.parts import file_asks, unless, with_part
from tests.core.faults.plan import MB, MODEL, Plan, fails
from tests.core.faults.world import World
from tests.fakes.faults import rules
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.wire import Answer, Ask

SIZE = MODEL.blob.size


def whole_at_most(times: int):  # type: ignore[no-untyped-def]
    """Return a check: so many requests without a range."""

    def check(world: World) -> Iterator[str]:
        whole = [ask for ask in file_asks(world) if ask.range is None]
        yield from unless(len(whole) <= times, f"{len(whole)} requests without a range")

    return check


def _capped(ask: Ask, answer: Answer) -> None:
    """Send at most a megabyte of what was asked for."""
    if answer.status == 206 and answer.length > MB:
        rules.resize_range(MB - answer.length)(ask, answer)


def _nothing_asked(world: World) -> Iterator[str]:
    yield from unless(not file_asks(world), "the file was asked for although all of it was there")


def _not_before(world: World) -> Iterator[str]:
    starts = [ask.start for ask in file_asks(world)]
    yield from unless(min(starts) >= 3 * MB, f"bytes were fetched that were there: {starts}")


def _set_aside(world: World) -> Iterator[str]:
    old = world.folder / "model.gguf.part.old-1"
    yield from unless(old.exists(), "the old part was not set aside")


def _of_other_size(ask: Ask, answer: Answer) -> None:
    if ask.range is not None:
        rules.status(416, headers={"Content-Range": "bytes */999999"})(ask, answer)


def _always_416(ask: Ask, answer: Answer) -> None:
    if ask.range is not None:
        rules.status(416, headers={"Content-Range": f"bytes */{SIZE}"})(ask, answer)


PLANS = [
    Plan(
        "A1a",
        "The whole file comes in reply to every range",
        rules=lambda world: [Rule(rules.ignore_range(), role="cdn")],
        also=whole_at_most(1),
        again=10 * MB,
    ),
    Plan(
        "A1b",
        "... while half of it is there already",
        rules=lambda world: [Rule(rules.ignore_range(), role="cdn")],
        seed=with_part(MODEL, 3 * MB),
        also=whole_at_most(1),
        again=10 * MB,
    ),
    Plan(
        "A1c",
        "... from the third request on",
        rules=lambda world: [Rule(rules.ignore_range(), role="cdn", nth=range(3, 99))],
        also=whole_at_most(3),
        again=20 * MB,
    ),
    Plan(
        "A1d",
        "... while the part has three holes",
        rules=lambda world: [Rule(rules.ignore_range(), role="cdn")],
        seed=with_part(MODEL, MB // 2, MB, 2 * MB, 3 * MB, 5 * MB, 6 * MB),
        also=whole_at_most(1),
        again=10 * MB,
    ),
    *(
        Plan(
            f"A2{letter}",
            f"Each range begins {by:+d} bytes from where it should",
            rules=lambda world, by=by: [Rule(rules.move_range(by), role="cdn")],
            seed=with_part(MODEL, BLOCK_BYTES),
            also=whole_at_most(1),
            again=12 * MB,
        )
        for letter, by in (("a", 1), ("b", -1), ("c", 4096))
    ),
    Plan(
        "A3",
        "Each range is shorter than asked for",
        rules=lambda world: [Rule(_capped, role="cdn")],
        again=MB,
    ),
    Plan(
        "A4a",
        "Each range is longer than asked for, and says so",
        rules=lambda world: [Rule(rules.resize_range(100_000), role="cdn")],
    ),
    Plan(
        "A4b",
        "Each range goes on after its end",
        rules=lambda world: [Rule(rules.with_fields(framing="none", tail=200_000), role="cdn")],
    ),
    Plan(
        "A5",
        "A 206 that does not say which bytes it holds",
        rules=lambda world: [Rule(rules.without("Content-Range"), role="cdn")],
        also=whole_at_most(1),
        again=20 * MB,
    ),
    Plan(
        "A6",
        "A 206 of multipart/byteranges",
        rules=lambda world: [Rule(rules.multipart(), role="cdn")],
        also=whole_at_most(1),
        again=20 * MB,
    ),
    Plan(
        "A7",
        "Content-Range speaks of another size than the listing",
        fails("RemoteChanged", "listing says"),
        rules=lambda world: [Rule(rules.says_total(str(SIZE + 1)), role="cdn")],
        also=lambda world: unless(world.kept == 0, "bytes were written"),
        requests=8,
    ),
    Plan("A8", "Content-Range with a total of *", rules=lambda world: [Rule(rules.says_total("*"), role="cdn")]),
    Plan(
        "A9a",
        "416 to everything, and the part is complete",
        rules=lambda world: [Rule(_always_416, role="cdn")],
        seed=with_part(MODEL, SIZE),
        also=_nothing_asked,
    ),
    Plan(
        "A9b",
        "416 to every range of a part that is not complete",
        rules=lambda world: [Rule(_always_416, role="cdn")],
        seed=with_part(MODEL, 3 * MB),
        also=whole_at_most(1),
    ),
    Plan(
        "A9c",
        "416, and the file has another size now",
        fails("RemoteChanged", "999999 bytes"),
        rules=lambda world: [Rule(_of_other_size, role="cdn")],
        seed=with_part(MODEL, 3 * MB),
        requests=8,
    ),
    Plan(
        "A10a",
        "The part on the disk is longer than the file",
        rules=lambda world: [Rule(_always_416, role="cdn", at=range(SIZE, 2 * SIZE))],
        seed=with_part(MODEL, 3 * MB, length=SIZE + 5 * MB),
        also=_not_before,
        again=MB,
    ),
    Plan(
        "A10b",
        "... and no control file tells what of it is right",
        seed=with_part(MODEL, 3 * MB, length=SIZE + 2 * MB, control_too=False),
        also=_set_aside,
        disk=12 * MB,
    ),
]
