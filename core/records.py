"""Frozen records that travel between the rooms: what was asked, what the hub has, where it goes.

Knows nothing of ours. Sizes are bytes; hashes are `sha256:HEX` or `git-sha1:HEX`, empty where none is published.
"""

from pathlib import Path

from msgspec import Struct, field


class Handle(Struct, frozen=True):
    """What a person typed, understood.

    Attributes:
        hub: Key of the source: `huggingface`, `cortexso`, `modelscope`, `ollama`, `direct`.
        repo: `org/repo`, the bare name of a cortexso model, `namespace/name:tag` of an Ollama model, or the URL of
            a direct file.
        revision: Branch, tag or commit; empty for the hub's default.
        quant: Quantisation asked for, upper case; empty for the default selection.
        path: One file in the repo; empty for a selection.
        sha256: Hash supplied with a direct URL, lower-case hex.
        from_link: A "Use this model" link of another program: the desktop asks before it starts.
    """

    hub: str
    repo: str
    revision: str = ""
    quant: str = ""
    path: str = ""
    sha256: str = ""
    from_link: bool = False


class RemoteFile(Struct, frozen=True):
    """One file of a manifest.

    Attributes:
        path: Path in the repo, with slashes, as the hub writes it (not yet safe).
        size: Bytes; None where the hub does not say.
        hash: `sha256:HEX` or `git-sha1:HEX`; empty where the hub publishes none.
        url: Where the bytes are, before redirects, pinned to the commit.
        wanted: Part of the selection that the handle stands for.
    """

    path: str
    size: int | None
    hash: str
    url: str
    wanted: bool = True


class Manifest(Struct, frozen=True):
    """The list of files that a handle stands for, pinned to a commit.

    Attributes:
        folder: Folder under the models folder, with slashes: `huggingface.co/org/repo`.
        commit: The pinned commit, or the ETag of a direct file; empty where there is none.
        page_url: The model's page for people.
        hub_label: Host name to show as the source.
    """

    hub: str
    repo: str
    revision: str
    commit: str
    folder: str
    files: tuple[RemoteFile, ...]
    page_url: str = ""
    hub_label: str = ""


class Destination(Struct, frozen=True):
    """Where the files of one task go: `root` is the models folder, `folder` comes from the manifest."""

    root: Path
    folder: str


class Selection(Struct, frozen=True):
    """What of a repo is wanted beyond the default: globs match the whole path, `*` crosses `/`."""

    globs: tuple[str, ...] = ()
    paths: frozenset[str] = field(default_factory=frozenset)


class Limits(Struct, frozen=True):
    """How much may happen at once.

    Attributes:
        tasks: Models in parallel.
        connections_per_host: Open connections to one host.
        connections: Open connections in all.
    """

    tasks: int = 4
    connections_per_host: int = 16
    connections: int = 64


class Totals(Struct, frozen=True):
    """All tasks together.

    Attributes:
        active, queued: Numbers of tasks.
        rate: Bytes a second.
        eta_s: Seconds to go for all that is live; None when nothing moves.
        need_bytes: What the live tasks still have to fetch to the file system of the models folder.
        free_bytes: Free on the file system of the models folder; None while unknown.
        hub: Host of the hub.
        hub_reachable: Whether bytes come or the last listing got an answer; None before the first.
    """

    active: int = 0
    queued: int = 0
    rate: float = 0.0
    eta_s: float | None = None
    need_bytes: int = 0
    free_bytes: int | None = None
    hub: str = ""
    hub_reachable: bool | None = None
