"""nginx with a configuration of its own in a temporary folder: the CDN of the measurements."""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import Failed, start, stop

START_S = 10.0

_CONFIG = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 65;
  keepalive_requests 100000;
  default_type application/octet-stream;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  limit_conn_zone $server_port zone=all:1m;
  limit_conn_status 429;
  limit_conn_log_level info;
  server {{
    listen 127.0.0.1:{http};
    listen 127.0.0.1:{https} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    {place}
  }}
  server {{
    listen 127.0.0.1:{limited} sndbuf=256k;
    limit_conn all {most};
    {place}
  }}
}}
"""
# The demo hub's signed links end in the hash of the file; plain peers are given the same address.
_PLACE = 'location ~ "/([0-9a-f]{{64}})$" {{ alias {files}/$1; }}'


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx.

    Attributes:
        http, https, limited: Its ports; the last one answers 429 beyond some connections.
        ca: The certificate that its own is signed with.
    """

    http: int
    https: int
    limited: int
    ca: Path

    def url(self, *, tls: bool) -> str:
        """Return where it is."""
        return f"https://127.0.0.1:{self.https}" if tls else f"http://127.0.0.1:{self.http}"


def program() -> str:
    """Return where nginx is; /usr/sbin is not on everybody's path."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if not found:
        raise Failed("nginx is missing: make bench-tools installs it")
    return found


@contextmanager
def nginx(folder: Path, files: Path, *, most_connections: int = 4) -> Iterator[Nginx]:
    """Serve the files in `files`, named by their SHA-256, with and without TLS."""
    import trustme

    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="Bench")
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    (folder / "server.key").write_bytes(certificate.private_key_pem.bytes())
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    http, https, limited = _free_ports(3)
    made = Nginx(http, https, limited, folder / "ca.pem")
    place = _PLACE.format(files=files)
    config = _CONFIG.format(
        folder=folder, http=made.http, https=made.https, limited=made.limited, most=most_connections, place=place
    )
    (folder / "nginx.conf").write_text(config, encoding="utf-8")
    words = [program(), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    process = start(words)
    try:
        _await_port(made.limited, folder)
        yield made
    finally:
        stop(process)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [made.getsockname()[1] for made in sockets]
    for made in sockets:
        made.close()
    return ports


def _await_port(port: int, folder: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    log = folder / "error.log"
    raise Failed("nginx did not start: " + (log.read_text()[-1000:] if log.exists() else "it says nothing"))
