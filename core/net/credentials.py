"""Access tokens keyed by exact origin: the only place that attaches one.

A token given in the environment belongs to the endpoint of that environment and goes nowhere else. One that was
kept for the hub itself, as in the token file of its own tools, goes to a mirror of the hub by consent only.
"""

from collections.abc import Mapping
from pathlib import Path

from core.net.origin import Origin, is_loopback, origin_of
from core.patterns import pattern

HUB_DEFAULT = "https://huggingface.co"
_TOKEN = pattern(r"[\x21-\x7e]{1,4096}")


class Credentials:
    """Tokens by origin; `repr` shows none of them.

    Attributes:
        of_file: The token in the token file of the Hugging Face tools, where it is the one that counts; else empty.
    """

    def __init__(self) -> None:
        self.of_file = ""
        self._tokens: dict[Origin, str] = {}
        self._cookies: dict[Origin, str] = {}

    def put(self, url: str, token: str, *, cookie: str = "") -> None:
        """Keep a token for the origin of `url`; `cookie` is the name of one that has to hold it as well.

        Raises:
            ValueError: The token could break a header, or the URL has no origin.
        """
        if not _TOKEN.fullmatch(token):
            raise ValueError("the token has spaces or characters that cannot be sent")
        self._tokens[origin_of(url)] = token
        self._cookies[origin_of(url)] = cookie

    def put_or_forget(self, url: str, token: str) -> None:
        """Keep a token for the origin of `url`; an empty one forgets what was kept.

        Raises:
            ValueError: As `put`.
        """
        if token:
            self.put(url, token)
        else:
            self._tokens.pop(origin_of(url), None)

    def has(self, url: str) -> bool:
        """Tell whether a token is known for the origin of `url`."""
        return bool(self.headers(url))

    def headers(self, url: str) -> dict[str, str]:
        """Return the headers for exactly this origin; empty where none is known."""
        try:
            origin = origin_of(url)
        except ValueError:
            return {}
        token = self._tokens.get(origin)
        if not token:
            return {}
        headers = {"Authorization": f"Bearer {token}"}
        if cookie := self._cookies.get(origin):
            headers["Cookie"] = f"{cookie}={token}"
        return headers

    def __repr__(self) -> str:
        return f"<Credentials for {sorted(host for _, host, _ in self._tokens)}>"


def from_environment(environ: Mapping[str, str], home: Path) -> tuple[Credentials, str]:
    """Return the tokens of the environment and a warning (empty where all is well).

    `HF_TOKEN`, for the origin of `HF_ENDPOINT`; else the file `HF_TOKEN_PATH`, else `HF_HOME/token`, where
    `HF_ENDPOINT` is no mirror.
    """
    credentials = Credentials()
    endpoint = endpoint_of(environ)
    token = environ.get("HF_TOKEN", "").strip()
    of_file = ""
    if not token:
        hf_home = environ.get("HF_HOME") or str(
            Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "huggingface"
        )
        path = Path(environ.get("HF_TOKEN_PATH") or Path(hf_home) / "token").expanduser()
        try:
            of_file = token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return credentials, ""
    if not token:
        return credentials, ""
    try:
        credentials.put(endpoint, token)
    except ValueError as error:
        return credentials, f"The Hugging Face token of the environment is not used: {error}."
    credentials.of_file = of_file
    if of_file and is_mirror(endpoint):
        credentials.put_or_forget(endpoint, "")
    return credentials, ""


def is_mirror(endpoint: str) -> bool:
    """Tell whether an endpoint is neither Hugging Face itself nor a server on this machine."""
    try:
        origin = origin_of(endpoint)
    except ValueError:
        return True
    return origin != origin_of(HUB_DEFAULT) and not is_loopback(origin[1])


def is_endpoint_set(environ: Mapping[str, str]) -> bool:
    """Tell whether the environment names the hub: then no setting does."""
    return bool(environ.get("HF_ENDPOINT", "").strip())


def endpoint_of(environ: Mapping[str, str]) -> str:
    """Return the hub that Hugging Face handles are fetched from, without a final slash."""
    return (environ.get("HF_ENDPOINT", "").strip() or HUB_DEFAULT).rstrip("/")
