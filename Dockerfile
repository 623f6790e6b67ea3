# Three stages: pages built with node, environment and model files with Python, then a slim image that runs as nobody special.
FROM node:20-slim AS pages
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock requirements-uv.lock ./
RUN python -m venv /app/.venv \
 && /app/.venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-uv.lock
RUN VIRTUAL_ENV=/app/.venv /app/.venv/bin/uv pip install --no-cache --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY service ./service
COPY eval ./eval
COPY prompts ./prompts
COPY --from=pages /src/node_modules ./node_modules
RUN python service/web/build_assets.py && rm -rf node_modules \
 && VIRTUAL_ENV=/app/.venv /app/.venv/bin/uv pip install --no-cache --no-deps --no-build-isolation --editable . \
 && DATA_DIR=/app/data /app/.venv/bin/answerloop models fetch

FROM python:3.11-slim
# The bundled language model's library needs OpenMP at run time.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app answerloop
WORKDIR /app
COPY --from=build --chown=root:root /app /app
COPY --chmod=755 container-start.sh /app/
RUN mkdir -p /data && mv /app/data/models /app/models && rm -rf /app/data && chown -R answerloop /data
ENV PATH=/app/.venv/bin:$PATH DATA_DIR=/data HOST=0.0.0.0 PORT=8000 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN python -c "import xllamacpp, onnxruntime"
USER answerloop
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/readyz', timeout=4)"]
CMD ["/app/container-start.sh"]
