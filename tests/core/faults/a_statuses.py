"""Cases A21 to A23, A29 to A31, A34, A35 and A47: refusals, busy servers, and heads that are none."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.core.faults.parts import covers, file_asks, unless
from tests.core.faults.plan import CONFIG, MB, MODEL, Plan, fails, waits
from tests.core.faults.world import World
from tests.fakes.faults import rules
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import HubFile
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.wire import Answer, Ask

SECOND_FILE = HubFile("second.gguf", Blob(2 * MB, "second"))
SEVERAL = tuple(HubFile(f"{n}.gguf", Blob(MB + n, f"several {n}")) for n in range(6))


def _gone(role: str, first: int) -> Rule:
    refusal = rules.hub_error(404, "EntryNotFound", "Entry not found") if role == "hub" else rules.status(404)
    return Rule(refusal, role=role, path="model.gguf", nth=range(first, 999))


def _expire_links(world: World) -> rules.Action:
    def act(ask: Ask, answer: Answer) -> None:
        world.server.hub.link_generation += 1

    return act


def _resolved_at_most(times: int):  # type: ignore[no-untyped-def]
    def check(world: World) -> Iterator[str]:
        asks = [ask for ask in world.server.log[: world.log_end] if ask.role == "hub" and "/resolve/" in ask.path]
        yield from unless(len(asks) <= times, f"the hub was asked {len(asks)} times for the address")

    return check


def _without_waiting(world: World) -> Iterator[str]:
    yield from unless(not world.observer.reasons, f"it waited: {dict(world.observer.reasons)}")


def _host_left_alone(world: World) -> Iterator[str]:
    """After a 429 that asks for a second nobody asks that host again within it, for whatever file."""
    asks = [ask for ask in file_asks(world) if ask.status]
    refused = next(ask for ask in asks if ask.status == 429)
    # What was on its way when the answer came cannot be called back.
    early = [ask for ask in file_asks(world) if refused.at + 0.5 < ask.at < refused.at + 0.95]
    after = [f"{ask.path[-12:]} {ask.at - refused.at:.2f} s" for ask in early]
    yield from unless(not early, f"requests came before the second was over: {after}")


def _date_in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def _trickling_head(ask: Ask, answer: Answer) -> None:
    head = answer.head()
    answer.before = [item for at in range(20) for item in (head[at : at + 1], 0.15)]
    answer.raw_head = head[20:]


def _flood(line: bytes, count: int) -> rules.Action:
    def act(ask: Ask, answer: Answer) -> None:
        answer.raw_head = b"HTTP/1.1 206 Partial Content\r\n" + line * count + b"\r\n"

    return act


async def _later_well(world: World) -> None:
    await asyncio.sleep(1.2)
    world.server.rules.clear()


REFUSALS = [
    Plan(
        "A21a",
        "The file is deleted while it comes",
        fails("NotFound", "no longer"),
        files=(MODEL, SECOND_FILE, CONFIG),
        rules=lambda world: [
            Rule(rules.cut(MB), role="cdn", path="model.gguf", nth=range(1, 3)),
            _gone("cdn", 3),
            _gone("hub", 2),
        ],
        good=("second.gguf", "config.json"),
        also=lambda world: unless(world.kept > 2 * MB, "what came is not kept"),
    ),
    Plan(
        "A21b",
        "The file server says 410, the hub still leads there",
        fails("NotFound", "no longer"),
        files=(MODEL, SECOND_FILE),
        rules=lambda world: [Rule(rules.status(410), role="cdn", path="model.gguf")],
        good=("second.gguf",),
        requests=24,
    ),
    Plan(
        "A22a",
        "The model becomes gated while it comes",
        fails("GatedModel", "restricted"),
        files=(MODEL, CONFIG),
        rules=lambda world: [
            Rule(rules.cut(MB), role="cdn", nth=range(1, 3)),
            Rule(_expire_links(world), role="cdn", nth=[2]),
            Rule(
                rules.hub_error(403, "GatedRepo", "Access to model t/model is restricted"),
                role="hub",
                path="/resolve/",
                nth=range(2, 99),
            ),
        ],
        good=("config.json",),
    ),
    Plan(
        "A22b",
        "The model becomes private while it comes",
        fails("AccessDenied", "refused|denied"),
        rules=lambda world: [
            Rule(rules.cut(MB), role="cdn", nth=range(1, 3)),
            Rule(_expire_links(world), role="cdn", nth=[2]),
            Rule(
                rules.hub_error(401, "RepoNotFound", "Repository not found"),
                role="hub",
                path="/resolve/",
                nth=range(2, 99),
            ),
        ],
    ),
    Plan(
        "A23a",
        "Signed links expire three times while it comes",
        files=(HubFile("model.gguf", Blob(20 * MB, "large")),),
        rules=lambda world: [
            Rule(_expire_links(world), role="cdn", nth=[3, 9, 15]),
            Rule(rules.drip(64 * 1024, 0.002), role="cdn"),
        ],
        also=lambda world: [*_resolved_at_most(6)(world), *_without_waiting(world)],
        again=12 * MB,
    ),
    Plan(
        "A23b",
        "Signed links are never any good",
        fails("AccessDenied", "refused"),
        rules=lambda world: [Rule(rules.status(403), role="cdn")],
        requests=24,
    ),
]

BUSY = [
    Plan(
        "A29a",
        "429, wait a second: heeded by all files of that host",
        files=(MODEL, *SEVERAL),
        rules=lambda world: [Rule(rules.busy(429, retry_after="1"), role="cdn", times=1)],
        also=_host_left_alone,
    ),
    Plan(
        "A29b",
        "429, wait until a date",
        waits("ServerBusy", "fewer requests", most_s=61),
        rules=lambda world: [Rule(rules.busy(429, retry_after=_date_in(60)), role="cdn")],
        requests=8,
    ),
    Plan("A29c", "429 without a word", rules=lambda world: [Rule(rules.busy(429), role="cdn", times=4)]),
    Plan(
        "A29d",
        "429, wait ten years",
        waits("ServerBusy", "fewer requests"),
        rules=lambda world: [Rule(rules.busy(429, retry_after="315360000"), role="cdn")],
        requests=8,
    ),
    Plan(
        "A29e",
        "429, wait -5 seconds",
        rules=lambda world: [Rule(rules.busy(429, retry_after="-5"), role="cdn", times=4)],
    ),
    Plan(
        "A29f",
        "429 for the list of files",
        rules=lambda world: [Rule(rules.busy(429, retry_after="1"), path="/tree/", times=1)],
    ),
    *(
        Plan(
            f"A30{letter}",
            f"A burst of {code}",
            files=(*SEVERAL,),
            rules=lambda world, code=code: [Rule(rules.busy(code), role="cdn", times=8)],
            again=2 * MB,
        )
        for letter, code in (("a", 503), ("b", 502), ("c", 504))
    ),
    Plan(
        "A30d",
        "503 for more than a second, for every file of that host",
        files=(*SEVERAL,),
        rules=lambda world: [Rule(rules.busy(503), role="cdn")],
        act=_later_well,
        requests=70,
    ),
    Plan(
        "A31",
        "500 whenever one place of the file is asked for",
        fails("ServerBusy", "500"),
        files=(MODEL, SECOND_FILE, CONFIG),
        rules=lambda world: [Rule(rules.busy(500), role="cdn", path="model.gguf", when=covers(5 * MB))],
        good=("second.gguf", "config.json"),
        also=lambda world: unless(world.kept > 2 * MB, "the rest of it was not fetched"),
    ),
]

HEADS = [
    Plan(
        "A34a",
        "A header of ten megabytes",
        fails("TransferError", "HTTP"),
        rules=lambda world: [Rule(_flood(b"X-Flood: " + b"x" * 10 * MB + b"\r\n", 1), role="cdn")],
        memory=160 * MB,
    ),
    Plan(
        "A34b",
        "A hundred thousand headers",
        fails("TransferError", "HTTP"),
        rules=lambda world: [Rule(_flood(b"X-Flood: x\r\n", 100_000), role="cdn")],
        memory=160 * MB,
    ),
    Plan(
        "A34c",
        "100 Continue, for ever",
        fails("TimedOut"),
        rules=lambda world: [
            Rule(rules.with_fields(before=lambda: b"HTTP/1.1 100 Continue\r\n\r\n" * 20), role="cdn")
        ],
    ),
    Plan(
        "A34d",
        "... for the list of files",
        fails("TimedOut"),
        rules=lambda world: [
            Rule(rules.with_fields(before=lambda: b"HTTP/1.1 100 Continue\r\n\r\n" * 20), path="/tree/")
        ],
    ),
    Plan(
        "A35",
        "The head comes a byte at a time",
        fails("TimedOut"),
        rules=lambda world: [Rule(_trickling_head, role="cdn")],
    ),
]

HEAD_REQUESTS = [
    Plan(
        "A47a",
        "A direct link whose server knows no HEAD",
        rules=lambda world: [Rule(rules.status(405), role="other", method="HEAD")],
        handle=lambda world: (
            f"{world.server.url('other')}/xet/{world.commit}/model.gguf#sha256={MODEL.blob.sha256}"
        ),
        globs=(),
    ),
    Plan(
        "A47b",
        "... whose HEAD tells another size than the file has",
        fails("RemoteChanged", "listing says|bytes on the server"),
        rules=lambda world: [Rule(rules.lengths("12345678"), role="other", method="HEAD")],
        handle=lambda world: (
            f"{world.server.url('other')}/xet/{world.commit}/model.gguf#sha256={MODEL.blob.sha256}"
        ),
        globs=(),
        heals=False,
    ),
    Plan(
        "A47c",
        "A gated model whose hub knows no HEAD",
        gated=True,
        rules=lambda world: [Rule(rules.status(501), role="hub", method="HEAD")],
    ),
]

PLANS = [*REFUSALS, *BUSY, *HEADS, *HEAD_REQUESTS]
