# syntax=docker/dockerfile:1
# Two images from one file:
#   docker build --target cpu -t audiocot:cpu .     the embedded models and any served model; no torch
#   docker build --target gpu -t audiocot:gpu .     plus torch, transformers, sam2 and vLLM, for workers with GPUs
# Both run `audiocot` as a user without privileges:
#   docker run --rm -v "$PWD/data:/data" audiocot:cpu build --source /data/videos --root /data/dataset

FROM python:3.12-slim-bookworm AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg tini \
    && rm -rf /var/lib/apt/lists/*
ENV VIRTUAL_ENV=/opt/audiocot PATH=/opt/audiocot/bin:$PATH PYTHONUNBUFFERED=1 UV_COMPILE_BYTECODE=1
RUN python -m venv "$VIRTUAL_ENV" && pip install --no-cache-dir "uv==0.13.*"
WORKDIR /opt/src
COPY locks locks

# Dependencies change less often than code: they are layers of their own.
FROM base AS cpu-dependencies
RUN uv pip install --no-cache --require-hashes -r locks/base.txt

FROM base AS gpu-dependencies
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc g++ git \
    && rm -rf /var/lib/apt/lists/*
RUN uv pip install --no-cache --require-hashes -r locks/gpu.txt && python locks/drop_sam2_training.py

FROM cpu-dependencies AS cpu
COPY . .
RUN uv pip install --no-cache --no-deps . && useradd --create-home --uid 10001 audiocot && mkdir /data && chown audiocot /data
USER audiocot
WORKDIR /data
HEALTHCHECK --interval=1m --timeout=20s --retries=3 CMD ["audiocot", "doctor", "--json"]
ENTRYPOINT ["tini", "--", "audiocot"]
CMD ["--help"]

FROM gpu-dependencies AS gpu
COPY . .
RUN uv pip install --no-cache --no-deps . && useradd --create-home --uid 10001 audiocot && mkdir /data && chown audiocot /data
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
USER audiocot
WORKDIR /data
HEALTHCHECK --interval=1m --timeout=20s --retries=3 CMD ["audiocot", "doctor", "--json"]
ENTRYPOINT ["tini", "--", "audiocot"]
CMD ["--help"]
