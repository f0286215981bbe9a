"""Liveness, readiness and metrics: for machines, never for customers."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from core.db import statement
from web import metrics
from web.runtime import RuntimeDep

router = APIRouter(include_in_schema=False)

_QUEUES: Final = statement("web", "queues.sql")


@router.get("/livez")
async def livez() -> Response:
    """The process answers; says nothing about anything else."""
    return Response(b"ok\n", media_type="text/plain")


@router.get("/readyz")
async def readyz(runtime: RuntimeDep) -> Response:
    """200 when the database answers on the schema this code was made for, else 503.

    Redis is not asked: losing it loses nothing.
    """
    try:
        queues = await runtime.db.hot(_QUEUES, {})
    except (DatabaseError, PoolTimeout):
        return JSONResponse({"database": "unreachable"}, 503)
    return JSONResponse({"database": "ok", "queues": {name: row["pending"] for name, row in queues.items()}})


@router.get("/metrics")
async def prometheus(request: Request, runtime: RuntimeDep) -> Response:
    """Prometheus text. Only for peers on this machine or trusted proxies' networks: others get 404."""
    peer = request.client.host if request.client is not None else ""
    scrapers = {"127.0.0.1", "::1", "testclient", *filter(None, runtime.settings.metrics_peers.split(","))}
    if peer not in scrapers:
        return Response(status_code=404)
    queues = await runtime.db.hot(_QUEUES, {})
    for name, row in queues.items():
        metrics.PENDING.labels(name).set(row["pending"])
        metrics.OLDEST.labels(name).set(row["oldest_s"])
    return Response(metrics.render(), media_type="text/plain; version=0.0.4")
