"""Models that generate images."""

import pytest

from mockbatch.endpoints.images.models import BILLED_QUALITIES, get_image_model, parse_dimensions
from mockbatch.errors import ApiError
from mockbatch.typing import Json

FREE = "gpt-image-2"
FIXED = "gpt-image-1.5"


def rejection(name: str, **body: Json) -> ApiError:
    """Return the error with which a model rejects these parameters."""
    with pytest.raises(ApiError) as raised:
        get_image_model(name).check(body)
    return raised.value


@pytest.mark.parametrize(
    ("name", "size", "quality", "tokens"),
    [
        # Recorded in 2026-08.
        *[("gpt-image-1", "1024x1024", "high", 4160), (FIXED, "1024x1024", "medium", 1056)],
        *[(FIXED, "1024x1024", "low", 272), (FREE, "1536x864", "low", 120)],
        # Published for gpt-image-1.
        *[(FIXED, "1024x1536", "low", 408), (FIXED, "1536x1024", "low", 400)],
        *[(FIXED, "1024x1536", "high", 6240), (FIXED, "1536x1024", "medium", 1568)],
        # Quoted by those who tried it in 2026-04.
        *[(FREE, "1024x1024", "medium", 1756), (FREE, "1024x1024", "high", 7024)],
        *[(FREE, "3072x2160", "low", 380), (FREE, "2160x3840", "low", 371)],
    ],
)
def test_token_counts_are_those_of_the_service(
    name: str, size: str, quality: str, tokens: int
) -> None:
    """An image is billed as the service bills it."""
    assert get_image_model(name).count_tokens(*parse_dimensions(size), quality) == tokens


@pytest.mark.parametrize("name", [FREE, FIXED, "gpt-image-2.5-flare", "other"])
def test_higher_qualities_cost_more(name: str) -> None:
    """In the order of the qualities, those of later models included."""
    billed = [one for one in get_image_model(name).qualities if one in BILLED_QUALITIES]
    costs = [get_image_model(name).count_tokens(1024, 1024, one) for one in billed]
    assert costs == sorted(set(costs))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("1792x936", "Width and height must both be divisible by 16."),
        ("4096x4096", "The longest edge must be less than or equal to 3840."),
        ("768x768", "Requested resolution is below the current minimum pixel budget."),
        ("3072x3072", "Requested resolution exceeds the current pixel budget."),
    ],
)
def test_later_models_reject_sizes_out_of_bounds(size: str, message: str) -> None:
    """In the words that clients quote."""
    error = rejection(FREE, size=size)
    assert error.message == f"Invalid size '{size}'. {message}"
    assert (error.type, error.param, error.code) == (
        "image_generation_user_error",
        "size",
        "invalid_value",
    )


@pytest.mark.parametrize("size", ["3840x1280", "1024x640", "3840x2160", "auto", None])
def test_sizes_at_the_bounds_are_accepted(size: str | None) -> None:
    """The narrowest is three to one; there is a smallest and a largest."""
    get_image_model(FREE).check({"size": size})


def test_a_size_may_not_be_too_narrow() -> None:
    """More than three to one is rejected."""
    assert rejection(FREE, size="3840x1264").code == "invalid_value"


@pytest.mark.parametrize(
    "size", ["big", "1024", "0x16", "-16x16", "1024x", "１６x１６", "99999x16", "16x16\n"]
)
@pytest.mark.parametrize("name", [FREE, "other"])
def test_a_size_is_two_numbers(name: str, size: str) -> None:
    """Anything else is rejected."""
    error = rejection(name, size=size)
    assert (error.param, error.code) == ("size", "invalid_value")


def test_earlier_models_reject_other_sizes() -> None:
    """They generate three; met by a client in 2025-11."""
    assert rejection(FIXED, size="1254x836").message == (
        "Invalid value: '1254x836'. Supported values are: '1024x1024', '1024x1536', "
        "'1536x1024', and 'auto'."
    )


def test_dall_e_has_its_own_sizes() -> None:
    """Others are rejected in words of its own, met in 2024."""
    get_image_model("dall-e-2").check({"size": "256x256"})
    get_image_model("dall-e-3").check({"size": "1792x1024"})
    error = rejection("dall-e-3", size="256x256")
    assert (error.message, error.param, error.code) == (
        "The size is not supported by this model.",
        None,
        "invalid_size",
    )


@pytest.mark.parametrize(
    ("name", "quality", "supported"),
    [
        (FIXED, "standard", "'low', 'medium', 'high', and 'auto'"),
        (FREE, "xhigh", "'low', 'medium', 'high', and 'auto'"),
        ("dall-e-3", "low", "'standard', 'hd', and 'auto'"),
    ],
)
def test_a_model_rejects_other_qualities(name: str, quality: str, supported: str) -> None:
    """Those of another generation."""
    assert rejection(name, quality=quality).message == (
        f"Invalid value: '{quality}'. Supported values are: {supported}."
    )


@pytest.mark.parametrize("name", ["gpt-image-2.5-flare", "gpt-image-2.5-sunburst-2026-09-08"])
def test_the_newest_models_have_more_qualities(name: str) -> None:
    """Up to `max`."""
    get_image_model(name).check({"quality": "max", "background": "transparent", "size": "1536x864"})


@pytest.mark.parametrize("param", ["response_format", "style"])
@pytest.mark.parametrize("name", ["gpt-image-1", FIXED, FREE, "chatgpt-image-latest"])
def test_gpt_models_reject_parameters_of_dall_e(name: str, param: str) -> None:
    """Met by many clients since 2025."""
    error = rejection(name, **{param: "url"})
    assert error.message == f"Unknown parameter: '{param}'."
    assert (error.param, error.code) == (param, "unknown_parameter")


def test_dall_e_rejects_parameters_of_gpt_models() -> None:
    """It generates no transparent images, for example."""
    assert rejection("dall-e-2", background="transparent").code == "unknown_parameter"


def test_dall_e_3_generates_one_image() -> None:
    """As published; dall-e-2 generates ten."""
    assert rejection("dall-e-3", n=2).code == "integer_above_max_value"
    get_image_model("dall-e-2").check({"n": 10})


def test_gpt_image_2_rejects_what_it_cannot_do() -> None:
    """Quoted by clients in 2026."""
    assert rejection(FREE, background="transparent").message == (
        "Transparent background is not supported for this model."
    )
    assert rejection(FREE, input_fidelity="high").message == (
        "The model 'gpt-image-2' does not support the 'input_fidelity' parameter."
    )


def test_unknown_models_reject_little() -> None:
    """They may generate whatever can be generated."""
    get_image_model("flux").check(
        {"size": "17x33", "quality": "hd", "response_format": "url", "n": 10, "style": "vivid"}
    )
    assert rejection("flux", size="9999x1").param == "size"


@pytest.mark.parametrize(("size", "found"), [("16x32", (16, 32)), ("auto", (1024, 1024))])
def test_dimensions_are_parsed(size: str, found: tuple[int, int]) -> None:
    """Without a size, an image is the usual square."""
    assert parse_dimensions(size) == found
    assert parse_dimensions(None) == (1024, 1024)
