"""One web process: `python -m app.serve --fd N` on the supervisor's socket, or `--host H --port N` on its own.

A socket that outlives the process loses no connection when the process is killed: the next one accepts it.
"""

import argparse
import socket
import sys

import uvicorn

from app.wire import BoundedProtocol
from core import config


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m app.serve")
    parser.add_argument("--fd", type=int)
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 -- in a container; the supervisor passes loopback
    parser.add_argument("--port", type=int, default=8000)
    wanted = parser.parse_args()
    trusted = config.load().trusted_proxies
    settings = uvicorn.Config(
        "app.main:serve",
        factory=True,
        http=BoundedProtocol,
        host=wanted.host,
        port=wanted.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted or None,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(settings)
    server.run(sockets=None if wanted.fd is None else [socket.socket(fileno=wanted.fd)])
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
