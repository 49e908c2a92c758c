"""POST /v1/images/generations, and what edits have in common with it."""

import sys
from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from mockbatch.endpoints.endpoint import Execution, Tokens
from mockbatch.endpoints.images_edits import ENDPOINT as EDITING
from mockbatch.endpoints.images_generations import ENDPOINT
from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.typing import Json
from tests.support.bodies import DATA_URL, EXECUTION


def respond(**body: Json) -> dict[str, Json]:
    """Return the response to a request with these parameters."""
    request = {"model": "gpt-image-1", "prompt": "a siamese cat", **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def respond_to_edit(*images: str, **body: Json) -> dict[str, Json]:
    """Return the response to a request to edit these images."""
    references = [{"image_url": url} for url in images]
    request = {"model": "gpt-image-1.5", "prompt": "make it green", "images": references, **body}
    EDITING.check(request)
    return EDITING.make_response(request, EXECUTION)


def decode_pictures(answer: dict[str, Json]) -> list[str]:
    """Return the pictures in a response."""
    return [image["b64_json"] for image in answer["data"]]


def rejection(**body: Json) -> ApiError:
    """Return the error with which the endpoint rejects these parameters."""
    with pytest.raises(ApiError) as raised:
        respond(**body)
    return raised.value


@pytest.mark.parametrize("made", [respond(), respond_to_edit(DATA_URL)])
def test_keys_are_in_the_recorded_order(made: dict[str, Json]) -> None:
    """A response has the keys recorded in 2026-08."""
    assert [*made] == [
        *("created", "background", "data", "output_format", "quality", "size", "usage"),
    ]
    assert [[*image] for image in made["data"]] == [["b64_json"]]
    details = ["image_tokens", "text_tokens"]
    usage = made["usage"]
    assert [*usage] == [
        *("input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details"),
        "total_tokens",
    ]
    assert [*usage["input_tokens_details"]] == details
    assert [*usage["output_tokens_details"]] == details


def test_the_defaults_are_as_recorded() -> None:
    """The settings and the usage of the recorded response of gpt-image-1."""
    made = respond()
    settings = [made[name] for name in ("background", "output_format", "quality", "size")]
    assert settings == ["opaque", "png", "high", "1024x1024"]
    assert respond(background="auto", output_compression=100) == made
    assert made["created"] == EXECUTION.created_at
    assert made["usage"]["output_tokens"] == 4160


@pytest.mark.parametrize(
    ("model", "quality"),
    [("gpt-image-1", "high"), ("gpt-image-1.5", "medium"), ("gpt-image-2", "low")],
)
def test_auto_is_the_default_quality_of_the_model(model: str, quality: str) -> None:
    """As recorded, or met by users."""
    assert respond(model=model, quality="auto")["quality"] == quality


@pytest.mark.parametrize("size", ["1024x1024", "1536x1024", "auto", None])
def test_pictures_have_the_size_in_the_response(size: str | None) -> None:
    """Width, then height."""
    made = respond(size=size)
    [picture] = decode_pictures(made)
    image = Image.open(BytesIO(b64decode(picture)))
    assert made["size"] == f"{image.size[0]}x{image.size[1]}"
    assert size in (made["size"], "auto", None)


@pytest.mark.parametrize("n", [1, 2.0, 10])
def test_n_pictures_are_generated(n: float) -> None:
    """They all differ, and each is billed."""
    made = respond(n=n)
    assert len(set(decode_pictures(made))) == len(made["data"]) == n
    assert made["usage"]["output_tokens"] == 4160 * n


def test_usage_adds_up() -> None:
    """The total is the sum, and the batch bills the same."""
    made = respond_to_edit(DATA_URL, "https://a.b/c.png", n=2)
    usage = made["usage"]
    for side in ("input", "output"):
        assert sum(usage[f"{side}_tokens_details"].values()) == usage[f"{side}_tokens"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["input_tokens_details"]["image_tokens"] == 2 * 194
    assert EDITING.read_usage(made) == Tokens(usage["input_tokens"], usage["output_tokens"])


def test_pictures_depend_on_the_request_alone() -> None:
    """Another prompt or model has another picture, another execution has not."""
    request = {"model": "gpt-image-1", "prompt": "a siamese cat"}
    again = ENDPOINT.make_response(request, Execution(Seed.of("other"), 7))
    assert decode_pictures(again) == decode_pictures(respond())
    others = [respond(prompt="a dog"), respond(model="gpt-image-2"), respond_to_edit(DATA_URL)]
    assert len({*map(str, map(decode_pictures, [again, *others]))}) == 4


def test_an_edit_depends_on_the_source() -> None:
    """Another source gives another result."""
    assert decode_pictures(respond_to_edit(DATA_URL)) != decode_pictures(
        respond_to_edit("https://a.b/c.png")
    )


def test_a_url_names_the_format_of_its_picture() -> None:
    """A model of another name may be asked for both."""
    [image] = respond(model="flux", response_format="url", output_format="webp")["data"]
    assert image["url"].startswith("data:image/webp;base64,UklGR")


@pytest.mark.parametrize("output_format", ["png", "webp"])
def test_transparency_is_in_the_response(output_format: str) -> None:
    """And the picture is transparent."""
    made = respond(background="transparent", output_format=output_format)
    assert (made["background"], made["output_format"]) == ("transparent", output_format)
    image = Image.open(BytesIO(b64decode(decode_pictures(made)[0]))).convert("RGBA")
    assert image.getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"background": "transparent", "output_format": "jpeg"},
            "Transparent background is not supported for JPEG output format",
        ),
        (
            {"output_compression": 50},
            "Compression less than 100 is not supported for PNG output format",
        ),
        (
            {"output_format": "gif"},
            "Invalid value: 'gif'. Supported values are: 'png', 'jpeg', and 'webp'.",
        ),
        ({"n": "two"}, "Invalid type for 'n': expected an integer, but got a string instead."),
        (
            {"moderation": "Moderation.auto"},
            "Invalid value: 'Moderation.auto'. Supported values are: 'auto' and 'low'.",
        ),
        ({"model": ""}, "you must provide a model parameter"),
    ],
)
def test_errors_have_the_quoted_message(body: Json, message: str) -> None:
    """Word for word as clients have quoted them."""
    assert rejection(**body).message == message


@pytest.mark.parametrize("n", [0, 11])
def test_one_to_ten_pictures(n: int) -> None:
    """As published."""
    assert rejection(n=n).param == "n"


@pytest.mark.parametrize("prompt", ["", "x" * 32001, None, ["x"]])
def test_a_prompt_is_a_text(prompt: Json) -> None:
    """It has 1 to 32,000 characters."""
    assert rejection(prompt=prompt).param == "prompt"


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
def test_formats_that_need_pillow_are_rejected_without_it(
    output_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 400 says what to install."""
    respond(output_format=output_format)
    monkeypatch.setitem(sys.modules, "PIL", None)
    error = rejection(output_format=output_format)
    assert (error.status, error.param) == (400, "output_format")
    assert "mockbatch[images]" in error.message


# --- DALL·E


def test_dall_e_responds_with_a_data_url() -> None:
    """The URL contains the picture, so that no client calls another host."""
    made = respond(model="dall-e-2", size="256x256")
    assert [*made] == ["created", "data"]
    [image] = made["data"]
    head, _, content = image["url"].partition(",")
    assert head == "data:image/png;base64"
    assert Image.open(BytesIO(b64decode(content))).size == (256, 256)
    assert ENDPOINT.read_usage(made) == Tokens(input=0, output=0)


def test_dall_e_responds_with_base64_on_request() -> None:
    """The same picture without the URL around it."""
    [as_url] = respond(model="dall-e-2")["data"]
    [as_text] = respond(model="dall-e-2", response_format="b64_json")["data"]
    assert as_url["url"].endswith("," + as_text["b64_json"])


def test_dall_e_3_returns_the_revised_prompt() -> None:
    """dall-e-2 does not."""
    assert respond(model="dall-e-3")["data"][0]["revised_prompt"] == "a siamese cat"
    assert "revised_prompt" not in respond(model="dall-e-2")["data"][0]
