ARG BASE=python:3.11.16-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/covidxray \
    && /opt/covidxray/bin/pip install --require-hashes -r requirements.lock
RUN python -m venv tools \
    && tools/bin/pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
COPY model_store model_store
COPY reference reference
RUN tools/bin/hatchling build --target wheel --directory dist \
    && /opt/covidxray/bin/pip install --no-deps --no-index dist/*.whl

FROM ${BASE}
# It listens on all addresses of the container, and refuses to start unless callers have to say who
# they are (COVIDXRAY_KEYS, in a volume) or COVIDXRAY_OPEN_TO_ALL=true lets everybody in.
# Keras writes its settings into a folder of its own, feedback goes into another; nothing else is
# written.
ENV PATH=/opt/covidxray/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    KERAS_HOME=/tmp/keras \
    COVIDXRAY_RECORDS=/var/lib/covidxray/records.sqlite \
    COVIDXRAY_HOST=0.0.0.0 \
    COVIDXRAY_PORT=8000
RUN useradd --system --no-create-home --uid 10001 covidxray \
    && install --directory --owner=covidxray --mode=0700 /var/lib/covidxray
COPY --from=build /opt/covidxray /opt/covidxray
USER 10001
EXPOSE ${COVIDXRAY_PORT}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["covidxray", "health"]
CMD ["covidxray", "serve"]
