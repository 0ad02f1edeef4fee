"""Mirrors of Hugging Face: what an address of one may look like, and which of several hubs is taken. Pure.

Knows addresses, and what was measured. Must not know who measures, when, or what is fetched.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from core.net.origin import host_label, is_loopback, origin_of

HF_MIRROR = "https://hf-mirror.com"
KNOWN = (HF_MIRROR,)
"""Public mirrors that are offered; none of them is asked before a person says so."""

WAYS = ("hub", "fastest", "mirror")
"""Where Hugging Face may be fetched from: the hub itself, the fastest of a list that works, or one mirror."""

MIRRORS_MAX = 8
URL_CHARS_MAX = 255
CLEARLY = 0.7  # another place has to answer in so much of the time of the present one ...
CLEARLY_S = 0.05  # ... and be so much sooner: nobody moves for what the next measurement takes back
HUB_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co", "www.hf.co"})


def read_mirror(text: str) -> tuple[str, str]:
    """Return the address of a mirror as it is kept, and what is wrong with it: one of the two is empty.

    Wrong is `empty`, `scheme` (it is not encrypted), `credentials`, `hub` (it is the hub itself) or `address`.
    """
    text = text.strip()
    if not text:
        return "", "empty"
    url = text if "://" in text else f"https://{text}"
    if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or any(c in url for c in ' "<>\\'):
        return "", "address"
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            return "", "scheme"
        _, host, _ = origin_of(url)
    except ValueError:
        return "", "address"
    if "@" in parts.netloc:
        return "", "credentials"
    if parts.query or parts.fragment or "//" in parts.path or ".." in parts.path or parts.port == 0:
        return "", "address"
    if parts.scheme == "http" and not is_loopback(host):
        return "", "scheme"
    if host in HUB_HOSTS:
        return "", "hub"
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}", ""


class Detour(Struct, frozen=True):
    """What is asked of the hub at `hub` is asked of the mirror at `mirror` instead; both without a final slash."""

    hub: str
    mirror: str

    def of(self, url: str) -> str:
        """Return where a URL of the hub is asked; any other one is left as it is."""
        return self.mirror + url[len(self.hub) :] if _is_below(url, self.hub) else url

    def back(self, link: str) -> str:
        """Return a Link header of the mirror as the hub would have sent it."""
        return link.replace(f"<{self.mirror}/", f"<{self.hub}/")


def _is_below(url: str, base: str) -> bool:
    return url.startswith(base) and url[len(base) : len(base) + 1] in ("", "/", "?")


class Answer(Struct, frozen=True):
    """What one place said when it was asked for a small thing.

    Attributes:
        place: Its address.
        seconds: How long it took; None where it does not work.
        problem: Why not: `silent`, `slow`, `busy`, `web` (a web page), `away` (it leads elsewhere), `certificate`,
            `refused`, `nonsense`, or `left` where it stopped working since.
    """

    place: str
    seconds: float | None = None
    problem: str = ""

    @property
    def host(self) -> str:
        """The host as people read it."""
        return host_label(self.place)


class Choice(Struct, frozen=True):
    """Where Hugging Face is fetched from, and why.

    Attributes:
        place: The address.
        reason: `environment` (HF_ENDPOINT), `hub` (nothing else was asked for), `mirror` (the one that was named),
            or of several: `unasked` so far, `fastest`, `kept` (no other is clearly faster), `left` (the one before
            broke) or `none` (none of them works).
        answers: What was measured, in the order of the list.
    """

    place: str
    reason: str
    answers: tuple[Answer, ...] = ()

    @property
    def host(self) -> str:
        """The host as people read it."""
        return host_label(self.place)


def choose(present: str, answers: Sequence[Answer]) -> Choice:
    """Choose by what was measured: the present place stays unless it does not work or another is clearly faster."""
    working = {answer.place: answer.seconds for answer in answers if answer.seconds is not None}
    if not working:
        return Choice(present, "none", tuple(answers))
    best = min(working, key=lambda place: working[place])  # of equals the first of the list
    now = working.get(present)
    if now is None or best == present:
        return Choice(best, "fastest", tuple(answers))
    if working[best] <= now * CLEARLY and now - working[best] >= CLEARLY_S:
        return Choice(best, "fastest", tuple(answers))
    return Choice(present, "kept", tuple(answers))


def leave(choice: Choice) -> Choice:
    """Choose without asking anybody: the present place broke, the others are as they were measured."""
    answers = tuple(
        Answer(answer.place, None, "left") if answer.place == choice.place else answer for answer in choice.answers
    )
    working = [answer for answer in answers if answer.seconds is not None]
    if not working:
        return Choice(choice.place, "none", answers)
    return Choice(min(working, key=lambda answer: answer.seconds or 0.0).place, "left", answers)
