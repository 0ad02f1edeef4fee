"""Cases A33, A41, A42, A44 and A45: answers of the hub's API that are too large, too deep, endless or no JSON."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from tests.core.faults.parts import nothing_asked_of, unless
from tests.core.faults.plan import CONFIG, MB, MODEL, Plan, fails
from tests.core.faults.world import FIRST, SECOND, World
from tests.fakes.faults import rules
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import REPO, HubFile
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.wire import Answer, Ask

TREE = f"/api/models/{REPO}/tree/"
FILES = (MODEL, CONFIG, *(HubFile(f"{n}.json", Blob(500, f"page {n}"), lfs=False) for n in range(8)))


def _bomb() -> bytes:
    return gzip.compress(b"\0" * (100 * MB), 9)


def _listing(body: bytes) -> Rule:
    return Rule(rules.body(body), path="/tree/")


def _next(url: str) -> rules.Action:
    return rules.header("Link", f'<{url}>; rel="next"')


def _no_files(world: World) -> Iterator[str]:
    yield from nothing_asked_of(world, "cdn") if not world.healed else ()


def _twice(found: Any) -> Any:
    return [*found, *found]


def _refused(id_: str, title: str, body: bytes, *, kind: str = "ResolveError", memory: int = 96 * MB) -> Plan:
    return Plan(
        id_, title, fails(kind), rules=lambda world: [_listing(body)], also=_no_files, memory=memory, requests=6
    )


def _with_size(text: str) -> bytes:
    entry = json.dumps(MODEL.listed())
    return f"[{entry.replace(str(MODEL.blob.size), text)}]".encode()


def _move_head(world: World) -> rules.Action:
    def act(ask: Ask, answer: Answer) -> None:
        world.server.hub.head = SECOND

    return act


PLANS = [
    Plan(
        "A33",
        "The list of files is a compressed bomb of 100 MB",
        fails("ResolveError"),
        rules=lambda world: [
            Rule(
                rules.together(rules.body(_bomb()), rules.header("Content-Encoding", "gzip")),
                path="/tree/",
            )
        ],
        also=_no_files,
        requests=6,
        memory=32 * MB,
    ),
    Plan(
        "A41a",
        "The address of the next page cannot be read",
        fails("ResolveError", "next page"),
        rules=lambda world: [Rule(rules.header("Link", '<http://[oops>; rel="next"'), path="/tree/")],
        files=FILES,
        also=_no_files,
    ),
    Plan(
        "A41b",
        "... is in no brackets",
        fails("ResolveError", "next page"),
        rules=lambda world: [Rule(rules.header("Link", f'{TREE}?cursor=4; rel="next"'), path="/tree/")],
        files=FILES,
        page_size=4,
        also=_no_files,
    ),
    Plan(
        "A41c",
        "The next page is the first one again",
        fails("ResolveError", "does not end"),
        rules=lambda world: [Rule(lambda ask, answer: _next(ask.target)(ask, answer), path="/tree/")],
        also=_no_files,
        requests=6,
    ),
    Plan(
        "A41d",
        "The next page lies on another host",
        fails("ResolveError", "another host"),
        rules=lambda world: [Rule(_next(world.server.url("other", TREE)), path="/tree/")],
        also=lambda world: nothing_asked_of(world, "other"),
        requests=6,
    ),
    Plan(
        "A41e",
        "Pages without end",
        fails("ResolveError", "does not end"),
        rules=lambda world: [
            Rule(
                lambda ask, answer: _next(f"{TREE}{FIRST}?cursor=0&n={len(world.server.log)}")(ask, answer),
                path="/tree/",
            )
        ],
        also=_no_files,
        requests=210,
    ),
    Plan(
        "A41f",
        "Every file is listed twice, over three pages",
        files=FILES,
        page_size=4,
        rules=lambda world: [Rule(rules.edit_json(_twice), path="/tree/")],
    ),
    Plan(
        "A42a",
        "The second page is of another commit",
        fails("ResolveError", "another version"),
        files=FILES,
        page_size=4,
        rules=lambda world: [Rule(rules.header("X-Repo-Commit", SECOND), path="/tree/", nth=[2])],
        also=_no_files,
    ),
    Plan(
        "A42b",
        "The branch moves between the pages",
        files=FILES,
        page_size=4,
        later=(CONFIG,),
        rules=lambda world: [Rule(_move_head(world), path="/tree/", nth=[1])],
    ),
    Plan(
        "A44a",
        "A web page in place of the list of files",
        fails("GotWebPage", "web page"),
        rules=lambda world: [Rule(rules.page(), path="/tree/")],
        also=_no_files,
        requests=6,
    ),
    Plan(
        "A44b",
        "... that calls itself JSON",
        fails("GotWebPage", "web page"),
        rules=lambda world: [Rule(rules.body(rules.PAGE), path="/revision/")],
        also=_no_files,
        requests=6,
    ),
    _refused("A45a", "JSON nested 100,000 deep", b"[" * 100_000 + b"]" * 100_000),
    _refused("A45b", "JSON that is cut off", b'[{"type": "file", "path": "mo'),
    _refused("A45c", "JSON with bytes that are no text", b'[{"type": "file", "path": "\xff\xfe"}]'),
    _refused("A45d", "JSON with a number of 100,000 digits", _with_size("9" * 100_000)),
    Plan(
        "A45e",
        "JSON with NaN for a size",
        rules=lambda world: [Rule(rules.body(_with_size("NaN")), path="/tree/")],
    ),
    Plan(
        "A45f",
        "JSON that says each key twice",
        rules=lambda world: [
            Rule(
                rules.do(
                    lambda answer: setattr(
                        answer, "body", answer.body.replace(b'"path": ', b'"path": "../x", "path": ')
                    )
                ),
                path="/tree/",
            )
        ],
    ),
    Plan(
        "A45g",
        "JSON of 200 MB",
        fails("TransferError", "larger"),
        rules=lambda world: [
            Rule(
                rules.together(
                    rules.content_of(Blob(200 * MB, "json", b"[")), rules.header("Content-Type", "application/json")
                ),
                path="/tree/",
            )
        ],
        also=lambda world: unless(
            sum(ask.sent for ask in world.server.asks(path="/tree/")) < 60 * MB, "too much of it was read"
        ),
        memory=120 * MB,
    ),
]
