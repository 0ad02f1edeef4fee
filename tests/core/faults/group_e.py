"""Group E: what a person may type, paste and choose."""

import random
import string
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from core.errors import UnsupportedHandle
from core.handles import format_handle, parse_handle, parse_many
from core.net.credentials import Credentials
from core.settings import from_mapping
from tests.core.faults.case import Case, Group, NotRun, Outcome
from tests.core.faults.parts import nothing_asked_of, unless
from tests.core.faults.plan import CONFIG, MODEL, Plan, fails
from tests.core.faults.world import World
from tests.fakes.faults import rules
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import HubFile
from tests.fakes.faults.rules import Rule

SECRET = "hunter2secret"
GARBAGE = (
    "", "   ", "\t\n", "🦙", "two words", "\0", "org/re\0po", "org/repo\r\nHost: x", "org/re‮po", "'org/repo'",
    '"', "..", "../..", "a//b", "org/", "/", "hf:", "hf://", "file:///etc/passwd", "javascript:alert(1)", "C:\\x",
    "\\\\host\\share\\x", "~/models", "-rf", "org/repo:", "org/repo@", "org/repo@a..b", "::::", "%00", "org/%2e%2e",
    "é" * 1500, "x" * 10**6, "\ud800/x", f"https://huggingface.co/api/x?token={SECRET}",
    f"http://h.org/x?token={SECRET}", "ftp://h.org/x", "mailto:a@b.c",
)  # fmt: skip
ADDRESSES = {
    f"https://user:{SECRET}@h.org/x.gguf": None,
    "https://user@huggingface.co/org/repo": None,
    "http://h.org/x.gguf": None,
    "https://h.org:99999/x": None,
    "https://[::1/x": None,
    "https://h.org/%2e%2e/x": None,
    "https://h.org/%00.gguf": None,
    "https://huggingface.co/org/repo/resolve/main/..%2F..%2Fx": None,
    "https://H.ORG:443/a.gguf": "h.org",
    "https://h.org:8443/a.gguf": "h.org:8443",
    "https://bücher.example/a.gguf": "xn--bcher-kva.example",
    "https://\u0430pple.com/a.gguf": "xn--pple-43d.com",  # the first letter is Cyrillic
    "https://[2001:db8::1]/a.gguf": "[2001:db8::1]",
}
LISTED = 100_000


def _case(id_: str, title: str, expected: str, check: Callable[[], tuple[str, Iterable[str]]]) -> Case:
    async def run(folder: Path) -> Outcome:
        happened, broken = check()
        return Outcome(happened, tuple(broken))

    return Case(id_, title, expected, run)


def _garbage() -> tuple[str, list[str]]:
    chance = random.Random(1)
    alphabet = string.printable + "\0\u202e\ufeff🦙ü:/@#%\\"
    texts = [*GARBAGE, *("".join(chance.choices(alphabet, k=chance.randint(1, 60))) for _ in range(3000))]
    wrong, refused = [], 0
    began = time.perf_counter()
    for text in texts:
        try:
            handle = parse_handle(text)
        except UnsupportedHandle as error:
            refused += 1
            if not (error.message and error.action and error.message.isprintable() and len(error.message) < 300):
                wrong.append(f"the refusal of {text[:40]!r} is {error.message[:80]!r}")
            if SECRET in f"{error.message} {error.action}":
                wrong.append(f"TOKEN: the refusal of {text[:40]!r} repeats the secret")
        else:
            if text in GARBAGE:
                wrong.append(f"{text[:40]!r} was taken for {format_handle(handle)}")
    took = (time.perf_counter() - began) / len(texts)
    if took > 0.05:
        wrong.append(f"BOUND: {took:.3f} s a text")
    return f"{refused} of {len(texts)} texts refused, each with a reason; no secret repeated.", wrong


def _addresses() -> tuple[str, list[str]]:
    wrong = []
    for text, host in ADDRESSES.items():
        try:
            handle = parse_handle(text)
        except UnsupportedHandle as error:
            if host is not None:
                wrong.append(f"{text} was refused: {error.message}")
            if SECRET in error.message:
                wrong.append("TOKEN: the password is repeated")
        else:
            shown = format_handle(handle)
            if host is None or f"//{host}/" not in shown:
                wrong.append(f"{text} was taken for {shown}")
    return f"{len(ADDRESSES)} addresses: refused, or shown with their host in ASCII.", wrong


def _limits() -> tuple[str, list[str]]:
    wrong = []
    for name in ("parallel_tasks", "connections_per_host", "max_connections", "api_port"):
        for value in (0, -1, 10**12, 1.5, "many", None, True):
            settings, said = from_mapping({name: value})
            if not said or name not in said[0] or not isinstance(getattr(settings, name), int):
                wrong.append(f"{name}: {value!r} was taken, or not named: {said}")
    return "Each is refused with the range that it has to be in; the rest of the settings holds.", wrong


def _tokens() -> tuple[str, list[str]]:
    wrong = []
    for token in ("a\nb", "a\r\nX: y", "ü", "a b", "\0", "x" * 5000, "\u202e"):
        try:
            Credentials().put("https://huggingface.co", token)
            wrong.append(f"{token[:10]!r} was taken")
        except ValueError as error:
            if token in str(error):
                wrong.append("TOKEN: it is repeated")
    return "Refused before any header is made of them.", wrong


def _proxies() -> tuple[str, list[str]]:
    wrong = []
    for url in ("proxy:8080", "http://", "http://u:p@h:1", "ftp://h:1", "http://h:99999", "http://h h:1", "//h", 7):
        settings, said = from_mapping({"proxy_url": url})
        if settings.proxy_url or not said or "proxy_url" not in said[0]:
            wrong.append(f"{url!r} was taken: {said}")
    return "Each is refused, naming the field and the form that it has to have.", wrong


def _long_list() -> tuple[str, list[str]]:
    lines = [f"org/repo-{n}" if n % 10 else f"# {n}" for n in range(LISTED)]
    text = (
        "\ufeff" + "".join(line + ("\r\n", "\n", "\r")[n % 3] for n, line in enumerate(lines)) + "not a handle!\n"
    )
    began = time.perf_counter()
    found = parse_many(text)
    took = time.perf_counter() - began
    good = [parsed for parsed in found if parsed.handle is not None]
    wrong = []
    if len(good) != LISTED - LISTED // 10 or len(found) != len(good) + 1:
        wrong.append(f"{len(good)} handles of {len(found)} lines")
    if took > 20:
        wrong.append(f"BOUND: {took:.1f} s")
    return f"{len(good)} handles found in {LISTED:,} lines; the one that is none is refused by itself.", wrong


def _few_requests(world: World) -> Iterator[str]:
    yield from unless(len(world.server.log) < 12, f"{len(world.server.log)} requests")


def _put_a_file_there(world: World) -> None:
    world.folder.rename(world.data / "away")
    world.folder.write_bytes(b"x")


def _put_back(world: World) -> Iterator[str]:
    yield from unless(world.folder.read_bytes() == b"x", "MINE: the file was changed")
    world.folder.unlink()
    (world.data / "away").rename(world.folder)
    world.ledger.touched.discard(str(world.data / "away"))


def _refused(code: int, name: str, says: str) -> Callable[[World], list[Rule]]:
    return lambda world: [Rule(rules.hub_error(code, name, says), role="hub", path="/api/models")]


MANY = (MODEL, *(HubFile(f"d/{n:05d}.bin", Blob(3, "d"), lfs=False) for n in range(2000)))

CASES = (
    _case("E1", "Handles that are none; 3,000 at random", "refused with the accepted forms", _garbage),
    _case("E2", "Addresses with passwords, ports, other alphabets, escapes", "normalised, or refused", _addresses),
    Plan(
        "E3a",
        "A repo that does not exist",
        fails("NotFound"),
        rules=_refused(404, "RepoNotFound", "Repository not found"),
        also=_few_requests,
    ).case,
    Plan(
        "E3b",
        "... or is private, which the hub does not tell apart",
        fails("NotFound", "private|not exist|no model"),
        rules=_refused(401, "RepoNotFound", "Invalid username or password."),
        also=_few_requests,
    ).case,
    Plan(
        "E3c",
        "A closed gate",
        fails("GatedModel"),
        rules=_refused(403, "GatedRepo", "Access to model t/model is restricted"),
        also=_few_requests,
    ).case,
    Plan(
        "E4a",
        "A pattern that takes exponential time if done badly",
        fails("NotFound", "match"),
        files=MANY,
        globs=("*a" * 60 + "b",),
        also=lambda world: nothing_asked_of(world, "cdn"),
        heals=False,
    ).case,
    Plan("E4b", "The pattern **", files=(MODEL, CONFIG), globs=("**",)).case,
    Plan(
        "E5",
        "A models folder that is a file",
        fails("NotWritable"),
        seed=_put_a_file_there,
        also=_put_back,
        heals=False,
    ).case,
    _case("E6", "Numbers out of range, or none", "refused with the range", _limits),
    _case("E7", "Tokens with line breaks, other alphabets, 5 KB", "refused", _tokens),
    _case(
        "E8", "Proxies without a scheme, with passwords, with other schemes", "refused, naming the field", _proxies
    ),
    _case("E9", "100,000 lines with mixed ends and a byte order mark", "understood", _long_list),
)

GROUP = Group(
    "E",
    "Bad input",
    10,
    CASES,
    (NotRun("E10", "Things dropped on the window", "the window's own tests hold it: tests/gui/dialogs"),),
)
