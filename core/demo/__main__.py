"""`python -m core.demo`: the demo hub as a program of its own, until SIGINT or SIGTERM.

Knows: options and signals. Must not know: routes.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from core.demo.catalogue import SCALES, Scale
from core.demo.knobs import Knobs
from core.demo.server import DemoHub


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m core.demo", description="A model hub on this machine.")
    parser.add_argument("--port", type=int, default=0, help="the hub's port (0: any)")
    parser.add_argument("--cdn-port", type=int, default=0, help="the port of the file server (0: any)")
    parser.add_argument("--cdn", default="", metavar="URL", help="another file server: large files come from there")
    parser.add_argument("--rate-bytes-s", type=float, help="bytes a second, all connections together")
    parser.add_argument("--rate-bytes-s-connection", type=float, help="bytes a second of one connection")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait before each answer")
    parser.add_argument("--models", choices=(*SCALES, "large"), default="small", help="large: as in the demo")
    options = parser.parse_args(arguments)
    knobs = Knobs(
        bytes_per_s_total=options.rate_bytes_s,
        bytes_per_s_connection=options.rate_bytes_s_connection,
        latency_s=options.latency_ms / 1000,
    )
    scale: Scale = "demo" if options.models == "large" else options.models
    hub = DemoHub(scale=scale, port=options.port, cdn_port=options.cdn_port, cdn_url=options.cdn, knobs=knobs)
    try:
        asyncio.run(_serve(hub, warm=scale == "bench"))
    except KeyboardInterrupt:
        pass  # where signals cannot be handled on the loop
    except OSError as error:
        print(f"Cannot listen: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(hub: DemoHub, *, warm: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: asyncio.run turns Ctrl-C into KeyboardInterrupt
            break
    async with hub:
        if warm:
            await hub.warm()
        print(f"Hub listening on {hub.endpoint}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
