# mockbatch as a container: docker build --tag mockbatch .
FROM python:3.14-slim

WORKDIR /src
COPY pyproject.toml setup.py setup.cfg README.md LICENSE ./
COPY mockbatch ./mockbatch
RUN pip install --no-cache-dir ".[images,redis,tls]"

# /files and /data are for volumes: --files /files, --state sqlite:////data/state.db.
RUN useradd --system --uid 10001 mockbatch && install -d -o mockbatch /files /data
# By number, as runAsNonRoot in Kubernetes needs it.
USER 10001
WORKDIR /tmp

EXPOSE 8787
HEALTHCHECK --interval=2s --timeout=3s --start-period=10s --retries=5 \
    CMD ["python", "-c", "import http.client; c = http.client.HTTPConnection('127.0.0.1', 8787, timeout=2); c.request('GET', '/_mock/health'); raise SystemExit(c.getresponse().status != 200)"]

# Options follow the image's name: docker run mockbatch --clock manual
ENTRYPOINT ["mockbatch", "serve", "--host", "0.0.0.0"]
