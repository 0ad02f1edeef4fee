"""Access tokens keyed by exact origin: the only place that attaches one.

A token given in the environment belongs to the endpoint of that environment and goes nowhere else.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from core.net.origin import Origin, origin_of

HUB_DEFAULT = "https://huggingface.co"
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


class Credentials:
    """Tokens by origin; `repr` shows none of them."""

    def __init__(self) -> None:
        self._tokens: dict[Origin, str] = {}

    def put(self, url: str, token: str) -> None:
        """Keep a token for the origin of `url`.

        Raises:
            ValueError: The token could break a header, or the URL has no origin.
        """
        if not _TOKEN.fullmatch(token):
            raise ValueError("the token has spaces or characters that cannot be sent")
        self._tokens[origin_of(url)] = token

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
            token = self._tokens.get(origin_of(url))
        except ValueError:
            return {}
        return {"Authorization": f"Bearer {token}"} if token else {}

    def __repr__(self) -> str:
        return f"<Credentials for {sorted(host for _, host, _ in self._tokens)}>"


def from_environment(environ: Mapping[str, str], home: Path) -> tuple[Credentials, str]:
    """Return the tokens of the environment and a warning (empty where all is well).

    `HF_TOKEN`, else the file `HF_TOKEN_PATH`, else `HF_HOME/token`; for the origin of `HF_ENDPOINT`.
    """
    credentials = Credentials()
    endpoint = endpoint_of(environ)
    token = environ.get("HF_TOKEN", "").strip()
    if not token:
        hf_home = environ.get("HF_HOME") or str(
            Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "huggingface"
        )
        path = Path(environ.get("HF_TOKEN_PATH") or Path(hf_home) / "token").expanduser()
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return credentials, ""
    if not token:
        return credentials, ""
    try:
        credentials.put(endpoint, token)
    except ValueError as error:
        return credentials, f"The Hugging Face token of the environment is not used: {error}."
    return credentials, ""


def endpoint_of(environ: Mapping[str, str]) -> str:
    """Return the hub that Hugging Face handles are fetched from, without a final slash."""
    return (environ.get("HF_ENDPOINT", "").strip() or HUB_DEFAULT).rstrip("/")
