"""The description beside a finished model: its name, its text, and what an existing one says.

It has Cortex's keys and, after a marker line, a block of ours under `pulley:`. The model.yml of cortexso is such a
description itself, so the hash that we note for it is that of the text before the marker (`body_hash`): a text
cannot hold the hash of all of itself. Makes and reads texts; writing them safely is the caller's.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.errors import NameRefused
from core.formats.gguf import Header
from core.formats.model_yml import ENGINE, rewrite_model_yml
from core.formats.quant import is_mmproj, is_model, stem_of
from core.formats.yaml_text import dump_yaml, load_mapping
from core.handles import format_handle
from core.paths import check_name, folded
from core.records import Handle, Manifest, Selection
from core.selection import groups

TEXT_BYTES_MAX = 4 * 2**20
FILES_MAX = 100_000
FALLBACK = "pulley.yml"
MODEL_YML = "model.yml"
MARKER = "# BEGIN PULLEY: written by Pulley, read by Pulley; do not edit below\n"


class DescribedFile(Struct, frozen=True):
    """One file of a finished model.

    Attributes:
        path: Path in the repo and below the model's folder.
        size: Bytes as the hub has it.
        hash: As the hub publishes it; empty where it does not.
        local_hash: Hash of what stands on the disk where that differs: of the body of a rewritten model.yml, or
            what was computed for a file without a published hash.
    """

    path: str
    size: int
    hash: str = ""
    local_hash: str = ""


class Description(Struct, frozen=True):
    """What a description says.

    Attributes:
        model: Id of the task that made it.
        handle: The handle in its shortest form.
        revision: Empty for the hub's default.
        globs: What `--files` asked for; empty for the default selection.
        is_partial: Files of the selection were left out by hand.
        facts: Cortex's keys, as they stand there.
    """

    model: str
    handle: str
    hub: str
    repo: str
    revision: str
    commit: str
    files: tuple[DescribedFile, ...]
    globs: tuple[str, ...] = ()
    is_partial: bool = False
    facts: Mapping[str, Any] | None = None

    @property
    def paths(self) -> frozenset[str]:
        """The paths of its files."""
        return frozenset(file.path for file in self.files)

    def answers(self, handle: Handle, selection: Selection) -> bool:
        """Tell whether the described files are what such a pull would fetch."""
        asked = format_handle(handle)
        by_branch = self.hub == "cortexso" == handle.hub and asked == f"{self.repo}:{self.revision}"
        if (asked != self.handle and not by_branch) or self.globs != selection.globs:
            return False
        return selection.paths <= self.paths if selection.paths else not self.is_partial


# -- its name ---------------------------------------------------------------------------------------------


def description_name(
    manifest: Manifest,
    wanted: Collection[str],
    *,
    others: Mapping[str, Description] | None = None,
    taken: Collection[str] = (),
) -> str:
    """Return the file name of the description, at the top of the model's folder.

    STEM.yml where exactly one GGUF model is wanted, else model.yml; pulley.yml where the repo has such a file
    itself. `others` are the descriptions that stand there: one that names files which are not wanted now is not
    replaced, for these files would lose it. `taken` are the names of files that are not ours.
    """
    models = groups(wanted)
    stem = stem_of(models[0].paths[0]) if len(models) == 1 else ""
    name = f"{stem}.yml" if stem else MODEL_YML
    own = {folded(file.path.partition("/")[0]) for file in manifest.files}  # a folder is in the way as well
    is_ours = manifest.hub == "cortexso" and name == MODEL_YML
    kept = {folded(name) for name, other in (others or {}).items() if not other.paths <= frozenset(wanted)}
    kept |= {folded(name) for name in taken}

    def is_free(candidate: str) -> bool:
        key = folded(candidate)
        return key not in kept and (key not in own or (is_ours and candidate == name))

    numbered = (f"pulley-{number}.yml" for number in count(2))
    return next(filter(is_free, chain((name, FALLBACK), numbered)))


# -- its text ---------------------------------------------------------------------------------------------


def render(
    *,
    task_id: str,
    handle: Handle,
    manifest: Manifest,
    files: Sequence[DescribedFile],
    selection: Selection | None = None,
    header: Header | None = None,
    hub_text: str | None = None,
    called: str = "",
    partial: bool = False,
) -> str:
    """Return the description of a finished model; `files` are those that stand on the disk.

    `partial` tells that files of the selection were left out which the manifest does not know.

    `hub_text` is the model.yml of a cortexso model, as it came or as it was rewritten before; it becomes the
    description. Its entry in `files` gets the hash of the body. `called` is the name for a model that brings no
    model.yml; empty for its own.
    """
    body = ""
    if hub_text is not None:
        body = _rewritten(body_of(hub_text.removeprefix("\ufeff")), task_id, manifest, files)
    if not body:
        body = dump_yaml(_facts(task_id, manifest, files, header, called))
    if not body.endswith("\n"):
        body += "\n"
    if hub_text is not None:
        digest = body_hash(body)
        files = [replace(file, local_hash=digest) if file.path == MODEL_YML else file for file in files]
    selection = selection or Selection()
    wanted = {file.path for file in manifest.files if file.wanted}
    block: dict[str, Any] = {
        "handle": format_handle(handle),
        "hub": manifest.hub,
        "repo": manifest.repo,
        "revision": manifest.revision or ("" if manifest.hub == "direct" else "main"),
        "commit": manifest.commit,
    }
    if selection.globs:
        block["globs"] = list(selection.globs)
    if partial or not wanted <= {file.path for file in files}:
        block["partial"] = True
    block["files"] = [_entry(file) for file in files]
    return body + MARKER + dump_yaml({"pulley": block})


def _entry(file: DescribedFile) -> dict[str, Any]:
    entry: dict[str, Any] = {"path": file.path, "size": file.size, "hash": file.hash}
    return {**entry, "local_hash": file.local_hash} if file.local_hash else entry


def _rewritten(text: str, task_id: str, manifest: Manifest, files: Sequence[DescribedFile]) -> str:
    """Return the hub's model.yml as Cortex rewrites it; empty where it cannot carry our block."""
    found = load_mapping(text, chars_max=TEXT_BYTES_MAX)
    if found is None or "pulley" in found:
        return ""
    models = [file.path for file in files if file.path == "model.gguf"] or _models(files)
    text = rewrite_model_yml(
        text,
        task_id=task_id,
        size=sum(file.size for file in files),
        files=[_place(manifest, path) for path in models],
        mmproj=next((_place(manifest, file.path) for file in files if is_mmproj(file.path)), ""),
    )
    text = text if text.endswith("\n") else f"{text}\n"
    whole = load_mapping(f"{text}{MARKER}pulley: {{}}\n", chars_max=TEXT_BYTES_MAX)
    return text if whole == {**(load_mapping(text, chars_max=TEXT_BYTES_MAX) or {}), "pulley": {}} else ""


def _facts(
    task_id: str, manifest: Manifest, files: Sequence[DescribedFile], header: Header | None, called: str
) -> dict[str, Any]:
    """Return Cortex's keys for a model that brings no model.yml."""
    models = _models(files)
    projector = next((file.path for file in files if is_mmproj(file.path)), "")
    repo_name = task_id if manifest.hub == "direct" else manifest.repo.rpartition("/")[2]
    facts: dict[str, Any] = {
        "id": repo_name,
        "model": task_id,
        "name": called or (header.name if header else "") or repo_name,
        "files": [_place(manifest, path) for path in models or [file.path for file in files]],
    }
    if projector:
        facts["mmproj"] = _place(manifest, projector)
    facts["size"] = sum(file.size for file in files)
    if models:
        facts["engine"] = ENGINE
    if header is not None and header.architecture:
        facts["architecture"] = header.architecture
    if header is not None and header.context_length is not None:
        facts["ctx_len"] = header.context_length
    return facts


def _models(files: Sequence[DescribedFile]) -> list[str]:
    return [file.path for file in files if is_model(file.path)]


def _place(manifest: Manifest, path: str) -> str:
    """Return a path as Cortex writes it, below the data folder."""
    return f"models/{manifest.folder}/{path}"


def body_of(text: str) -> str:
    """Return what stands before our block."""
    return text.partition(MARKER)[0]


def body_hash(text: str) -> str:
    """Return the hash of what stands before our block: the `local_hash` of a rewritten model.yml."""
    return "sha256:" + hashlib.sha256(body_of(text).encode("utf-8", "surrogatepass")).hexdigest()


# -- reading -----------------------------------------------------------------------------------------------


def parse(text: str | bytes) -> Description | None:
    """Return what a description says; None for every text that is none. Never raises."""
    if len(text) > TEXT_BYTES_MAX:
        return None
    try:
        plain = text.decode("utf-8") if isinstance(text, bytes) else text
    except ValueError:
        return None
    body, marker, ours = plain.partition(MARKER)
    block = (load_mapping(ours, chars_max=TEXT_BYTES_MAX) or {}).get("pulley") if marker else None
    if not isinstance(block, dict):
        return None
    texts = {key: block.get(key) for key in ("handle", "hub", "repo", "revision", "commit")}
    files, globs = _files(block.get("files")), block.get("globs", [])
    if files is None or not isinstance(globs, list):
        return None
    if not all(isinstance(value, str) for value in [*texts.values(), *globs]) or not texts["handle"]:
        return None
    facts = load_mapping(body, chars_max=TEXT_BYTES_MAX) or {}
    model = facts.get("model")
    revision = "" if texts["revision"] == "main" and texts["hub"] == "huggingface" else str(texts["revision"])
    return Description(
        model=model if isinstance(model, str) else str(texts["handle"]),
        handle=str(texts["handle"]),
        hub=str(texts["hub"]),
        repo=str(texts["repo"]),
        revision=revision,
        commit=str(texts["commit"]),
        files=files,
        globs=tuple(globs),
        is_partial=block.get("partial") is True,
        facts=facts,
    )


def _files(value: Any) -> tuple[DescribedFile, ...] | None:
    if not isinstance(value, list) or not 0 < len(value) <= FILES_MAX:
        return None
    files = []
    for entry in value:
        if not isinstance(entry, dict):
            return None
        path, size = entry.get("path"), entry.get("size")
        hashes = [entry.get("hash", ""), entry.get("local_hash", "")]
        if not isinstance(path, str) or type(size) is not int or size < 0:
            return None
        if not all(isinstance(text, str) for text in hashes):
            return None
        try:
            check_name(path)  # a description may have come with the folder from anywhere
        except NameRefused:
            return None
        files.append(DescribedFile(path, size, *hashes))
    return tuple(files)


def find_descriptions(folder: Path) -> dict[str, Description]:
    """Return the descriptions at the top of a model's folder by file name; unreadable ones are left out."""
    found: dict[str, Description] = {}
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".yml")
    except OSError:
        return found
    for path in paths:
        described = read_description(path)
        if described is not None:
            found[path.name] = described
    return found


def read_description(path: Path) -> Description | None:
    """Return what a file says; None where it is no description, or cannot be read."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > TEXT_BYTES_MAX:
            return None
        return parse(path.read_bytes())
    except OSError:
        return None


def complete(description: Description, folder: Path) -> bool:
    """Tell whether the described files stand in the folder with the described sizes.

    Only presence counts for the rewritten model.yml, whose size on the disk is not the hub's.
    """
    for file in description.files:
        path = folder.joinpath(*file.path.split("/"))
        is_rewritten = description.hub == "cortexso" and file.path == MODEL_YML
        try:
            if not path.is_file() or (path.stat().st_size != file.size and not is_rewritten):
                return False
        except OSError:
            return False
    return True
