"""POST /v1/images/edits: what differs from generations."""

import pytest

from mockbatch.endpoints.endpoint import Form, FormFile
from mockbatch.endpoints.images_edits import ENDPOINT
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from tests.support.bodies import DATA_URL, EXECUTION, PNG

NO_INTEGER = "Invalid type for 'n': expected an integer, but got a string instead."
NO_FILE = (
    "Invalid type for 'image': expected one of an array of files or file, but got a string instead."
)
TOO_MANY = "Invalid 'n': integer above maximum value. Expected a value <= 10, but got 11 instead."
NO_BOOLEAN = "Invalid type for 'stream': expected a boolean, but got a string instead."
REQUEST = {"model": "gpt-image-1.5", "prompt": "make it green"}
FILE = FormFile("a.png", "image/png", b"\x89PNG\r\n\x1a\n and so on")
TEXTS = {"prompt": ["make it green"], "model": ["gpt-image-1.5"]}


def parse_form(texts: Json = TEXTS, **files: list[FormFile]) -> dict[str, Json]:
    """Return the body of a form."""
    assert ENDPOINT.parse_form is not None
    return ENDPOINT.parse_form(
        Form(texts, {name.replace("__", "[]"): given for name, given in files.items()})
    )


def rejection(body: Json) -> ApiError:
    """Return the error with which the endpoint rejects a body."""
    with pytest.raises(ApiError) as raised:
        ENDPOINT.check(body)
    return raised.value


def form_rejection(texts: Json = TEXTS, **files: list[FormFile]) -> ApiError:
    """Return the error with which the endpoint rejects a form or its body."""
    with pytest.raises(ApiError) as raised:
        ENDPOINT.check(parse_form(texts, **files))
    return raised.value


@pytest.mark.parametrize(
    "url",
    [
        *("https://a.b/c.png", "http://localhost:1/x", "HTTPS://A.B/c.png"),
        *(DATA_URL, DATA_URL.replace("png;", "jpeg;"), DATA_URL.replace("data:", "DATA:")),
    ],
)
def test_images_may_be_urls_or_data(url: str) -> None:
    """Nothing is fetched, and only the first bytes of data are looked at."""
    ENDPOINT.check({**REQUEST, "images": [{"image_url": url}], "mask": {"file_id": "file-1"}})


@pytest.mark.parametrize(
    "url",
    [
        *(
            "data:image/png;base64,",
            "data:image/png;base64,eA==",
            "data:text/plain;base64,SGVsbG8=",
        ),
        *(f"data:image/png;base64,{PNG}!", f"data:image/png;base64,{PNG[:-3]}", DATA_URL + "é"),
    ],
)
def test_data_of_other_types_are_rejected(url: str) -> None:
    """As recorded in 2026-08 for a URL that led to no image."""
    error = rejection({**REQUEST, "images": [{"image_url": DATA_URL}, {"image_url": url}]})
    assert error.message == "Invalid image data."
    assert (error.type, error.param, error.code) == (
        "image_generation_user_error",
        "images[1].image_url",
        "invalid_image_file",
    )


@pytest.mark.parametrize("name", ["mask", "markup"])
@pytest.mark.parametrize("url", ["", "a.png", "file:///etc/passwd", "data:image/png,x"])
def test_invalid_urls_are_rejected(url: str, name: str) -> None:
    """In the words that the service uses elsewhere."""
    error = rejection({**REQUEST, "images": [{"image_url": DATA_URL}], name: {"image_url": url}})
    assert (error.param, error.code) == (f"{name}.image_url", "invalid_value")


def test_a_reference_is_a_url_or_a_file_id() -> None:
    """Neither or both is an error."""
    neither: dict[str, str] = {}
    both = {"image_url": DATA_URL, "file_id": "file-1"}
    assert rejection({**REQUEST, "images": [neither]}).param == "images[0].image_url"
    assert rejection({**REQUEST, "images": [both]}).code == "mutually_exclusive_parameters"


@pytest.mark.parametrize(
    ("images", "param"),
    [
        ([], "images"),
        ("x", "images"),
        ([DATA_URL], "images[0]"),
        ([{"url": DATA_URL}], "images[0].url"),
        ([{"file_id": "f"}] * 17, "images"),
    ],
)
def test_images_are_one_to_sixteen_references(images: Json, param: str) -> None:
    """Anything else is rejected, with its path."""
    assert rejection({**REQUEST, "images": images}).param == param


@pytest.mark.parametrize("model", [None, ...])
def test_a_live_call_may_leave_the_model_out(model: Json) -> None:
    """The default is the published one."""
    named = {} if model is ... else {"model": model}
    body = {"prompt": "make it green", "images": [{"image_url": DATA_URL}]}
    assert ENDPOINT.make_response({**body, **named}, EXECUTION) == ENDPOINT.make_response(
        {**body, **REQUEST}, EXECUTION
    )


# --- forms


def test_a_form_becomes_a_body() -> None:
    """Files become data URLs, numbers and booleans become JSON values."""
    texts = {**TEXTS, "n": ["2"], "stream": ["false"], "size": ["1024x1024"]}
    body = parse_form(texts, image=[FILE], mask=[FILE], markup=[FILE])
    ENDPOINT.check(body)
    assert (body["n"], body["stream"], body["size"]) == (2, False, "1024x1024")
    assert body["images"] == [body["mask"]] == [body["markup"]]
    assert body["mask"]["image_url"].startswith("data:image/png;base64,iVBORw0KGgo")


def test_several_images_keep_their_order() -> None:
    """Clients send `image[]`, and some repeat `image`."""
    other = FormFile("b.webp", "image/webp", b"RIFF\0\0\0\0WEBPVP8 ")
    several = parse_form(image__=[FILE, other])
    assert several == parse_form(image=[FILE, other])
    assert several["images"] == [
        *parse_form(image=[FILE])["images"],
        *parse_form(image=[other])["images"],
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *[("n", "abc", NO_INTEGER), ("n", "", NO_INTEGER), ("n", "9" * 5000, NO_INTEGER)],
        *[("n", "11", TOO_MANY), ("stream", "yes", NO_BOOLEAN)],
        *[("image", "x", NO_FILE), ("image[]", "x", NO_FILE)],
        ("foo", "x", "Unknown parameter: 'foo'."),
        ("svg[model]", "x", "Unknown parameter: 'svg'."),
    ],
)
def test_invalid_texts_are_rejected_as_in_json(name: str, value: str, message: str) -> None:
    """The same schema checks a form."""
    assert form_rejection({**TEXTS, name: [value]}, image=[FILE]).message == message


def test_a_form_needs_an_image() -> None:
    """The error names the form's field."""
    error = form_rejection()
    assert (error.message, error.param) == ("Missing required parameter: 'image'.", "image")


def test_a_file_needs_a_supported_content_type() -> None:
    """A file without a name is sent as octet-stream, which many clients have met."""
    unnamed = FormFile("upload", "application/octet-stream", FILE.content)
    error = form_rejection(image=[unnamed])
    assert error.message == (
        "Invalid file 'image': unsupported mimetype ('application/octet-stream'). Supported file "
        "formats are 'image/jpeg', 'image/png', and 'image/webp'."
    )
    assert (error.param, error.code) == ("image", "unsupported_file_mimetype")
    assert form_rejection(image__=[FILE, unnamed]).param == "image[1]"
    assert form_rejection(image=[FILE], mask=[unnamed]).param == "mask"


def test_a_content_type_may_have_parameters() -> None:
    """And capital letters."""
    file = FILE._replace(content_type="Image/PNG; name=a.png")
    assert parse_form(image=[file]) == parse_form(image=[FILE])


def test_a_file_must_have_its_content_type() -> None:
    """A text file that claims to be an image is rejected."""
    assert form_rejection(image=[FormFile("a.png", "image/png", b"x")]).code == "invalid_image_file"


def test_other_files_are_rejected() -> None:
    """The endpoint has no such parameter."""
    assert form_rejection(image=[FILE], prompt=[FILE]).message == "Unknown parameter: 'prompt'."
