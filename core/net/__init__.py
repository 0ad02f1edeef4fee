"""The network: httpx client, transport, error boundary, credentials by origin, redirects.

May use: errors, records, httpx, aiohttp. Must not know: what a hub is, tasks, files, Qt.
"""
