"""What the endpoints share."""

import pytest

from mockbatch.endpoints.endpoint import with_cached_share
from mockbatch.typing import Json


@pytest.mark.parametrize(
    ("name", "share", "cached"),
    [
        ("prompt_tokens", 0.5, 3),
        ("input_tokens", 0.5, 3),
        ("prompt_tokens", 1, 7),
    ],
)
def test_a_share_of_the_prompt_is_cached(name: str, share: float, cached: int) -> None:
    """No token is counted that is not cached as a whole."""
    usage = {name: 7, f"{name}_details": {"cached_tokens": 0, "audio_tokens": 1}}
    assert with_cached_share({"id": "x", "usage": usage}, share) == {
        "id": "x",
        "usage": {name: 7, f"{name}_details": {"cached_tokens": cached, "audio_tokens": 1}},
    }


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"usage": None},
        {"usage": {"prompt_tokens": 7, "total_tokens": 7}},
    ],
)
def test_a_body_without_cached_tokens_stays_as_it_is(body: Json) -> None:
    """A raw body may be any JSON."""
    assert with_cached_share(body, 0.5) == body
