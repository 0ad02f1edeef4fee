"""What the parts of a handle may be made of: repo names, revisions, quants, paths. Every door checks here.

Each function returns its value, normalised, or raises UnsupportedHandle with a sentence for a person. Patterns
are linear: they have one way only to match.
"""

from urllib.parse import unquote

from core.errors import NameRefused, UnsupportedHandle
from core.paths import check_name
from core.patterns import pattern

TEXT_BYTES_MAX = 2048  # of a handle; a longer text is something else
NAME_CHARS_MAX = 96  # of an organisation or a repo, as on the hub
REVISION_CHARS_MAX = 200  # it becomes part of a folder name

HUB_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co", "www.hf.co"})
MODELSCOPE_HOSTS = frozenset({"modelscope.cn", "www.modelscope.cn"})
OLLAMA_HOSTS = frozenset({"ollama.com", "www.ollama.com", "registry.ollama.ai"})
UNSUPPORTED_HOSTS = {
    "modelscope.ai": "modelscope.ai is another hub than modelscope.cn, and is not supported",
    "www.modelscope.ai": "modelscope.ai is another hub than modelscope.cn, and is not supported",
}
"""Hosts whose pages are no files either, with the sentence that says so."""
KNOWN_HOSTS = HUB_HOSTS | MODELSCOPE_HOSTS | OLLAMA_HOSTS | frozenset(UNSUPPORTED_HOSTS)

_CONTROL = pattern("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_INVISIBLE = pattern("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_NAME = pattern(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_REVISION = pattern(r"\w(?:[\w.+=,/-]*[\w+=])?")
_QUANT = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?")
_SHA256 = pattern(r"[0-9a-fA-F]{64}")
_OLLAMA_SPACE = pattern(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,78}[A-Za-z0-9_])?")
_OLLAMA_TAG = pattern(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_])?")


def shown(text: str) -> str:
    """Return a text as messages quote it: escaped, and cut where it is long."""
    return ascii(text if len(text) <= 80 else text[:79] + "…")


def check_text(text: str) -> None:
    """Refuse texts that are too long or hold what nobody can see."""
    if len(text) > TEXT_BYTES_MAX or len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX:
        raise UnsupportedHandle(f"The text is longer than {TEXT_BYTES_MAX} bytes, which no model name or link is")
    if _CONTROL.search(text):
        raise UnsupportedHandle("The text holds control characters")
    if _INVISIBLE.search(text):
        raise UnsupportedHandle("The text holds invisible characters that can make it look like another one")


def repo_part(name: str, what: str) -> str:
    """Check an organisation, a repo or a cortexso name; `what` names it in the message."""
    if not name:
        raise UnsupportedHandle(f"The {what} is missing")
    if len(name) > NAME_CHARS_MAX:
        raise UnsupportedHandle(f"The {what} is longer than {NAME_CHARS_MAX} characters")
    if not _NAME.fullmatch(name):
        raise UnsupportedHandle(
            f"{shown(name)} is no {what}: letters, digits, '-', '_' and '.', not '-' or '.' at its ends"
        )
    if "--" in name or ".." in name or name.lower().endswith(".git"):
        raise UnsupportedHandle(f"{shown(name)} is no {what}: '--', '..' and a final '.git' are not allowed")
    return name


def repo_id(org: str, name: str) -> str:
    """Check both parts of a Hugging Face repo and return `org/name`."""
    if org.lower() in KNOWN_HOSTS:
        raise UnsupportedHandle(f"{org}/{shown(name)[1:-1]} names no model: an organisation and a repo are needed")
    return f"{repo_part(org, 'organisation')}/{repo_part(name, 'repo name')}"


def revision(text: str, what: str = "revision") -> str:
    """Check a branch, a tag or a commit, as it is."""
    if not text:
        raise UnsupportedHandle(f"The {what} is missing")
    if len(text) > REVISION_CHARS_MAX:
        raise UnsupportedHandle(f"The {what} is longer than {REVISION_CHARS_MAX} characters")
    if any(bad in text for bad in ("..", "//", "/.", "./")) or not _REVISION.fullmatch(text):
        raise UnsupportedHandle(f"{shown(text)} is no {what} that can be pulled")
    return text


def hub_revision(text: str) -> str:
    """Check a revision of a Hugging Face repo; `main` is the default and becomes empty."""
    return "" if revision(text) == "main" else text


def ollama_space(text: str) -> str:
    """Check a namespace of the Ollama registry; it has no dots, which tells it from a host."""
    if not _OLLAMA_SPACE.fullmatch(text):
        raise UnsupportedHandle(f"{shown(text)} is no namespace of the Ollama registry")
    return text


def ollama_tag(text: str) -> str:
    """Check a tag of the Ollama registry."""
    if not text:
        raise UnsupportedHandle("The tag after ':' is missing")
    if not _OLLAMA_TAG.fullmatch(text) or ".." in text:
        raise UnsupportedHandle(f"{shown(text)} is no tag of the Ollama registry")
    return text


def quant(text: str) -> str:
    """Check a quantisation and return it in upper case."""
    if not text:
        raise UnsupportedHandle("The quantisation after ':' is missing")
    if not _QUANT.fullmatch(text):
        raise UnsupportedHandle(f"{shown(text)} is no quantisation, which looks like Q4_K_M")
    return text.upper()


def file_path(path: str) -> str:
    """Check the path of one file in a repo."""
    check_text(path)
    if path != path.strip():
        raise UnsupportedHandle("The file name begins or ends with a space")
    try:
        check_name(path)
    except NameRefused as error:
        raise UnsupportedHandle(error.message) from error
    return path


def sha256(text: str) -> str:
    """Check a SHA-256 in hex and return it in lower case."""
    if not _SHA256.fullmatch(text):
        raise UnsupportedHandle("The hash after '#sha256=' must be 64 hexadecimal digits")
    return text.lower()


def decoded(text: str) -> str:
    """Undo percent-encoding.

    Raises:
        UnsupportedHandle: It is no UTF-8, or holds what no handle may.
    """
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise UnsupportedHandle("The percent-encoding of the link is not UTF-8") from error
    check_text(plain)
    return plain
