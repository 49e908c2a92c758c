"""The texts of multipart forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Execution, Form, FormFile
from mockbatch.endpoints.form_fields import parse_texts
from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.typing import Json
from tests.support.bodies import EDITS, VIDEOS, attempt

REQUEST = {
    "properties": {
        "n": {"type": ["integer", "null"]},
        "stream": {"type": "boolean"},
        "prompt": {"type": "string"},
    }
}


def parse(**given: str) -> dict[str, Json]:
    """Return the body of a form with these texts."""
    return parse_texts(Form({name: [text] for name, text in given.items()}, {}), REQUEST)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        *[("n", "2", 2), ("n", "-1", -1), ("n", "2.0", "2.0"), ("n", "٢", "٢"), ("n", " 2", " 2")],
        *[("stream", "true", True), ("stream", "false", False), ("stream", "True", "True")],
        *[("prompt", "2", "2"), ("prompt", "true", "true"), ("other", "2", "2")],
    ],
)
def test_a_text_is_converted_to_the_type_of_the_schema(name: str, text: str, value: Json) -> None:
    """It stays a text if it is not of the type."""
    assert parse(**{name: text}) == {name: value}


def test_brackets_are_members() -> None:
    """One level deep, as clients write objects."""
    assert parse(**{"a[b]": "1", "a[c]": "2"}) == {"a": {"b": "1", "c": "2"}}


def test_a_field_cannot_be_a_text_and_an_object() -> None:
    """A name that is both is rejected."""
    with pytest.raises(ApiError):
        parse(**{"a": "1", "a[b]": "2"})


def test_the_first_of_several_texts_is_used() -> None:
    """Which one the service uses is not known."""
    assert parse_texts(Form({"n": ["1", "2"]}, {}), REQUEST) == {"n": 1}


@given(st.dictionaries(st.text(), st.lists(st.text(), min_size=1)))
def test_any_form_is_parsed_or_rejected(form: dict[str, list[str]]) -> None:
    """No name and no text causes an exception."""
    read_or_refused = attempt(lambda: parse_texts(Form(form, {}), REQUEST))
    assert isinstance(read_or_refused, ApiError | dict)


NAMES = st.sampled_from(
    ["prompt", "n", "size", "image", "image[]", "mask", "seconds", "input_reference", "a[b]"]
)
FILES = st.builds(
    FormFile,
    st.text(),
    st.sampled_from(["image/png", "image/PNG; x=y", "video/mp4", ""]) | st.text(),
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftyp"]) | st.binary(),
)


@pytest.mark.parametrize("path", [EDITS, VIDEOS])
@given(
    texts=st.dictionaries(NAMES | st.text(), st.lists(st.text(), min_size=1)),
    files=st.dictionaries(NAMES | st.text(), st.lists(FILES)),
)
def test_any_form_gets_a_response_or_an_error(path: str, texts: Json, files: Json) -> None:
    """The error is the client's fault."""
    endpoint = endpoints()[path]
    assert endpoint.parse_form is not None
    parse_form = endpoint.parse_form
    body = attempt(lambda: parse_form(Form({"prompt": ["x"], **texts}, files)))
    if not isinstance(body, ApiError) and (error := attempt(lambda: endpoint.check(body))):
        body = error
    if isinstance(body, ApiError):
        assert body.status == 400
    else:
        assert endpoint.make_response(body, Execution(Seed.of("x"), 1))


def test_only_edits_and_videos_have_forms() -> None:
    """Every other endpoint accepts JSON only."""
    assert {path for path, endpoint in endpoints().items() if endpoint.parse_form} == {
        EDITS,
        VIDEOS,
    }
