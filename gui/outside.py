"""What leaves the window: folders, files and pages that the desktop opens, and the clipboard.

Knows which files and addresses are safe to hand over. A file is opened only when its kind is data: nothing that
was downloaded is ever run. Must not know widgets.
"""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlsplit

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from core.errors import NameRefused
from core.paths import model_folder
from core.records import Destination, Handle
from core.task import Item, Task
from gui.steering import is_done

OPENABLE = frozenset(
    {
        ".gguf", ".safetensors", ".onnx", ".bin", ".npz", ".npy", ".json", ".jsonl", ".yml", ".yaml", ".toml",
        ".txt", ".md", ".rst", ".csv", ".tsv", ".model", ".tiktoken", ".jinja", ".png", ".jpg", ".jpeg", ".webp",
        ".gif", ".svg", ".wav", ".mp3", ".flac", ".mp4", ".pdf",
    }
)  # fmt: skip
"""Suffixes that the desktop shows and does not run."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HUB = "https://huggingface.co"


def task_folder(task: Task) -> Path | None:
    """Return the folder of a model; None while its manifest is not known."""
    if task.manifest is None:
        return None
    try:
        return model_folder(Destination(task.root, task.manifest.folder))
    except NameRefused:
        return None


def saved_in(task: Task, item: Item | None) -> Path | None:
    """Return where a model or one of its files is saved; None where that is not known."""
    return task_folder(task) if item is None else item.local_path


def folder_of(task: Task, item: Item | None) -> Path | None:
    """Return the folder to open for a row."""
    path = saved_in(task, item)
    return path if path is None or item is None else path.parent


def openable(task: Task, item: Item | None) -> Path | None:
    """Return the finished data file that Open opens: the row's, or the only one of a model."""
    if item is None:
        item = next(task.wanted_items(), None) if task.wanted_count == 1 else None
    if item is None or item.local_path is None or not is_done(item):
        return None
    return item.local_path if item.local_path.suffix.lower() in OPENABLE else None


def page_url(task: Task, endpoint: str = "") -> str:
    """Return the page of a model for people; empty where there is none.

    `endpoint` is the hub that handles are fetched from; it stands in while no manifest is known.
    """
    if task.manifest is not None and task.manifest.page_url:
        return task.manifest.page_url
    return handle_page(task.handle, endpoint)


def handle_page(handle: Handle, endpoint: str = "") -> str:
    """Return the page that a handle points at."""
    base = (endpoint or _HUB).rstrip("/")
    match handle.hub:
        case "huggingface":
            return f"{base}/{quote(handle.repo, safe='/')}"
        case "cortexso":
            return f"{base}/cortexso/{quote(handle.repo, safe='/')}"
        case "modelscope":
            return f"https://modelscope.cn/models/{quote(handle.repo, safe='/')}"
        case "ollama":
            return f"https://ollama.com/{quote(handle.repo, safe='/:')}"
        case _:
            return handle.repo if safe_to_open(handle.repo) else ""


def hub_host(handle: Handle, endpoint: str = "") -> str:
    """Return the host that a handle is fetched from, as people read it."""
    page = handle_page(handle, endpoint) or handle.repo
    try:
        parts = urlsplit(page)
    except ValueError:
        return handle.hub
    return parts.netloc.rpartition("@")[2] or handle.hub


def link_of(task: Task, item: Item | None, endpoint: str = "") -> str:
    """Return what Copy link copies for a row."""
    return page_url(task, endpoint) if item is None else item.file.url


def sha256_of(item: Item) -> str:
    """Return the published SHA-256 of a file in hex; empty where there is none."""
    kind, _, digest = item.file.hash.partition(":")
    return digest if kind == "sha256" else ""


def safe_to_open(url: str) -> bool:
    """Tell whether an address may go to the browser: https, or http on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def open_url(url: str) -> bool:
    """Hand a page to the browser; return whether somebody took it."""
    return safe_to_open(url) and QDesktopServices.openUrl(QUrl(url))


def open_path(path: Path) -> bool:
    """Hand a folder or a data file to the desktop; return whether somebody took it."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def copy(lines: Iterable[str]) -> int:
    """Put lines into the clipboard; return how many. Nothing happens where there are none."""
    texts = [line for line in lines if line]
    if texts:
        QGuiApplication.clipboard().setText("\n".join(texts))
    return len(texts)
