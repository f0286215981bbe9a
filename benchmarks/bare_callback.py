"""What a callback costs at least: the same signature checked, one row committed.

`python -m benchmarks.bare_callback --fd N`. Keeps nothing of the product's promises: no guard, no window for old
signatures, nothing opened, nothing booked.
"""

import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, LiteralString

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool

from benchmarks.servers import serve

DSN: Final = "WATTLINE_BENCH_DSN"
PUBLIC_KEY: Final = "WATTLINE_BENCH_PUBLIC_KEY"
TABLE: Final[LiteralString] = (
    "create table bare_callback (id text primary key, body bytea not null, at timestamptz not null default now())"
)
_INSERT: Final = "insert into bare_callback (id, body) values (%s, %s) on conflict do nothing"
POOL: Final = 16


def application() -> FastAPI:
    """The endpoint over the database of the environment."""
    key = load_pem_public_key(os.environ[PUBLIC_KEY].encode())
    assert isinstance(key, RSAPublicKey)
    pool = AsyncConnectionPool(
        os.environ[DSN],
        min_size=POOL,
        max_size=POOL,
        open=False,
        kwargs={"autocommit": True, "prepare_threshold": 0},
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/livez")
    async def livez() -> Response:
        return Response()

    @app.post("/callbacks/wechat-pay")
    async def receive(request: Request) -> Response:
        body = await request.body()
        head = f"{request.headers['wechatpay-timestamp']}\n{request.headers['wechatpay-nonce']}\n".encode()
        try:
            signature = base64.b64decode(request.headers["wechatpay-signature"])
            key.verify(signature, head + body + b"\n", PKCS1v15(), SHA256())
        except InvalidSignature:
            return Response(status_code=401)
        async with pool.connection() as connection:
            await connection.execute(_INSERT, (json.loads(body)["id"], body))
        return Response(status_code=204)

    return app


if __name__ == "__main__":
    serve(application())
