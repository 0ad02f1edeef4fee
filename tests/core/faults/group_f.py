"""Group F: hostile hubs and repositories."""

import json
import struct
from collections.abc import Iterator
from typing import Any

from core.description import find_descriptions
from core.states import ItemState
from tests.core.faults.case import Group, NotRun
from tests.core.faults.parts import nothing_asked_of, unless
from tests.core.faults.plan import CONFIG, MB, MODEL, Plan, fails
from tests.core.faults.world import FIRST, SECOND, World
from tests.fakes.faults import rules
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import HubFile
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.wire import Answer, Ask

LEAVING = (
    "../x", "a/../../b", "..\\x", "/etc/x", "C:\\x", "D:x", "\\\\h\\s\\x", "//h/s/x", "./x", "a/./b", "a//b", "a/",
    "..", ".", "a/..", "~/x", "~", "a\\..\\..\\b", "%2e%2e/../x",
)  # fmt: skip
STRANGE = (
    "CON", "nul.txt", "COM1", "COM\u00b9.gguf", "a/LPT9.bin", "a.", "a ", " a", "a:stream", "a<b", "a>b", 'a"b',
    "a|b", "a?b", "a*b", "a\x01b", "a\nb", "a\0b", "a\x7fb", "a\u202egpj.exe", "a\u200bb", "\ud800", "a./b",
    "<img src=x onerror=alert(1)>.gguf",
)  # fmt: skip
DOTTED = (".git/hooks/post-checkout", ".ssh/authorized_keys", ".config/autostart/x.desktop", "desktop.ini")
DOTTED += ("autorun.inf", ".DS_Store", ".gitattributes", "...x", "..x/y")
OURS = ("x.part", "x.part.ctl", "x.part.ctl.tmp", "x.part.old-1", "model.gguf.bad-1", "X.PART", "a/y.Part.Ctl")
COLLIDING = ("Model.GGUF", "model.gguf/inside", "a/b", "a", "A/c", "caf\u00e9.bin", "cafe\u0301.bin")
HUGE = ("/".join("d" * 500), "n" * 4096, "/".join(["deep" * 50] * 40))


def _files(*names: str) -> tuple[HubFile, ...]:
    return (MODEL, *(HubFile(name, Blob(40, "named"), lfs=False) for name in names))


def _all_refused(world: World) -> Iterator[str]:
    for item in world.engine.task(world.task_id).items.values():
        if item.id == "model.gguf":
            continue
        refused = item.state is ItemState.FAILED and item.failure is not None and item.failure.kind == "NameRefused"
        yield from unless(refused, f"{item.id!a} was not refused, it is {item.state.value}")
        shown = item.failure.message if item.failure else ""
        yield from unless(shown.isprintable(), f"the message about {item.id!a} holds what steers a terminal")


def _names(id_: str, title: str, names: tuple[str, ...]) -> Plan:
    return Plan(
        id_,
        title,
        fails("NameRefused"),
        files=_files(*names),
        good=("model.gguf",),
        also=_all_refused,
        heals=False,
    )


def _some_refused(world: World) -> Iterator[str]:
    states = {item.id: item.state for item in world.engine.task(world.task_id).items.values()}
    for refused in ("Model.GGUF", "model.gguf/inside", "a", "cafe\u0301.bin"):
        yield from unless(states[refused] is ItemState.FAILED, f"{refused!a} was not refused")
    for good in ("model.gguf", "a/b", "A/c", "caf\u00e9.bin"):
        yield from unless(states[good] is ItemState.DONE, f"{good!a} is {states[good].value}")


def _entries(change: Any) -> Rule:
    return Rule(rules.edit_json(change), path="/tree/")


def _symlinks(found: Any) -> Any:
    links = [
        {"type": kind, "path": f"link-{kind}", "oid": "0" * 40, "size": 11} for kind in ("symlink", "commit", "x")
    ]
    return [*found, *links]


def _sizes(*sizes: object) -> tuple[HubFile, ...]:
    made = []
    for number, size in enumerate(sizes):
        blob = Blob(MB + 100 + number, f"size {number}")
        lfs = {"oid": blob.sha256, "size": size}
        made.append(HubFile(f"{number}.bin", blob, entry={"size": size, "lfs": lfs}))
    return tuple(made)


def _hashes(*hashes: object) -> tuple[HubFile, ...]:
    made = []
    for number, oid in enumerate(hashes):
        blob = Blob(MB + 200 + number, f"hash {number}")
        made.append(HubFile(f"{number}.bin", blob, entry={"lfs": {"oid": oid, "size": blob.size}}))
    return tuple(made)


def _unhashed(world: World) -> Iterator[str]:
    hashes = {item.file.hash for item in world.engine.task(world.task_id).items.values()}
    yield from unless(hashes == {""}, f"taken for a hash: {hashes}")


def _endless(ask: Ask, answer: Answer) -> None:
    answer.framing, answer.tail = "none", 10**12


def _unlinked() -> Rule:
    return Rule(rules.without("X-Linked-Size", "X-Linked-ETag"), role="hub")


def _gguf(header: bytes) -> Blob:
    return Blob(max(len(header), MB + len(header)), f"gguf {len(header)}", header)


def _u64(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


_MAGIC = b"GGUF" + struct.pack("<I", 3)
_KEY = _u64(len(b"general.name")) + b"general.name"
HEADERS = {
    "counts.gguf": _MAGIC + _u64(2**64 - 1, 2**64 - 1),
    "string.gguf": _MAGIC + _u64(0, 1) + _KEY + struct.pack("<I", 8) + _u64(2**63),
    "key.gguf": _MAGIC + _u64(0, 1, 2**40),
    "nested.gguf": _MAGIC + _u64(0, 1) + _KEY + (struct.pack("<I", 9) + _u64(2**60)) * 200,
    "magic.gguf": b"ggml" + _u64(1, 1),
    "short.gguf": _MAGIC + _u64(0, 3) + _KEY,
}
GGUFS = tuple(HubFile(name, _gguf(header)) for name, header in HEADERS.items())
INDEX = json.dumps({"weight_map": {"a": "../../x.safetensors", "b": "/etc/x", "c": "C:\\x"}}).encode()
SAFETENSORS = (
    HubFile("model.safetensors", Blob(MB + 8, "tensors", _u64(2**63))),
    HubFile("json.safetensors", Blob(MB + 9, "tensors", _u64(100_000) + b"[" * 100_000)),
    HubFile("model.safetensors.index.json", Blob(len(INDEX), head=INDEX), lfs=False),
)


def _no_header(world: World) -> Iterator[str]:
    described = find_descriptions(world.folder)
    yield from unless(len(described) == 1, f"{len(described)} descriptions")


def _same_files(world: World) -> Iterator[str]:
    wanted = {file.path for file in world.plan.files} | {"notes.txt"}
    found = {path.relative_to(world.folder).as_posix() for path in world.folder.rglob("*") if path.is_file()}
    extra = found - wanted - set(find_descriptions(world.folder))
    yield from unless(not extra, f"files that the hub does not have: {sorted(extra)}")


def _named(disposition: str) -> Rule:
    return Rule(rules.header("Content-Disposition", disposition), files_only=True)


def _move_head(world: World) -> rules.Action:
    def act(ask: Ask, answer: Answer) -> None:
        world.server.hub.head = SECOND

    return act


def _many(count: int) -> tuple[HubFile, ...]:
    tiny = Blob(10, "tiny")
    return (MODEL, *(HubFile(f"data/shard-{n:06d}/part.bin", tiny, lfs=False) for n in range(count)))


PLANS = [
    _names("F1", "Names that leave the folder, by the rules of POSIX and of Windows", LEAVING),
    _names("F2", "Names of devices, with signs that no system or no eye takes", STRANGE),
    Plan(
        "F3",
        "Names that mean something to other programs stay inside",
        files=_files(*DOTTED),
        also=_same_files,
    ),
    _names("F4", "Names of our own side files", OURS),
    Plan(
        "F5a",
        "Names that are one on other systems; a file that is a folder",
        fails("NameRefused", "ignore case"),
        files=_files(*COLLIDING),
        also=_some_refused,
        heals=False,
    ),
    _names("F5b", "500 folders deep; a name of 4 KB", HUGE),
    Plan(
        "F5c",
        "10,000 files in one folder, one of them wanted",
        files=(MODEL, *(HubFile(f"s/{n:05d}.bin", Blob(10, "s"), lfs=False) for n in range(10_000))),
        globs=("model.gguf",),
    ),
    Plan(
        "F6",
        "Links and submodules in the tree",
        rules=lambda world: [_entries(_symlinks)],
        also=lambda world: unless(not list(world.folder.glob("link*")), "a link was made"),
    ),
    Plan(
        "F7a",
        "1 byte declared, more announced",
        fails("RemoteChanged", "listing says"),
        files=_sizes(1),
        rules=lambda world: [_unlinked()],
        heals=False,
        requests=12,
    ),
    Plan(
        "F7b",
        "1 byte declared, bytes without end",
        fails("SizeMismatch", "more than"),
        files=_sizes(1),
        rules=lambda world: [_unlinked(), Rule(_endless, role="cdn")],
        heals=False,
        again=30 * MB,
        requests=12,
    ),
    Plan(
        "F7c",
        "2 EB declared",
        fails("DiskFull", "needs"),
        files=_sizes(2**61),
        also=lambda world: nothing_asked_of(world, "cdn"),
        heals=False,
    ),
    Plan(
        "F7d",
        "Sizes that are negative, a fraction, a text, missing, true, more than 2^62; with a hash",
        files=_sizes(-1, 1.5, "12", None, True, 2**63),
    ),
    Plan(
        "F7e",
        "No size, and bytes without end",
        fails("DiskFull", "space"),
        files=_sizes(None),
        rules=lambda world: [Rule(_endless, role="cdn")],
        space=32 * MB,
        again=200 * MB,
        disk=64 * MB,
    ),
    Plan(
        "F8",
        "Hashes that are none: a path, 40 digits, upper case, a number",
        files=_hashes("../../../../etc/x", "a" * 40, "A" * 64, 7, "sha256:" + "a" * 57, "a" * 63 + "/"),
        also=_unhashed,
    ),
    Plan(
        "F12",
        "GGUF headers that lie: counts of 2^64-1, texts longer than the file, nested arrays, no magic",
        files=GGUFS,
        also=_no_header,
        memory=64 * MB,
    ),
    Plan(
        "F13",
        "safetensors headers of 2^63 bytes, an index with shards outside of the folder",
        files=SAFETENSORS,
        also=_same_files,
        memory=64 * MB,
    ),
    Plan(
        "F14a",
        "401 with a realm on another host",
        fails("AccessDenied"),
        rules=lambda world: [
            Rule(
                rules.status(
                    401,
                    headers={"WWW-Authenticate": f'Bearer realm="{world.server.url("other")}/token",service="x"'},
                ),
                role="hub",
                path="/revision/",
            )
        ],
        also=lambda world: nothing_asked_of(world, "other"),
        requests=6,
    ),
    Plan(
        "F14b",
        "The API leads to another host",
        fails("NotFound"),
        rules=lambda world: [Rule(rules.redirect(world.server.url("other", "/api")), path="/revision/")],
        requests=6,
    ),
    Plan(
        "F14c",
        "Xet endpoints on another host",
        rules=lambda world: [
            Rule(
                rules.together(
                    rules.header("X-Xet-Hash", "a" * 64),
                    rules.header("X-Xet-Refresh-Route", world.server.url("other", "/xet-token")),
                    rules.header("Link", f'<{world.server.url("other")}/auth>; rel="xet-auth"'),
                ),
                role="hub",
                path="/resolve/",
            )
        ],
        also=lambda world: nothing_asked_of(world, "other"),
    ),
    *(
        Plan(
            f"F15{letter}",
            f"Content-Disposition: {text}",
            files=(MODEL, CONFIG),
            rules=lambda world, text=text: [_named(text)],
            also=_same_files,
        )
        for letter, text in (
            ("a", 'attachment; filename="../../../evil.sh"'),
            ("b", "attachment; filename*=UTF-8''..%2f..%2fevil.sh"),
            ("c", 'attachment; filename="C:\\\\evil.exe"; filename="evil"'),
        )
    ),
    Plan(
        "F16a",
        "The list of files is of another commit than asked for",
        fails("ResolveError", "another version"),
        rules=lambda world: [Rule(rules.header("X-Repo-Commit", SECOND), path="/tree/")],
        requests=6,
    ),
    Plan(
        "F16b",
        "The file is of another commit than asked for",
        fails("RemoteChanged", "another version"),
        rules=lambda world: [Rule(rules.header("X-Repo-Commit", SECOND), role="hub", path="/resolve/")],
        also=lambda world: unless(world.kept == 0, "bytes were written"),
        requests=8,
    ),
    Plan(
        "F17",
        "The branch moves while its files come",
        files=(MODEL, CONFIG),
        later=(CONFIG,),
        rules=lambda world: [Rule(_move_head(world), role="cdn", nth=[1])],
        also=lambda world: unless(
            all(FIRST in ask.path for ask in world.server.asks(path="/resolve/")), "another commit was asked for"
        ),
    ),
    Plan(
        "F18",
        "100,000 files over two pages of 10 MB",
        files=_many(100_000),
        globs=("model.gguf",),
        page_size=50_001,
        memory=450 * MB,
        seconds=90.0,
    ),
    Plan(
        "F19",
        "Archives are kept as they are",
        files=(
            HubFile("a.zip", Blob(MB + 30, "zip", b"PK\x03\x04")),
            HubFile("b.tar.gz", Blob(2000, "tar", b"\x1f\x8b\x08")),
        ),
        also=_same_files,
    ),
    Plan(
        "F20",
        "Programs and scripts cannot be executed",
        files=(
            HubFile("model.llamafile", Blob(MB + 40, "llamafile", b"MZ\x90")),
            HubFile("setup.exe", Blob(3000, "exe", b"MZ\x90")),
            HubFile("run.sh", Blob(300, "sh", b"#!/bin/sh\n"), lfs=False),
        ),
        also=_same_files,
    ),
]

GROUP = Group(
    "F",
    "Hostile hubs and repositories",
    20,
    tuple(plan.case for plan in PLANS),
    (
        NotRun("F9", "Scan results of the hub", "Pulley does not show the hub's scan results yet"),
        NotRun("F10", "Model cards with scripts, remote images and links", "Pulley does not show model cards yet"),
        NotRun("F11", "HTML in labels", "a matter of the window: tests/gui/tree/test_model.py shows such names"),
    ),
)
