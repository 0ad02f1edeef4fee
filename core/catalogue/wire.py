"""Between records and the hub's wire: addresses of questions, and JSON to records. Pure; nothing is trusted.

A result that makes no sense is left out, a value that makes none is taken for missing: one odd model must not hide
the others.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from core.catalogue.records import Found, ModelFacts, Query, Revisions, SizeRange
from core.handles.rules import HUB_HOSTS
from core.net.origin import origin_of
from core.patterns import pattern
from core.records import RemoteFile
from core.scans import scan_of
from core.selection import Unselectable, choose, groups
from core.sources.base import file_url
from core.sources.replies import size_of

RESULTS_A_PAGE = 30
TEXT_CHARS_MAX = 200
TEXTS_MAX = 100  # tags and names of one model
WORD_CHARS_MAX = 200
FORMATS = ("gguf", "safetensors")
_KEYS = (
    "author", "createdAt", "downloads", "gated", "gguf", "lastModified", "library_name", "likes", "pipeline_tag",
    "private", "safetensors", "tags",
)  # fmt: skip
_REPO = pattern(r"[A-Za-z0-9](?:[\w.-]*)(?:/[\w.-]+)?", re.ASCII)
_SHA256 = pattern(r"[0-9a-f]{64}")
_GIT_SHA1 = pattern(r"[0-9a-f]{40}")
_NEXT = pattern(r'<([^<>]{1,4096})>\s*;[^,<]*\brel="?next"?')
_COUNT_TEXT = pattern(r"(?<![A-Za-z0-9.])(\d{1,4}(?:\.\d{1,3})?)(?:x(\d{1,4}(?:\.\d{1,3})?))?([BM])(?![A-Za-z0-9])")
_TOLD_ELSEWHERE = ("license:", "region:", "base_model:", "arxiv:", "dataset:", "doi:", "deploy:", "endpoints_")


# -- questions -------------------------------------------------------------------------------------------------


def search_url(endpoint: str, query: Query) -> str:
    """Return the address of the first page of results."""
    pairs = [("search", words)] if (words := clean(query.text)) else []
    if author := clean(query.author):
        pairs.append(("author", author))
    pairs += [("filter", tag) for tag in query.formats]
    if query.task:
        pairs.append(("pipeline_tag", query.task))
    least, most = query.parameters_min, query.parameters_max
    if least or most:
        limits = [f"min:{_short(least)}"] if least else []
        pairs.append(("num_parameters", ",".join(limits + ([f"max:{_short(most)}"] if most else []))))
    if query.hide_gated:
        pairs.append(("gated", "false"))
    pairs += [("sort", query.sort.value), ("limit", str(RESULTS_A_PAGE))]
    pairs += [("expand", key) for key in _KEYS]
    return f"{endpoint}/api/models?{urlencode(pairs)}"


def _short(count: int) -> str:
    """Return a number of parameters as the hub's own clients send it: `6B`, `500M`."""
    return f"{count // 10**9}B" if count % 10**9 == 0 else f"{count // 10**6}M"


def clean(text: str) -> str:
    """Return a text that a person typed as one that can be sent: one line, not too long, no half characters."""
    sound = text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    return " ".join(sound.split())[:TEXT_CHARS_MAX]


def info_url(endpoint: str, repo: str, revision: str = "", *, scanned: bool = False) -> str:
    """Return the address of the facts about a model with all its files; `scanned` asks for the hub's scan too."""
    url = f"{endpoint}/api/models/{repo}/revision/{quote(revision or 'main', safe='')}?blobs=true"
    return f"{url}&securityStatus=true" if scanned else url


def refs_url(endpoint: str, repo: str) -> str:
    """Return the address of a model's branches and tags."""
    return f"{endpoint}/api/models/{repo}/refs"


def next_url(link: str, *, endpoint: str) -> str:
    """Return the address of the next page from a Link header; empty where there is none that can be followed.

    A mirror passes on the hub's own address: the path of it is asked from the mirror.
    """
    match = _NEXT.search(link[:8192])
    if not match:
        return ""
    base = urlsplit(endpoint)
    try:
        url = urljoin(endpoint + "/", match[1])
        parts, origin = urlsplit(url), origin_of(url)
    except ValueError:
        return ""
    path = parts.path
    if origin != origin_of(endpoint):
        if parts.hostname not in HUB_HOSTS:
            return ""
        path = base.path + path
    if parts.username is not None or path != f"{base.path}/api/models" or not parts.query:
        return ""
    return f"{base.scheme}://{base.netloc}{path}?{parts.query}"


# -- answers ---------------------------------------------------------------------------------------------------


def found_of(value: Any) -> Found | None:
    """Return one result; None for what is none."""
    if not isinstance(value, dict):
        return None
    repo = value.get("id") or value.get("modelId")
    if not isinstance(repo, str) or len(repo) > WORD_CHARS_MAX or not _REPO.fullmatch(repo) or ".." in repo:
        return None
    tags = _texts(value.get("tags"))
    return Found(
        repo=repo,
        downloads=size_of(value.get("downloads")),
        likes=size_of(value.get("likes")),
        updated=moment(value.get("lastModified")) or moment(value.get("createdAt")),
        is_gated=bool(value.get("gated")),
        is_private=value.get("private") is True,
        parameters=_parameters(value, repo),
        task=_text(value.get("pipeline_tag")),
        formats=tuple(name for name in FORMATS if name in tags),
    )


def results_of(values: Sequence[Any]) -> tuple[Found, ...]:
    """Return the results of a page, each model once."""
    found = (found_of(value) for value in values)
    return tuple({each.repo: each for each in found if each is not None}.values())


def facts_of(value: dict[str, Any], found: Found, *, endpoint: str, revision: str, commit: str) -> ModelFacts:
    """Return the facts about a model."""
    files = files_of(value.get("siblings"), endpoint=endpoint, repo=found.repo, commit=commit)
    card = _dict(value.get("cardData"))
    gguf, config = _dict(value.get("gguf")), _dict(value.get("config"))
    tags = _texts(value.get("tags"))
    licences = [tag.partition(":")[2] for tag in tags if tag.startswith("license:")]
    bases = card.get("base_model")
    size = {file.path: file.size or 0 for file in files}
    return ModelFacts(
        found=found,
        revision=revision,
        commit=commit,
        files=files,
        tags=tuple(tag for tag in tags if not tag.startswith(_TOLD_ELSEWHERE)),
        licence=_text(card.get("license_name")) or _text(card.get("license")) or (licences[0] if licences else ""),
        architecture=_text(gguf.get("architecture")) or _text(config.get("model_type")),
        context_length=size_of(gguf.get("context_length")) or None,
        base_models=tuple(_texts([bases] if isinstance(bases, str) else bases)),
        card_bytes=size.get("README.md"),
        page_url=f"{endpoint}/{found.repo}",
        scan=scan_of(value.get("securityRepoStatus")),
    )


def files_of(siblings: Any, *, endpoint: str, repo: str, commit: str) -> tuple[RemoteFile, ...]:
    """Return every file of a model, those that a plain handle stands for marked as wanted."""
    values = siblings if isinstance(siblings, list) else []
    made = {
        path: RemoteFile(path, _size(each), _hash(each), file_url(endpoint, repo, commit, path), wanted=False)
        for each in values
        if isinstance(each, dict) and isinstance(path := each.get("rfilename"), str) and path
    }
    try:
        wanted = choose(made)
    except Unselectable:
        wanted = frozenset()
    return tuple(
        RemoteFile(file.path, file.size, file.hash, file.url, wanted=True) if file.path in wanted else file
        for file in made.values()
    )


def sizes_of(files: Iterable[RemoteFile]) -> SizeRange | None:
    """Return what the smallest and the largest choice of a model take; None where nobody knows."""
    listed = list(files)
    size = {file.path: file.size or 0 for file in listed}
    totals = [sum(size[path] for path in model.paths) for model in groups(size) if not model.missing]
    if not totals:
        whole = sum(file.size or 0 for file in listed if file.wanted)
        totals = [whole] if whole else []
    known = [total for total in totals if total]
    return SizeRange(min(known), max(known)) if known else None


def revisions_of(value: dict[str, Any]) -> Revisions:
    """Return the branches and tags of a model, `main` first."""
    branches = _names(value.get("branches"))
    branches.sort(key=lambda name: name != "main")
    return Revisions(tuple(branches), tuple(_names(value.get("tags"))))


def moment(value: Any) -> float | None:
    """Return a time as the hub writes it in seconds since 1970."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        made = datetime.fromisoformat(value)
        return (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


# -- values ----------------------------------------------------------------------------------------------------


def _parameters(value: dict[str, Any], repo: str) -> int | None:
    """Return how many weights a model has: as its files say, else as its name does."""
    told = size_of(_dict(value.get("safetensors")).get("total")) or size_of(_dict(value.get("gguf")).get("total"))
    if told:
        return told
    matches = list(_COUNT_TEXT.finditer(repo.rpartition("/")[2].replace("_", "-")))
    if not matches:
        return None
    count, each, unit = matches[0].groups()
    total = float(count) * (float(each) if each else 1.0)
    return round(total * (1e9 if unit == "B" else 1e6)) or None


def _size(value: dict[str, Any]) -> int | None:
    lfs = value.get("lfs")
    return size_of(lfs.get("size") if isinstance(lfs, dict) else value.get("size"))


def _hash(value: dict[str, Any]) -> str:
    lfs = value.get("lfs")
    if isinstance(lfs, dict):
        digest = lfs.get("sha256")
        return f"sha256:{digest}" if isinstance(digest, str) and _SHA256.fullmatch(digest) else ""
    digest = value.get("blobId")
    return f"git-sha1:{digest}" if isinstance(digest, str) and _GIT_SHA1.fullmatch(digest) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value[:WORD_CHARS_MAX] if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    found = [_text(each) for each in value[:TEXTS_MAX]] if isinstance(value, list) else []
    return [text for text in found if text]


def _names(value: Any) -> list[str]:
    refs = value[:1000] if isinstance(value, list) else []
    return [name for ref in refs if (name := _text(_dict(ref).get("name")))]
