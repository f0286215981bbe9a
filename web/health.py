"""Liveness, readiness and metrics: for machines, never for customers."""

import ipaddress
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from core.config import Settings
from core.db import statement
from web import metrics
from web.caller import address_of
from web.runtime import RuntimeDep

router = APIRouter(include_in_schema=False)

READY: Final = statement(__package__, "ready.sql")
QUEUES: Final = statement(__package__, "queues.sql")
PASSED_ON: Final = ("x-forwarded-for", "forwarded")
COUNTED: Final = 10_000
"""A queue that is longer is told as this long: counting must stay quick."""


@router.get("/livez")
async def livez() -> Response:
    """The process answers; says nothing about anything else."""
    return Response(b"ok\n", media_type="text/plain")


@router.get("/readyz")
async def readyz(runtime: RuntimeDep) -> Response:
    """200 when the database answers and has the schema this code needs or a later one, else 503 with what is missing.

    Redis is not asked: losing it loses nothing. Nor do long queues make a process less ready.
    """
    try:
        schema = await runtime.db.hot(READY, {})
    except (DatabaseError, PoolTimeout):
        return JSONResponse({"database": "unreachable", "schema": "unknown"}, 503)
    if schema.endswith("+"):
        return JSONResponse(
            {"database": "ok", "schema": "unfinished", "has": schema[:-1], "needs": runtime.schema}, 503
        )
    if schema < runtime.schema:
        return JSONResponse({"database": "ok", "schema": "behind", "has": schema, "needs": runtime.schema}, 503)
    return JSONResponse({"database": "ok", "schema": "ok"})


@router.get("/metrics")
async def prometheus(request: Request, runtime: RuntimeDep) -> Response:
    """Prometheus text. Only for peers on this machine or those of `metrics_peers`: others get 404."""
    if not _may_scrape(request, runtime.settings):
        return Response(status_code=404)
    try:
        metrics.tell(await runtime.db.hot(QUEUES, {"most": COUNTED}))
    except (DatabaseError, PoolTimeout):
        metrics.DATABASE_UP.set(0)
    return Response(metrics.render(), media_type="text/plain; version=0.0.4")


def _may_scrape(request: Request, settings: Settings) -> bool:
    try:
        peer = ipaddress.ip_address(address_of(request))
    except ValueError:
        return False
    if isinstance(peer, ipaddress.IPv6Address):
        peer = peer.ipv4_mapped or peer
    # A proxy on this machine whose word is not taken calls from a loopback address for the whole world.
    is_passed_on = any(name in request.headers for name in PASSED_ON)
    return (peer.is_loopback and not is_passed_on) or any(peer in network for network in settings.metrics_networks)
