"""POST /v1/images/generations, and what it has in common with edits."""

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


def answer(**body: Json) -> dict[str, Json]:
    """Return the answer to a request of these parameters."""
    request = {"model": "gpt-image-1", "prompt": "a siamese cat", **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def edited(*images: str, **body: Json) -> dict[str, Json]:
    """Return the answer to a request to edit these."""
    references = [{"image_url": url} for url in images]
    request = {"model": "gpt-image-1.5", "prompt": "make it green", "images": references, **body}
    EDITING.check(request)
    return EDITING.make_response(request, EXECUTION)


def pictures(answer: dict[str, Json]) -> list[str]:
    """Return the pictures in an answer."""
    return [image["b64_json"] for image in answer["data"]]


def refusal(**body: Json) -> ApiError:
    """Return the failure with which the endpoint refuses these parameters."""
    with pytest.raises(ApiError) as raised:
        answer(**body)
    return raised.value


@pytest.mark.parametrize("made", [answer(), edited(DATA_URL)])
def test_keys_stand_in_the_recorded_order(made: dict[str, Json]) -> None:
    """An answer has the keys recorded in 2026-08."""
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


def test_what_nobody_chose_is_as_recorded() -> None:
    """The settings of the recorded answer of gpt-image-1, and what it was billed for."""
    made = answer()
    settings = [made[name] for name in ("background", "output_format", "quality", "size")]
    assert settings == ["opaque", "png", "high", "1024x1024"]
    assert made["created"] == EXECUTION.created_at
    assert made["usage"]["output_tokens"] == 4160


@pytest.mark.parametrize(
    ("model", "quality"),
    [("gpt-image-1", "high"), ("gpt-image-1.5", "medium"), ("gpt-image-2", "low")],
)
def test_auto_is_a_quality_of_the_model(model: str, quality: str) -> None:
    """As recorded, or met by those who tried."""
    assert answer(model=model, quality="auto")["quality"] == quality


@pytest.mark.parametrize("size", ["1024x1024", "1536x1024", "auto", None])
def test_pictures_have_the_size_that_is_told(size: str | None) -> None:
    """Width, then height."""
    made = answer(size=size)
    [picture] = pictures(made)
    image = Image.open(BytesIO(b64decode(picture)))
    assert made["size"] == f"{image.size[0]}x{image.size[1]}"
    assert size in (made["size"], "auto", None)


@pytest.mark.parametrize("n", [1, 2.0, 10])
def test_as_many_pictures_as_asked_for(n: float) -> None:
    """Each is another one, and each is billed."""
    made = answer(n=n)
    assert len(set(pictures(made))) == len(made["data"]) == n
    assert made["usage"]["output_tokens"] == 4160 * n


def test_usage_adds_up() -> None:
    """The total is the sum, and the batch bills the same."""
    made = edited(DATA_URL, "https://a.b/c.png", n=2)
    usage = made["usage"]
    for side in ("input", "output"):
        assert sum(usage[f"{side}_tokens_details"].values()) == usage[f"{side}_tokens"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["input_tokens_details"]["image_tokens"] == 2 * 194
    assert EDITING.read_usage(made) == Tokens(usage["input_tokens"], usage["output_tokens"])


def test_pictures_come_from_the_request_alone() -> None:
    """Another prompt or model has another picture, another execution has not."""
    request = {"model": "gpt-image-1", "prompt": "a siamese cat"}
    again = ENDPOINT.make_response(request, Execution(Seed.of("other"), 7))
    assert pictures(again) == pictures(answer())
    others = [answer(prompt="a dog"), answer(model="gpt-image-2"), edited(DATA_URL)]
    assert len({*map(str, map(pictures, [again, *others]))}) == 4


def test_an_edit_shows_what_was_edited() -> None:
    """Another picture gives another result."""
    assert pictures(edited(DATA_URL)) != pictures(edited("https://a.b/c.png"))


@pytest.mark.parametrize("output_format", ["png", "webp"])
def test_transparency_is_told(output_format: str) -> None:
    """The answer says it, and the picture is so."""
    made = answer(background="transparent", output_format=output_format)
    assert (made["background"], made["output_format"]) == ("transparent", output_format)
    image = Image.open(BytesIO(b64decode(pictures(made)[0]))).convert("RGBA")
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
def test_refusals_are_kept_to_the_letter(body: Json, message: str) -> None:
    """What clients have quoted is said in the same words."""
    assert refusal(**body).message == message


@pytest.mark.parametrize("n", [0, 11])
def test_one_to_ten_pictures(n: int) -> None:
    """As published."""
    assert refusal(n=n).param == "n"


@pytest.mark.parametrize("prompt", ["", "x" * 32001, None, ["x"]])
def test_a_prompt_is_a_text(prompt: Json) -> None:
    """It has one to 32,000 characters."""
    assert refusal(prompt=prompt).param == "prompt"


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
def test_what_cannot_be_encoded_is_refused(
    output_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Pillow, a 400 says what to install."""
    answer(output_format=output_format)
    monkeypatch.setitem(sys.modules, "PIL", None)
    error = refusal(output_format=output_format)
    assert (error.status, error.param) == (400, "output_format")
    assert "mockbatch[images]" in error.message


# --- DALL·E


def test_dall_e_answers_with_a_url_that_leads_nowhere_else() -> None:
    """The URL holds the picture, so that nobody's client calls another host."""
    made = answer(model="dall-e-2", size="256x256")
    assert [*made] == ["created", "data"]
    [image] = made["data"]
    head, _, content = image["url"].partition(",")
    assert head == "data:image/png;base64"
    assert Image.open(BytesIO(b64decode(content))).size == (256, 256)
    assert ENDPOINT.read_usage(made) == Tokens(input=0, output=0)


def test_dall_e_answers_with_base64_if_asked_to() -> None:
    """The same picture without the URL around it."""
    [as_url] = answer(model="dall-e-2")["data"]
    [as_text] = answer(model="dall-e-2", response_format="b64_json")["data"]
    assert as_url["url"].endswith("," + as_text["b64_json"])


def test_dall_e_3_tells_the_prompt_it_used() -> None:
    """Its sister does not."""
    assert answer(model="dall-e-3")["data"][0]["revised_prompt"] == "a siamese cat"
    assert "revised_prompt" not in answer(model="dall-e-2")["data"][0]
