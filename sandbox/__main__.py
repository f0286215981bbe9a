"""`python -m sandbox init --home DIR` makes keys; `python -m sandbox serve --home DIR --port N` plays the providers."""

import argparse
import sys
from pathlib import Path

from sandbox import credentials


def main() -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="make keys and credentials.json, once")
    serve = commands.add_parser("serve", help="play the providers")
    for command in (init, serve):
        command.add_argument("--home", type=Path, required=True)
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8001)
    serve.add_argument("--currency", default="CNY", help="of all orders")
    serve.add_argument("--sms-receipt-url", default=None, help="where SMS receipts are sent; kept in the books")
    serve.add_argument("--wechat-url", default=None, help="where messages of WeChat are sent; kept in the books")
    serve.add_argument(
        "--retry-scale", type=float, default=1.0, help="multiplies the waits between deliveries of a callback"
    )
    wanted = parser.parse_args()
    credentials.init(wanted.home)
    if wanted.command == "serve":
        import uvicorn  # noqa: PLC0415 -- `init` is quick

        from sandbox.app import create_app  # noqa: PLC0415 -- as above

        base_url = f"http://{wanted.host}:{wanted.port}"
        app = create_app(
            wanted.home,
            base_url=base_url,
            currency=wanted.currency,
            receipt_url=wanted.sms_receipt_url,
            wechat_url=wanted.wechat_url,
            retry_scale=wanted.retry_scale,
        )
        uvicorn.run(
            app, host=wanted.host, port=wanted.port, access_log=False, log_level="error", timeout_graceful_shutdown=5
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
