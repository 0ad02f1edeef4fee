"""What a hub found when it looked through the files of a model: its own words, and how bad they are. Pure.

Knows how Hugging Face tells it; nothing that is told is trusted. Not scanned is no finding: nothing is ever taken
for sound that the hub does not call so, and a word that is not known here counts as an issue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from msgspec import Struct

WORD_CHARS_MAX = 40
ISSUES_MAX = 20_000  # more files are named by no honest list; what is left out is not taken for sound


class Verdict(IntEnum):
    """What a hub says of a file, worst last."""

    CLEAN = 0
    UNSCANNED = 1
    SUSPICIOUS = 2
    UNKNOWN = 3  # an issue, in a word that is not known here
    UNSAFE = 4


_VERDICTS = {
    "safe": Verdict.CLEAN,
    "unscanned": Verdict.UNSCANNED,
    "queued": Verdict.UNSCANNED,
    "error": Verdict.UNSCANNED,
    "caution": Verdict.SUSPICIOUS,
    "suspicious": Verdict.SUSPICIOUS,
    "unsafe": Verdict.UNSAFE,
}


class Finding(Struct, frozen=True):
    """What a hub says of some files, the worst of it; `word` is its own, empty where it says none."""

    verdict: Verdict
    word: str = ""

    @property
    def is_issue(self) -> bool:
        """The hub found something."""
        return self.verdict > Verdict.UNSCANNED

    @property
    def asks_first(self) -> bool:
        """Nothing of this is fetched before a person said yes."""
        return self.verdict >= Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Scan:
    """What a hub says of the files of one revision.

    Attributes:
        is_done: All of them were looked through.
        words: What it calls the files that it found something in, by path.
    """

    is_done: bool = False
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False, hash=False)

    def of(self, paths: Iterable[str]) -> Finding:
        """Return the worst that is said of these files."""
        sound = Finding(Verdict.CLEAN if self.is_done else Verdict.UNSCANNED)
        found = [finding(self.words[path]) for path in paths if path in self.words] if self.words else []
        return max([sound, *found], key=lambda each: each.verdict)


def finding(word: str) -> Finding:
    """Return what a word of the hub stands for."""
    return Finding(_VERDICTS.get(word.lower(), Verdict.UNKNOWN), word)


def scan_of(value: Any) -> Scan | None:
    """Return what a hub tells of its scan (`securityRepoStatus`); None where it tells nothing."""
    if not isinstance(value, dict):
        return None
    is_done = value.get("scansDone") is True
    issues = value.get("filesWithIssues")
    if not isinstance(issues, list):
        return Scan()  # not said, so nothing is known to be without issues
    words: dict[str, str] = {}
    for issue in issues[:ISSUES_MAX]:
        path = issue.get("path") if isinstance(issue, dict) else None
        if not isinstance(path, str):
            is_done = False  # an issue of nobody knows which file
            continue
        word = short(issue.get("level"))
        if path not in words or finding(word).verdict > finding(words[path]).verdict:
            words[path] = word
    return Scan(is_done and len(issues) <= ISSUES_MAX, MappingProxyType(words))


def short(word: Any) -> str:
    """Return a hub's word fit to be shown: one line of readable signs."""
    text = word[: 4 * WORD_CHARS_MAX] if isinstance(word, str) else ""
    kept = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(kept.split())[:WORD_CHARS_MAX]
