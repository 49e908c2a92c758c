"""The unmodified AzureOpenAI and groq clients over a socket: whole lives."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import groq
import openai
import pytest

from mockbatch.client import WorldClient
from mockbatch.typing import Json

Make = Callable[..., WorldClient]
ENDED = ("completed", "failed", "expired", "cancelled")


@pytest.fixture
def polled(make_mockbatch: Make) -> WorldClient:
    """Make a world whose clock moves when it is polled."""
    return make_mockbatch(clock="on-poll")


@pytest.fixture(params=["classic", "v1"])
def client(request: pytest.FixtureRequest, polled: WorldClient) -> Iterator[openai.OpenAI]:
    """Return a client of each surface: AzureOpenAI, and OpenAI with a Bearer key."""
    if request.param == "classic":
        with openai.AzureOpenAI(
            azure_endpoint=polled.url, api_key=polled.api_key, api_version="2024-10-21"
        ) as azure:
            yield azure
    else:
        with openai.OpenAI(base_url=f"{polled.url}/openai/v1/", api_key=polled.api_key) as v1:
            yield v1


def line(name: str, url: str = "/chat/completions", **changes: Json) -> bytes:
    """Return an input line; changes are of its body."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], **changes}
    request = {"custom_id": name, "method": "POST", "url": url, "body": body}
    return json.dumps(request).encode() + b"\n"


def upload(client: openai.OpenAI, *lines: bytes) -> str:
    """Upload an input file and wait until it is processed, as the guide says."""
    created = client.files.create(file=("in.jsonl", b"".join(lines)), purpose="batch")
    assert created.status == "pending"  # type: ignore[comparison-overlap]
    file = client.files.retrieve(created.id)
    assert file.status == "processed"
    return file.id


def create(client: openai.OpenAI, file: str, **options: Any) -> Any:
    """Create a batch with the endpoint of the guide, which the SDK's types do not have."""
    request: Any = {"endpoint": "/chat/completions", "completion_window": "24h", **options}
    return client.batches.create(input_file_id=file, **request)


def poll_to_the_end(client: openai.OpenAI, id: str) -> Any:
    """Poll until a batch has ended."""
    for _ in range(50):
        batch = client.batches.retrieve(id)
        if batch.status in ENDED:
            return batch
    pytest.fail(f"{id} does not end")


def results(client: openai.OpenAI, batch: Any) -> dict[str, int]:
    """Return the status of each line of both files."""
    text = "".join(
        client.files.content(id).text for id in (batch.output_file_id, batch.error_file_id)
    )
    found = map(json.loads, text.splitlines())
    return {one["custom_id"]: one["response"]["status_code"] for one in found}


def test_life_with_a_failing_line(client: openai.OpenAI) -> None:
    """Both files are read, whatever is in them."""
    file = upload(client, line("a"), line("b", temperature=9))
    batch = poll_to_the_end(client, create(client, file).id)
    assert batch.status == "completed"
    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 1)
    assert results(client, batch) == {"a": 200, "b": 400}


def test_completed_batch_has_an_empty_error_file(client: openai.OpenAI) -> None:
    """A program that reads it whenever it is named gets no line."""
    batch = poll_to_the_end(client, create(client, upload(client, line("a"))).id)
    assert client.files.content(batch.error_file_id).read() == b""


def test_invalid_input(client: openai.OpenAI) -> None:
    """With Azure's code."""
    file = upload(client, line("a"), line("b", "/v1/chat/completions"))
    batch = poll_to_the_end(client, create(client, file).id)
    assert batch.status == "failed"
    assert [error.code for error in batch.errors.data] == ["url_mismatch"]


def test_a_batch_outlives_its_window(client: openai.OpenAI, polled: WorldClient) -> None:
    """After 24 hours it goes on, and completes when it is resumed."""
    batch = create(client, upload(client, line("a")))
    polled.hold(batch.id)
    polled.clock.advance(hours=25)
    late = client.batches.retrieve(batch.id)
    assert (late.status, late.expired_at) == ("validating", None)
    assert polled.clock.now > batch.expires_at
    polled.resume(batch.id)
    assert poll_to_the_end(client, batch.id).status == "completed"


def test_cancel(client: openai.OpenAI) -> None:
    """From cancelling to cancelled."""
    batch = create(client, upload(client, line("a")))
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert poll_to_the_end(client, batch.id).status == "cancelled"


@pytest.mark.parametrize(
    ("count", "page"), [(21, 10), pytest.param(1001, 100, marks=pytest.mark.slow)]
)
def test_all_pages(polled: WorldClient, count: int, page: int) -> None:
    """The SDK goes on to the last page, and sees each batch once."""
    client = polled.azure
    file = upload(client, line("a"))
    ids = [create(client, file).id for _ in range(count)]
    assert [batch.id for batch in client.batches.list(limit=page)] == ids[::-1]


def test_blob(client: openai.OpenAI) -> None:
    """Its fields are further ones of the SDK's object."""
    upload(client, line("a"))
    blobs = {
        "input_blob": "https://a.blob.core.windows.net/in/in.jsonl",
        "output_folder": {"url": "https://a.blob.core.windows.net/out"},
    }
    batch = create(client, None, extra_body=blobs)
    done = poll_to_the_end(client, batch.id)
    assert done.output_blob.endswith("/results.jsonl")
    assert done.output_file_id is None


def test_errors_are_those_of_the_sdk(client: openai.OpenAI) -> None:
    """By status, with the code."""
    with pytest.raises(openai.NotFoundError) as unknown:
        client.batches.retrieve("batch_1")
    assert (unknown.value.code, unknown.value.type) == ("404", None)
    with pytest.raises(openai.AuthenticationError, match="Access denied"):
        client.with_options(api_key="undefined").batches.list()


def test_live_call(client: openai.OpenAI) -> None:
    """Also streamed; the deployment is in the path with AzureOpenAI."""
    call: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
    reply = client.chat.completions.create(**call).choices[0].message.content
    chunks = client.chat.completions.create(**call, stream=True)
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert streamed == reply


def test_lifetime_of_files(client: openai.OpenAI) -> None:
    """The SDK's form fields are read."""
    lifetime: Any = {"anchor": "created_at", "seconds": 1209600}
    file = client.files.create(file=("a", line("a")), purpose="batch", expires_after=lifetime)
    assert file.expires_at == file.created_at + 1209600


def test_groq_life(polled: WorldClient) -> None:
    """From the upload to the results, with a window of a week, a cancel and a list."""
    with groq.Groq(base_url=polled.url, api_key=polled.api_key) as client:
        data = line("a", "/v1/chat/completions") + line("b", "/v1/chat/completions", temperature=9)
        file = client.files.create(file=("in.jsonl", data), purpose="batch")
        made: Any = {"endpoint": "/v1/chat/completions", "completion_window": "7d"}
        batch = client.batches.create(input_file_id=file.id, **made)
        assert batch.expires_at == batch.created_at + 7 * 86400
        done = poll_to_the_end(client, batch.id)
        counts = done.request_counts
        assert (done.status, counts.completed, counts.failed) == ("completed", 1, 1)
        texts = (client.files.content(id) for id in (done.output_file_id, done.error_file_id))
        names = {json.loads(text.text())["custom_id"] for text in texts}
        assert names == {"a", "b"}
        other = client.batches.create(input_file_id=file.id, **made)
        assert client.batches.cancel(other.id).status == "cancelling"
        assert poll_to_the_end(client, other.id).status == "cancelled"
        assert [one.id for one in client.batches.list().data] == [other.id, batch.id]
        with pytest.raises(groq.BadRequestError):
            client.batches.create(input_file_id=file.id, **{**made, "completion_window": "8d"})
        assert client.files.delete(file.id).deleted


def test_groq_expiry(polled: WorldClient) -> None:
    """At the end of its window, with the lines that were done and an error for each other."""
    polled.scenario("expired_partial", fraction=0.5)
    with groq.Groq(base_url=polled.url, api_key=polled.api_key) as client:
        data = b"".join(line(name, "/v1/chat/completions") for name in "abcd")
        file = client.files.create(file=("in.jsonl", data), purpose="batch")
        made: Any = {"endpoint": "/v1/chat/completions", "completion_window": "48h"}
        batch = client.batches.create(input_file_id=file.id, **made)
        done = poll_to_the_end(client, batch.id)
        assert (done.status, done.expired_at) == ("expired", batch.created_at + 48 * 3600)
        output, errors = (
            [json.loads(one) for one in client.files.content(id).text().splitlines()]
            for id in (done.output_file_id, done.error_file_id)
        )
        assert len(output) == 2
        assert [one["error"]["code"] for one in errors] == ["batch_expired"] * 2


@pytest.mark.parametrize("count", [21, pytest.param(1001, marks=pytest.mark.slow)])
def test_groq_lists_all_batches_at_once(polled: WorldClient, count: int) -> None:
    """Its SDK asks for no page; OpenAI's pages until it gets an empty one."""
    with groq.Groq(base_url=polled.url, api_key=polled.api_key) as client:
        data = line("a", "/v1/chat/completions")
        file = client.files.create(file=("in.jsonl", data), purpose="batch")
        made: Any = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
        ids = [client.batches.create(input_file_id=file.id, **made).id for _ in range(count)]
        assert [batch.id for batch in client.batches.list().data] == ids[::-1]
    with openai.OpenAI(base_url=f"{polled.url}/groq/openai/v1", api_key=polled.api_key) as other:
        assert [batch.id for batch in other.batches.list()] == ids[::-1]


def test_groq_and_azure_share_a_path_and_no_batch(polled: WorldClient) -> None:
    """The User-Agent tells them apart."""
    with groq.Groq(base_url=polled.url, api_key=polled.api_key) as client:
        file = client.files.create(
            file=("in.jsonl", line("a", "/v1/chat/completions")), purpose="batch"
        )
        made: Any = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
        batch = client.batches.create(input_file_id=file.id, **made)
    with openai.OpenAI(base_url=f"{polled.url}/openai/v1", api_key=polled.api_key) as azure:
        assert azure.batches.list().data == []
    with openai.OpenAI(base_url=f"{polled.url}/groq/openai/v1", api_key=polled.api_key) as other:
        assert [one.id for one in other.batches.list()] == [batch.id]
