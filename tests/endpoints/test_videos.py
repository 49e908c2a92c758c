"""POST /v1/videos."""

import pytest

from mockbatch.endpoints.endpoint import Form, FormFile, Tokens
from mockbatch.endpoints.videos import ENDPOINT
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from tests.support.bodies import DATA_URL, EXECUTION

MP4 = FormFile("a.mp4", "video/mp4", b"\0\0\0\x18ftypmp42 and so on")
PNG = FormFile("a.png", "image/png", b"\x89PNG\r\n\x1a\n and so on")


def respond(**body: Json) -> dict[str, Json]:
    """Return the response to a request with these parameters."""
    request = {"model": "sora-2", "prompt": "a cat", **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def rejection(**body: Json) -> ApiError:
    """Return the error with which the endpoint rejects these parameters."""
    with pytest.raises(ApiError) as raised:
        respond(**body)
    return raised.value


def parse_form(texts: Json, **files: list[FormFile]) -> dict[str, Json]:
    """Return the body of a form."""
    assert ENDPOINT.parse_form is not None
    return ENDPOINT.parse_form(Form(texts, files))


def test_a_job_is_queued() -> None:
    """It is as published for a new one, with the published defaults."""
    job = respond()
    assert (job["status"], job["progress"]) == ("queued", 0)
    assert (job["seconds"], job["size"]) == ("4", "720x1280")
    assert (job["created_at"], job["completed_at"], job["error"]) == (
        EXECUTION.created_at,
        None,
        None,
    )


def test_a_job_has_the_parameters_of_the_request() -> None:
    """Model, prompt, length and size."""
    job = respond(model="sora-2-pro", seconds="12", size="1792x1024")
    members = [job[name] for name in ("model", "prompt", "seconds", "size")]
    assert members == ["sora-2-pro", "a cat", "12", "1792x1024"]


def test_ids_contain_the_time() -> None:
    """As clients quote them: the time in hex, and the constant that batch ids have, too."""
    assert respond()["id"].startswith(f"video_{EXECUTION.created_at:08x}")
    assert respond()["id"][18:22] == "8190"


def test_a_live_call_may_leave_the_model_out() -> None:
    """The default is sora-2."""
    assert ENDPOINT.make_response({"prompt": "x"}, EXECUTION)["model"] == "sora-2"


def test_videos_are_not_billed_by_tokens() -> None:
    """There is no usage to read."""
    assert ENDPOINT.read_usage(respond()) == Tokens(input=0, output=0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seconds", "5", "Invalid value: '5'. Supported values are: '4', '8', and '12'."),
        (
            "seconds",
            8,
            (
                "Invalid type for 'seconds': expected one of '4', '8', or '12', but got an "
                "integer instead."
            ),
        ),
        (
            "size",
            "1920x1080",
            (
                "Invalid value: '1920x1080'. Supported values are: '720x1280', '1280x720', "
                "'1024x1792', and '1792x1024'."
            ),
        ),
        ("foo", 1, "Unknown parameter: 'foo'."),
        ("input_reference", {}, "Missing required parameter: 'input_reference.image_url'."),
    ],
)
def test_errors_have_the_quoted_message(name: str, value: Json, message: str) -> None:
    """Word for word as clients have quoted them."""
    assert rejection(**{name: value}).message == message


@pytest.mark.parametrize("file", [PNG, MP4])
def test_a_form_may_have_its_reference_as_a_file(file: FormFile) -> None:
    """An image or a video."""
    body = parse_form({"prompt": ["a cat"], "seconds": ["8"]}, input_reference=[file])
    ENDPOINT.check(body)
    assert body["seconds"] == "8"
    assert body["input_reference"]["image_url"].startswith(f"data:{file.content_type};base64,")


def test_a_form_may_refer_to_a_url() -> None:
    """By a member in brackets."""
    body = parse_form({"prompt": ["a cat"], "input_reference[image_url]": [DATA_URL]})
    ENDPOINT.check(body)
    assert body["input_reference"] == {"image_url": DATA_URL}


def test_a_reference_is_an_image_or_a_video() -> None:
    """The list of formats is the one that a client met."""
    with pytest.raises(ApiError) as raised:
        parse_form(
            {"prompt": ["x"]}, input_reference=[FormFile("a", "application/octet-stream", b"x")]
        )
    assert raised.value.message.endswith(
        "Supported file formats are 'image/jpeg', 'image/png', 'image/webp', and 'video/mp4'."
    )


def test_other_files_are_rejected() -> None:
    """The endpoint has no such parameter."""
    with pytest.raises(ApiError) as raised:
        parse_form({"prompt": ["x"]}, image=[PNG])
    assert raised.value.message == "Unknown parameter: 'image'."
