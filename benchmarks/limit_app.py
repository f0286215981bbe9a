"""Serves the frozen `limit_http.py`, bare or behind our own guard: `python -m benchmarks.limit_app --fd N`.

`WATTLINE_BENCH_GUARD` puts the same outermost layer before it that our application has: checks of the head, request
id, metrics, one log line, security headers. The server's settings are those of `app.serve`.
"""

import importlib.util
import logging
import os
import sys
from typing import Any

from starlette.types import ASGIApp

from benchmarks.harness import limits
from benchmarks.servers import PUBLIC_URL, serve
from core import logging as our_logging
from web.guard import Guard, GuardRules, hosts_of


def main() -> None:
    """Serve until told to stop."""
    app: ASGIApp = frozen().app
    if "WATTLINE_BENCH_GUARD" in os.environ:
        our_logging.configure(level="INFO")
        app = Guard(app, rules=GuardRules(hosts_of(PUBLIC_URL, ""), ("zh-CN", "en"), is_secure=False))
    else:
        logging.basicConfig(level="WARNING")
    serve(app)


def frozen() -> Any:
    """The module of the frozen file; it reads LIMIT_DSN when it is imported."""
    spec = importlib.util.spec_from_file_location("limit_http", limits() / "limit_http.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["limit_http"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
