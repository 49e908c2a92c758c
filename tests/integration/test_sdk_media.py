"""Moderation, images and videos through the unmodified SDK: batches over a socket, and forms."""

import base64
import json
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai.types import ImagesResponse, ModerationCreateResponse, Video
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import parse_form_data

from mockbatch.client import WorldClient
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Execution, Form, FormFile
from mockbatch.ids import Seed
from mockbatch.typing import Json

MODERATIONS, GENERATIONS = "/v1/moderations", "/v1/images/generations"
EDITS, VIDEOS = "/v1/images/edits", "/v1/videos"
REQUESTS = Path(__file__).parents[2] / "fixtures" / "requests"
# Each with the type that the SDK has for a live answer.
TYPES: dict[str, Any] = {
    MODERATIONS: ModerationCreateResponse,
    GENERATIONS: ImagesResponse,
    EDITS: ImagesResponse,
    VIDEOS: Video,
}


def png(width: int = 4, height: int = 4) -> bytes:
    """Return a picture."""
    file = BytesIO()
    Image.new("RGB", (width, height)).save(file, "png")
    return file.getvalue()


def lines(path: str, *bodies: Json) -> bytes:
    """Return an input file with these bodies."""
    made = [
        {"custom_id": f"{number}", "method": "POST", "url": path, "body": body}
        for number, body in enumerate(bodies)
    ]
    return "\n".join(map(json.dumps, made)).encode()


def run(mock: WorldClient, path: str, data: bytes) -> Any:
    """Run a batch from its upload to its end."""
    file = mock.client.files.create(file=("in.jsonl", data), purpose="batch")
    batch = mock.client.batches.create(
        input_file_id=file.id, endpoint=path, completion_window="24h"
    )
    mock.clock.run_until(batch)
    return mock.client.batches.retrieve(batch.id)


def results(mock: WorldClient, file_id: str) -> dict[str, Json]:
    """Return the responses in a file, by custom_id."""
    text = mock.client.files.content(file_id).text
    found = map(json.loads, text.split("\n")[:-1])
    return {line["custom_id"]: line["response"] for line in found}


def outputs(mock: WorldClient, path: str, *bodies: Json) -> list[Any]:
    """Return the parsed answers to a batch of these bodies, in their order."""
    batch = run(mock, path, lines(path, *bodies))
    found = results(mock, batch.output_file_id)
    return [TYPES[path].model_validate(found[f"{number}"]["body"]) for number in range(len(bodies))]


class TestBatches:
    """From the upload to the parsed output."""

    @pytest.mark.parametrize("path", TYPES)
    def test_every_answer_is_of_the_sdks_type(self, mockbatch: WorldClient, path: str) -> None:
        """All lines are answered, and read without a conversion."""
        name = path.removeprefix("/v1/").replace("/", "_")
        batch = run(mockbatch, path, (REQUESTS / f"{name}.jsonl").read_bytes())
        found = results(mockbatch, batch.output_file_id)
        assert (batch.status, batch.error_file_id) == ("completed", None)
        assert len(found) == batch.request_counts.completed == batch.request_counts.total
        for response in found.values():
            TYPES[path].model_validate(response["body"], strict=True)

    @pytest.mark.parametrize(
        ("path", "snapshot"),
        [
            (MODERATIONS, "omni-moderation-latest"),
            (GENERATIONS, "gpt-image-2-2026-04-21"),
            (VIDEOS, "sora-2"),
        ],
    )
    def test_a_batch_tells_its_model(
        self, mockbatch: WorldClient, path: str, snapshot: str
    ) -> None:
        """The snapshot, if there is one."""
        name = path.removeprefix("/v1/").replace("/", "_")
        assert run(mockbatch, path, (REQUESTS / f"{name}.jsonl").read_bytes()).model == snapshot

    def test_a_batch_bills_its_images(self, mockbatch: WorldClient) -> None:
        """What the answers say is summed up."""
        body = {"model": "gpt-image-1.5", "prompt": "x", "quality": "low", "n": 2}
        batch = run(mockbatch, GENERATIONS, lines(GENERATIONS, body, body))
        assert batch.usage.output_tokens == 2 * 2 * 272

    @pytest.mark.parametrize("path", TYPES)
    def test_a_line_needs_a_model(self, mockbatch: WorldClient, path: str) -> None:
        """Even if a live call may leave it out: the Batch API has to know it."""
        body = {"input": "x", "prompt": "x", "images": [{"file_id": "file-1"}]}
        with pytest.raises(Exception, match="failed"):
            run(mockbatch, path, lines(path, body))
        [batch] = mockbatch.client.batches.list().data
        assert [(one.code, one.param) for one in batch.errors.data] == [
            ("invalid_request", "body.model")
        ]

    @pytest.mark.parametrize("path", TYPES)
    def test_a_line_cannot_be_streamed(self, mockbatch: WorldClient, path: str) -> None:
        """The error names the product."""
        with pytest.raises(Exception, match="failed"):
            run(
                mockbatch,
                path,
                lines(path, {"model": "m", "input": "x", "prompt": "x", "stream": True}),
            )
        [batch] = mockbatch.client.batches.list().data
        assert batch.errors.data[0].code == "streaming_unsupported"

    @pytest.mark.parametrize(
        ("path", "body", "code"),
        [
            (MODERATIONS, {"model": "omni-moderation-latest", "input": 5}, "invalid_type"),
            (GENERATIONS, {"model": "gpt-image-2", "prompt": "x", "size": "1x1"}, "invalid_value"),
            (EDITS, {"model": "gpt-image-2", "prompt": "x", "images": []}, "empty_array"),
            (VIDEOS, {"model": "sora-2", "prompt": "x", "seconds": "5"}, "invalid_value"),
        ],
    )
    def test_what_the_endpoint_refuses_is_a_failed_line(
        self, mockbatch: WorldClient, path: str, body: Json, code: str
    ) -> None:
        """It stands in the error file with the status and the error of a live call."""
        batch = run(mockbatch, path, lines(path, body))
        [response] = results(mockbatch, batch.error_file_id).values()
        assert (response["status_code"], response["body"]["error"]["code"]) == (400, code)

    def test_pictures_can_be_opened(self, mockbatch: WorldClient) -> None:
        """In the size and the format that was requested."""
        request = {"model": "gpt-image-2.5-flare", "prompt": "x", "size": "1536x864"}
        formats = ["png", "jpeg", "webp"]
        bodies = [{**request, "output_format": one} for one in formats]
        for answer, name in zip(outputs(mockbatch, GENERATIONS, *bodies), formats, strict=True):
            image = Image.open(BytesIO(base64.b64decode(answer.data[0].b64_json)))
            assert (image.size, image.format) == ((1536, 864), name.upper())
            assert (answer.size, answer.output_format) == ("1536x864", name)

    def test_jobs_have_ids_of_their_own(self, mockbatch: WorldClient) -> None:
        """And nothing is done yet."""
        body = {"model": "sora-2", "prompt": "x"}
        first, second = outputs(mockbatch, VIDEOS, body, body)
        assert first.id != second.id
        assert {first.status, second.status} == {"queued"}


class TestReplies:
    """What a test wants the lines to say."""

    def test_a_comment_can_be_flagged(self, mockbatch: WorldClient) -> None:
        """By what it says, in one line."""
        mockbatch.reply({"contains": "fight"}, {"flagged": ["violence", "harassment"]})
        texts = ["Hello", "Let us fight", ["Hello", "We fight"]]
        bodies = [{"model": "omni-moderation-latest", "input": text} for text in texts]
        found = outputs(mockbatch, MODERATIONS, *bodies)
        assert [[one.flagged for one in answer.results] for answer in found] == [
            *([False], [True], [True, True])
        ]
        assert found[1].results[0].categories.violence is True
        assert found[1].results[0].category_scores.violence > 0.9

    @pytest.mark.parametrize("path", [GENERATIONS, EDITS])
    def test_a_picture_of_ones_own(self, mockbatch: WorldClient, path: str) -> None:
        """A whole body is that of both endpoints that make pictures."""
        own = base64.b64encode(png(3, 5)).decode()
        mockbatch.reply({}, {"body": {"created": 1, "data": [{"b64_json": own}]}})
        body = {"model": "gpt-image-2", "prompt": "x"}
        [answer] = outputs(mockbatch, path, {**body, "images": [{"file_id": "f"}]})
        assert answer.data[0].b64_json == own


def read(file: FileStorage) -> FormFile:
    """Return a file of a form as an endpoint gets it."""
    with file.stream:
        return FormFile(file.filename or "", file.mimetype, file.stream.read())


@pytest.fixture
def sent() -> Iterator[tuple[openai.OpenAI, Callable[[], Form]]]:
    """Make a client whose last form can be read as the server would read it."""
    forms: list[Form] = []

    def receive(request: httpx2.Request) -> httpx2.Response:
        content = request.read()
        environ = {
            "wsgi.input": BytesIO(content),
            "CONTENT_LENGTH": f"{len(content)}",
            "CONTENT_TYPE": request.headers["content-type"],
            "REQUEST_METHOD": "POST",
        }
        _, texts, files = parse_form_data(environ)
        forms.append(
            Form(
                dict(texts.lists()),
                {name: [*map(read, many)] for name, many in files.lists()},
            )
        )
        return httpx2.Response(200, json={"id": "video_1", "created": 1})

    with (
        httpx2.Client(transport=httpx2.MockTransport(receive)) as http,
        openai.OpenAI(api_key="x", http_client=http) as client,
        warnings.catch_warnings(),
    ):
        # The SDK calls its videos deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        yield client, lambda: forms[-1]


def post_form(path: str, form: Form) -> Any:
    """Return the parsed answer of an endpoint to a form."""
    endpoint = endpoints()[path]
    assert endpoint.parse_form is not None
    body = endpoint.parse_form(form)
    endpoint.check(body)
    return TYPES[path].model_validate(
        endpoint.make_response(body, Execution(Seed.of("x"), 1)), strict=True
    )


class TestForms:
    """What the SDK sends where a live call is a form."""

    def test_one_image(self, sent: Any) -> None:
        """With numbers and a mask."""
        client, form = sent
        image = ("a.png", png(), "image/png")
        client.images.edit(
            image=image, mask=image, prompt="Grün, bitte", n=2, size="1536x1024", stream=False
        )
        answer = post_form(EDITS, form())
        assert (len(answer.data), answer.size) == (2, "1536x1024")

    def test_several_images(self, sent: Any, tmp_path: Path) -> None:
        """By path, and as an open file with a name."""
        client, form = sent
        path = tmp_path / "a.png"
        path.write_bytes(png())
        with path.open("rb") as file:
            client.images.edit(image=[path, file], prompt="x", model="gpt-image-2")
        answer = post_form(EDITS, form())
        assert answer.usage.input_tokens_details.image_tokens == 2 * 194

    def test_a_nameless_image_is_refused(self, sent: Any) -> None:
        """As the real service does, because the SDK cannot tell what it is."""
        client, form = sent
        client.images.edit(image=png(), prompt="x")
        with pytest.raises(Exception, match="unsupported mimetype"):
            post_form(EDITS, form())

    @pytest.mark.parametrize("reference", [None, ("a.png", png(), "image/png")])
    def test_a_video(self, sent: Any, reference: Any) -> None:
        """With and without a picture to begin with."""
        client, form = sent
        given = {} if reference is None else {"input_reference": reference}
        client.videos.create(prompt="x", seconds="8", size="1280x720", **given)
        job = post_form(VIDEOS, form())
        assert (job.seconds, job.size, job.status) == ("8", "1280x720", "queued")
