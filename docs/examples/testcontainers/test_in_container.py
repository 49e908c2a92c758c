"""mockbatch in a container that the tests start, and that goes when they end.

From Python the fixture `mockbatch` does the same without Docker, and more. This is for code
under test that runs in containers itself, or where mockbatch is not to be installed.
The image is that of the Dockerfile at the root of the project, built with `--tag mockbatch`.
"""

import json
import urllib.request

import openai
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

PORT = 8787
LINE = (
    b'{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": '
    b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}}\n'
)


@pytest.fixture(scope="session")
def server():
    container = DockerContainer("mockbatch").with_exposed_ports(PORT)
    container.with_env("MOCKBATCH_CLOCK", "manual")  # each option has such a variable
    container.waiting_for(HttpWaitStrategy(PORT, "/_mock/health"))
    with container:
        yield f"http://{container.get_container_host_ip()}:{container.get_exposed_port(PORT)}"


@pytest.fixture
def client(server, request):
    # A key is a world of its own: tests share the container and nothing else.
    return openai.OpenAI(base_url=f"{server}/v1", api_key=f"sk-{request.node.name}")


@pytest.fixture
def advance(server, client):
    """Move time; it returns when all that was due has happened."""

    def advance(**body):
        request = urllib.request.Request(f"{server}/_mock/clock/advance", json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {client.api_key}")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    return advance


def test_a_batch_is_completed(client, advance):
    batch = submit(client)
    advance(batch=batch.id, status="completed")
    assert client.batches.retrieve(batch.id).request_counts.completed == 5


def test_a_batch_expires_half_done(client, advance):
    batch = submit(client, {"mockbatch_scenario": "expired_partial", "mockbatch_fraction": "0.4"})
    advance(seconds=24 * 3600)
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.request_counts.completed) == ("expired", 2)


def submit(client, metadata=None):
    lines = b"".join(LINE % number for number in range(5))
    file = client.files.create(file=("in.jsonl", lines), purpose="batch")
    return client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata=metadata or {},
    )
