"""Cases A11 to A20, A32, A36 to A39, A43 and A46: bodies that end early, late, slowly, wrongly or not at all."""

from collections.abc import Iterator
from random import Random

from tests.core.faults.parts import covers, file_asks, unless
from tests.core.faults.plan import CONFIG, MB, MODEL, Plan, fails
from tests.core.faults.world import World
from tests.fakes.faults import rules
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import HubFile
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.wire import Answer, Ask

SIZE = MODEL.blob.size
LAST = 50_000
WRONG = 3 * MB + 77
OTHER = Blob(SIZE, "another version")
OTHER_CONFIG = Blob(CONFIG.blob.size, "another config")


def _bad_copy(world: World) -> Iterator[str]:
    found = list(world.folder.glob("*.bad-1"))
    yield from unless(len(found) == 1, "the wrong copy was not kept as .bad-1")


def _nothing_kept(world: World) -> Iterator[str]:
    yield from unless(world.kept == 0, f"{world.kept} bytes were written")
    parts = [path for path in world.folder.rglob("*.part") if path.stat().st_size]
    yield from unless(not parts or world.healed, "a part has bytes")


def _costs_at_most(count: int):  # type: ignore[no-untyped-def]
    def check(world: World) -> Iterator[str]:
        again = world.sent_again()
        yield from unless(again <= count, f"{again} bytes were fetched twice")

    return check


def _cut_at_random(seed: int) -> rules.Action:
    random = Random(seed)

    def act(ask: Ask, answer: Answer) -> None:
        answer.cut, answer.end = random.randrange(1, answer.length), "close"

    return act


def _all_but_the_last(ask: Ask, answer: Answer) -> None:
    answer.cut, answer.end = answer.length - LAST, "hang"


def _another_version(ask: Ask, answer: Answer) -> None:
    rules.content(OTHER)(ask, answer)
    answer.put("ETag", f'"{OTHER.sha256}"')


def _linked_to_another(ask: Ask, answer: Answer) -> None:
    answer.put("X-Linked-ETag", f'"{OTHER.sha256}"')


def _endless(ask: Ask, answer: Answer) -> None:
    answer.framing, answer.tail = "none", 10**12


def _bare_page(ask: Ask, answer: Answer) -> None:
    answer.become(200, rules.PAGE * 3, "text/html")
    answer.drop("Content-Type")
    answer.framing = "none"


TRUNCATED = [
    Plan(
        "A11a",
        "The body ends early, five times, at random places",
        rules=lambda world: [Rule(_cut_at_random(11), role="cdn", times=5)],
        also=_costs_at_most(MB),
    ),
    Plan(
        "A11b",
        "... of a small file",
        files=(MODEL, CONFIG),
        rules=lambda world: [Rule(_cut_at_random(12), path="resolve-cache", times=3)],
    ),
    Plan(
        "A12a",
        "The body ends early, and nothing said how long it would be",
        rules=lambda world: [Rule(rules.together(_cut_at_random(13), rules.no_length()), role="cdn", times=5)],
        also=_costs_at_most(MB),
    ),
    Plan(
        "A12b",
        "... from a server that sends only whole files",
        rules=lambda world: [
            Rule(rules.together(rules.ignore_range(), rules.no_length()), role="cdn"),
            Rule(rules.cut(2 * MB), role="cdn", nth=[2]),
            Rule(rules.cut(4 * MB), role="cdn", nth=[3]),
        ],
        again=16 * MB,
    ),
    Plan(
        "A13a",
        "The body never ends",
        rules=lambda world: [Rule(_endless, role="cdn")],
        again=30 * MB,
    ),
    Plan(
        "A13b",
        "... of a small file",
        fails("SizeMismatch", "more than"),
        files=(MODEL, CONFIG),
        rules=lambda world: [Rule(_endless, path="resolve-cache")],
        good=("model.gguf",),
        again=30 * MB,
    ),
    *(
        Plan(
            f"A14{letter}",
            f"The length is {text}",
            fails("TransferError", "HTTP"),
            rules=lambda world, values=values: [Rule(rules.lengths(*values), role="cdn")],
            also=_nothing_kept,
            again=30 * MB,
        )
        for letter, text, values in (
            ("a", "said twice, differently", ("100", "200")),
            ("b", "negative", ("-5",)),
            ("c", "12abc", ("12abc",)),
        )
    ),
    Plan(
        "A14d",
        "The length is 2^63, the range is right",
        rules=lambda world: [Rule(rules.lengths(str(2**63)), role="cdn")],
        again=30 * MB,
    ),
    Plan(
        "A15a",
        "Chunks with a size that is none, four times",
        rules=lambda world: [Rule(rules.with_fields(framing="chunked", chunk_fault="size"), role="cdn", times=4)],
    ),
    Plan(
        "A15b",
        "The last chunk is missing, four times",
        rules=lambda world: [
            Rule(rules.with_fields(framing="chunked", chunk_fault="last", end="close"), role="cdn", times=4)
        ],
    ),
    Plan(
        "A39",
        "The connection is reset in the middle, five times",
        rules=lambda world: [Rule(rules.cut(600_000, end="reset"), role="cdn", times=5)],
        also=_costs_at_most(6 * MB),
    ),
    Plan(
        "A48",
        "Connections that should stay open are closed without a word",
        files=(MODEL, *(HubFile(f"{n}.json", Blob(900, f"{n}"), lfs=False) for n in range(12))),
        rules=lambda world: [Rule(rules.with_fields(end="close", quiet=True), nth=range(1, 99))],
        requests=90,
    ),
]

WRONG_BYTES = [
    Plan(
        "A16a",
        "One byte is wrong, once",
        rules=lambda world: [Rule(rules.changed_at(WRONG), role="cdn", when=covers(WRONG), times=1)],
        wrong_bytes=True,
        also=_costs_at_most(SIZE + MB),
    ),
    Plan(
        "A16b",
        "One byte is wrong, each time",
        fails("HashMismatch", "publishes"),
        rules=lambda world: [Rule(rules.changed_at(WRONG), role="cdn")],
        wrong_bytes=True,
        loses=True,
        also=_bad_copy,
        disk=16 * MB,
    ),
    Plan(
        "A17a",
        "Every byte is wrong, each time",
        fails("HashMismatch", "publishes"),
        rules=lambda world: [Rule(rules.content(OTHER), role="cdn")],
        wrong_bytes=True,
        loses=True,
        also=_bad_copy,
        disk=16 * MB,
    ),
    Plan(
        "A17b",
        "... of a small file",
        fails("HashMismatch", "publishes"),
        files=(MODEL, CONFIG),
        rules=lambda world: [Rule(rules.content(OTHER_CONFIG), path="resolve-cache")],
        good=("model.gguf",),
        wrong_bytes=True,
        loses=True,
        also=_bad_copy,
    ),
    Plan(
        "A18a",
        "Another version from the third request on, with an ETag of its own",
        fails("RemoteChanged", "another version|changed"),
        rules=lambda world: [
            Rule(_another_version, role="cdn", nth=range(3, 99)),
            Rule(_linked_to_another, role="hub", path="/resolve/", nth=range(2, 99)),
        ],
        requests=20,
    ),
    Plan(
        "A18b",
        "... for one reply only",
        rules=lambda world: [Rule(_another_version, role="cdn", nth=[2])],
    ),
    Plan(
        "A19",
        "Another version from the second request on, under the same ETag",
        fails("HashMismatch", "publishes"),
        rules=lambda world: [Rule(rules.content(OTHER), role="cdn", nth=range(2, 99))],
        wrong_bytes=True,
        loses=True,
        disk=16 * MB,
    ),
    Plan(
        "A20a",
        "No ETag and no date, and the body ends early",
        rules=lambda world: [
            Rule(rules.without("ETag", "Last-Modified"), role="cdn"),
            Rule(_cut_at_random(20), role="cdn", times=3),
        ],
    ),
    Plan(
        "A20b",
        "A weak ETag, another one each time",
        rules=lambda world: [
            Rule(lambda ask, answer: answer.put("ETag", f'W/"{ask.number}"'), role="cdn"),
            Rule(_cut_at_random(21), role="cdn", times=3),
        ],
    ),
]

SLOW = [
    Plan(
        "A36a",
        "One connection drips, a byte at a time; the others are well",
        rules=lambda world: [Rule(rules.drip(1, 0.1), role="cdn", nth=[2])],
    ),
    Plan(
        "A36b",
        "Every connection drips",
        fails("Stalled", "slow|nothing"),
        rules=lambda world: [Rule(rules.drip(1, 0.1), role="cdn")],
    ),
    Plan(
        "A36c",
        "The list of files drips",
        fails("TransferError", "does not come to its end"),
        rules=lambda world: [Rule(rules.drip(1, 0.1), path="/tree/")],
        requests=4,
    ),
    Plan(
        "A37",
        "Silence at 99 %",
        rules=lambda world: [Rule(_all_but_the_last, role="cdn", when=covers(SIZE - 1), times=2)],
        also=_costs_at_most(4 * MB),
    ),
    Plan(
        "A38a",
        "Connections are taken and never answered, three times",
        rules=lambda world: [Rule(rules.with_fields(silent=True), role="cdn", times=3)],
    ),
    Plan(
        "A38b",
        "... always",
        fails("Stalled"),
        rules=lambda world: [Rule(rules.with_fields(silent=True), role="cdn")],
    ),
]

NOT_THE_FILE = [
    Plan(
        "A32a",
        "The range comes compressed",
        fails("TransferError", "compressed"),
        rules=lambda world: [Rule(rules.zipped(), role="cdn")],
        also=_nothing_kept,
        again=60 * MB,
    ),
    Plan(
        "A32b",
        "A small text comes compressed",
        fails("TransferError", "compressed"),
        files=(MODEL, CONFIG),
        rules=lambda world: [Rule(rules.zipped(), path="resolve-cache")],
        good=("model.gguf",),
    ),
    Plan(
        "A43a",
        "A web page in place of the file",
        fails("GotWebPage", "web page"),
        rules=lambda world: [Rule(rules.page(), role="cdn")],
        also=_nothing_kept,
        requests=8,
    ),
    Plan(
        "A43b",
        "... that says neither what it is nor how long",
        fails("GotWebPage", "web page"),
        rules=lambda world: [Rule(_bare_page, role="cdn")],
        also=_nothing_kept,
        requests=12,
    ),
    Plan(
        "A43c",
        "A network that leads every request to its sign-in page",
        fails("GotWebPage", "web page"),
        files=(MODEL, CONFIG),
        rules=lambda world: [
            Rule(rules.redirect(world.server.url("other", "/login")), role="cdn"),
            Rule(rules.redirect(world.server.url("other", "/login")), role="hub", path="resolve-cache"),
            Rule(rules.page(), role="other"),
        ],
        also=_nothing_kept,
        requests=12,
    ),
    Plan(
        "A46",
        "The pointer of git LFS in place of the file",
        fails("SizeMismatch", "pointer"),
        rules=lambda world: [Rule(rules.pointer(), role="cdn")],
        also=_nothing_kept,
        requests=8,
    ),
    Plan(
        "A49",
        "A server that gives large files only by range",
        rules=lambda world: [
            Rule(rules.status(400), role="cdn", when=lambda ask: ask.range is None),
        ],
        also=lambda world: unless(all(ask.range for ask in file_asks(world)), "the whole was asked for"),
    ),
    Plan(
        "A50",
        "Files of no bytes",
        files=(
            HubFile("empty.gguf", Blob(0)),
            HubFile("empty.txt", Blob(0), lfs=False),
        ),
    ),
]

PLANS = [*TRUNCATED, *WRONG_BYTES, *SLOW, *NOT_THE_FILE]
