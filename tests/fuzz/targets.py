"""The readers, as functions from bytes; only the errors that each one promises may come out.

Used by tests/core/test_fuzz.py (Hypothesis, some inputs each) and by `make fuzz` (atheris, two minutes each).
"""

import asyncio
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from core.api.bodies import BadBody, parse_body
from core.api.control import FIELDS
from core.api.pulls import is_task_id
from core.api.routes import match
from core.choosing import Listing, group
from core.choosing.facts import facts_of_config, facts_of_gguf
from core.description import parse as parse_description
from core.door.wire import from_line
from core.errors import DownloadError, NameRefused, UnsupportedHandle
from core.formats import safetensors
from core.formats.gguf import read_header
from core.formats.model_yml import rewrite_model_yml
from core.formats.yaml_text import load_yaml
from core.handles import format_handle, parse_handle, parse_many
from core.logbook import scrub
from core.net.client import retry_after_s
from core.net.proxies import is_excepted
from core.net.reply import Reply
from core.origins import read_origin
from core.paths import check_name, collisions, local_path
from core.records import Destination, Handle, RemoteFile, Selection
from core.settings import from_mapping
from core.sources import listing
from core.sources.base import Source
from core.sources.modelscope import ModelScope
from core.sources.ollama import Ollama
from core.sources.replies import json_of
from core.transfer import control
from core.transfer.reply import check_kind, check_length, check_range

COMMIT = "5ab33fa" + "0" * 33
HUB = "https://hub.example"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def handle(data: bytes) -> None:
    """Anything typed is a handle whose short form means the same, or a refusal."""
    try:
        found = parse_handle(_text(data))
    except UnsupportedHandle as error:
        assert error.message
        return
    assert format_handle(parse_handle(format_handle(found))) == format_handle(found)


def lines(data: bytes) -> None:
    """Any pasted text is a list of lines, understood or refused."""
    assert all(line.handle is not None or line.reason for line in parse_many(_text(data)))


def name(data: bytes) -> None:
    """Any name of a hub is refused or stays inside the folder."""
    path = _text(data)
    place = Destination(Path("/models"), "huggingface.co/org/repo")
    try:
        check_name(path)
        found = local_path(place, path)
    except NameRefused:
        return
    assert found.is_relative_to("/models/huggingface.co/org/repo") and ".." not in found.parts
    collisions([path, path.upper(), path + "/x"])


def content_range(data: bytes) -> None:
    """Any Content-Range is refused or speaks of what was asked for."""
    headers = {"content-range": _text(data), "content-type": _text(data[:40]), "content-length": _text(data[:30])}
    for check in (
        lambda: check_range(headers, 5, 100, size=1000, name="x"),
        lambda: check_length(headers, size=1000, name="x"),
        lambda: check_kind(headers, host="h", name="x"),
    ):
        try:
            end = check()
        except DownloadError:
            continue
        assert end is None or 5 < end <= 100


def retry_after(data: bytes) -> None:
    """Any Retry-After is a bounded number of seconds, or none."""
    found = retry_after_s({"retry-after": _text(data)})
    assert found is None or 0 <= found <= 3600


def link(data: bytes) -> None:
    """Any Link header leads to the same hub, or nowhere."""
    reply = Reply(200, httpx.Headers([(b"link", data)]), b"[]", f"{HUB}/api")
    try:
        found = listing._next_page(reply, endpoint=HUB, host="hub.example")
    except DownloadError:
        return
    assert not found or found.startswith(f"{HUB}/")


def tree(data: bytes) -> None:
    """Any listing is refused, or gives files with sound values."""

    class Fetcher:
        async def fetch(self, method: str, url: str, **_: object) -> Reply:
            return Reply(200, httpx.Headers({"x-repo-commit": COMMIT}), data, url)

    async def ask() -> None:
        files = await listing.list_files(Fetcher(), endpoint=HUB, repo="org/repo", commit=COMMIT)
        for file in files:
            assert file.size is None or 0 <= file.size <= 2**62
            assert not file.hash or file.hash.partition(":")[2].isalnum()

    _awaited(ask())


def other_hubs(data: bytes) -> None:
    """Any list of ModelScope and any manifest of Ollama is refused, or gives files with sound values."""

    class Fetcher:
        async def fetch(self, method: str, url: str, **_: object) -> Reply:
            return Reply(200, httpx.Headers(), data, url)

    for source, text in (
        (ModelScope(Fetcher(), endpoint=HUB), "ms://org/repo"),
        (Ollama(Fetcher(), endpoint=HUB), "ollama://name:tag"),
    ):

        async def ask(source: Source = source, text: str = text) -> None:
            manifest = await source.resolve(parse_handle(text), Selection())
            for file in manifest.files:
                assert file.path and (file.size is None or 0 <= file.size <= 2**62)
                assert not file.hash or re.fullmatch("sha256:[0-9a-f]{64}", file.hash)
                assert file.url.startswith(f"{HUB}/")

        _awaited(ask())


def answer(data: bytes) -> None:
    """Any JSON of a hub is a value or a ResolveError."""
    _awaited(json_of(Reply(200, httpx.Headers(), data, HUB), "hub.example"))


def _awaited(work: object) -> None:
    try:
        asyncio.run(work)  # type: ignore[arg-type]
    except DownloadError as error:
        assert error.message


def gguf(data: bytes) -> None:
    """Any file is a GGUF header or a ValueError."""
    for start in (b"", b"GGUF\x03\0\0\0"):
        try:
            read_header(io.BytesIO(start + data))
        except ValueError:
            continue


def headers(data: bytes) -> None:
    """Any beginning of a file is facts of sane values or a ValueError."""
    for read in (
        lambda: facts_of_gguf(read_header(io.BytesIO(b"GGUF\x03\0\0\0" + data), size=2 * len(data))),
        lambda: safetensors.read_header(data, size=len(data) + 100),
        lambda: safetensors.header_bytes(data, size=len(data)),
        lambda: safetensors.read_index(data),
    ):
        try:
            read()
        except ValueError:
            continue
    facts = facts_of_config(data)
    assert facts.cache_values is None or facts.cache_values > 0


def rows(data: bytes) -> None:
    """Any names are grouped, each in one row."""
    paths = list(dict.fromkeys(_text(data).split("\n")))
    files = tuple(RemoteFile(path, 1, "", "") for path in paths)
    found = group(Listing(Handle("huggingface", "org/repo"), COMMIT, files))
    assert sorted(path for row in found for path in row.paths) == sorted(paths)


def yaml_text(data: bytes) -> None:
    """Any YAML is a value of plain types or a ValueError; rewriting one never fails."""
    text = data.decode("utf-8", "replace")
    try:
        load_yaml(text, chars_max=100_000)
    except ValueError:
        pass
    rewrite_model_yml(text, task_id="a:b", size=1, files=["models/a"])
    parse_description(data)


def settings(data: bytes) -> None:
    """Any settings file gives settings."""
    try:
        value = load_yaml(data.decode("utf-8", "replace"), chars_max=100_000)
    except ValueError:
        return
    if isinstance(value, dict):
        from_mapping(value)


def control_file(data: bytes) -> None:
    """Any control file is one of ours, or none."""
    control.load(data)


def api_body(data: bytes) -> None:
    """Any body is a mapping of checked values, or refused."""
    try:
        parse_body(data, FIELDS)
    except BadBody as error:
        assert error.message


def api_path(data: bytes) -> None:
    """Any path leads to a route or nowhere; any text is a task id or none."""
    text = data.decode("latin-1")
    match("GET", "/" + text)
    is_task_id(text)


def door_line(data: bytes) -> None:
    """Any line through the door is a request or refused."""
    try:
        from_line(data)
    except ValueError:
        pass


def small_texts(data: bytes) -> None:
    """Origins, proxies and log lines of any kind."""
    text = _text(data)
    read_origin(text)
    is_excepted("host.example", text)
    scrub(text)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        handle, lines, name, content_range, retry_after, link, tree, other_hubs, answer, gguf, headers, rows,
        yaml_text, settings, control_file, api_body, api_path, door_line, small_texts,
    )
}  # fmt: skip
