"""What httpx has no words for: kinds of its errors that the transport raises and `core.net.errors` translates."""

import httpx


class ProxyTrouble(httpx.ProxyError):
    """Something between this machine and the proxy, or the proxy's refusal.

    Attributes:
        proxy: Host and port, without credentials.
        wants_credentials: It asked for others, or for any.
        refuses: It will not let this through, however often it is asked.
        reason: In a few words; empty where the cause tells.
    """

    def __init__(
        self,
        proxy: str,
        reason: str = "",
        *,
        wants_credentials: bool = False,
        refuses: bool = False,
        request: httpx.Request | None = None,
    ) -> None:
        super().__init__(reason or proxy, request=request)
        self.proxy = proxy
        self.reason = reason
        self.wants_credentials = wants_credentials
        self.refuses = refuses or wants_credentials


class Dropped(httpx.ReadError):
    """The connection was given up because it is from before a sleep."""
