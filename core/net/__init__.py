"""The network: httpx client, transport, error boundary, credentials by origin, redirects.

May use: errors, records, httpx, aiohttp. Must not know: what a hub is, tasks, files, Qt.
"""

import sys

# httpx loads its own command line, with all of rich and click, wherever these happen to be installed. None says
# that there is no such module, and httpx goes on without it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
