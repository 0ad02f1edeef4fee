"""Which program listens on a port, where the system tells. Blocking."""

import psutil


def who_listens(port: int) -> str:
    """Return the name and number of the process that listens on a TCP port; empty where nobody can tell."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                return "" if connection.pid is None else _name(connection.pid)
    except (psutil.Error, OSError, RuntimeError):
        return ""
    return ""


def _name(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return f"process {pid}"
