# One image for web, worker, relay, scheduler and `wattline` (compose.yaml shows the commands). It brings no PostgreSQL, no Redis and no sandbox.
FROM debian:bookworm-slim AS packages
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/wattline
COPY pyproject.toml requirements-bootstrap.lock requirements.lock ./
# What serves is what pyproject.toml asks for without extras, in the versions and with the hashes of the lock.
RUN python3 -m venv /opt/uv \
 && /opt/uv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-bootstrap.lock \
 && python3 -m venv --without-pip .venv \
 && /opt/uv/bin/python -m uv pip install --no-cache --compile-bytecode --python .venv/bin/python --require-hashes -r pyproject.toml -c requirements.lock

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin wattline
WORKDIR /srv/wattline
COPY --from=packages /srv/wattline/.venv .venv
COPY LICENSE NOTICE alembic.ini ./
COPY migrations migrations
COPY core core
COPY services services
COPY notifications notifications
COPY web web
COPY jobs jobs
COPY portal portal
COPY routers routers
COPY app app
RUN printf '#!/bin/sh\nexec python -m app.cli "$@"\n' > /usr/local/bin/wattline && chmod 755 /usr/local/bin/wattline
ENV PATH=/srv/wattline/.venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/srv/wattline PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8000
CMD ["python", "-m", "app.serve", "--host", "0.0.0.0", "--port", "8000"]
