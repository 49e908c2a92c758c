"""The texts of forms."""

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


def read(**given: str) -> dict[str, Json]:
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
def test_a_text_has_the_type_that_is_wanted(name: str, text: str, value: Json) -> None:
    """And stays a text if it cannot."""
    assert read(**{name: text}) == {name: value}


def test_brackets_are_members() -> None:
    """One level deep, as clients write objects."""
    assert read(**{"a[b]": "1", "a[c]": "2"}) == {"a": {"b": "1", "c": "2"}}


def test_a_text_is_no_object() -> None:
    """A name that is both is refused."""
    with pytest.raises(ApiError):
        read(**{"a": "1", "a[b]": "2"})


def test_the_first_of_several_counts() -> None:
    """Which one the service takes is not known."""
    assert parse_texts(Form({"n": ["1", "2"]}, {}), REQUEST) == {"n": 1}


@given(st.dictionaries(st.text(), st.lists(st.text(), min_size=1)))
def test_any_form_is_read_or_refused(form: dict[str, list[str]]) -> None:
    """No name and no text breaks it."""
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
def test_any_form_is_answered_or_refused(path: str, texts: Json, files: Json) -> None:
    """Whatever a form holds, it has an answer, or a refusal that is the client's fault."""
    endpoint = endpoints()[path]
    assert endpoint.parse_form is not None
    read = endpoint.parse_form
    body = attempt(lambda: read(Form({"prompt": ["x"], **texts}, files)))
    if not isinstance(body, ApiError) and (error := attempt(lambda: endpoint.check(body))):
        body = error
    if isinstance(body, ApiError):
        assert body.status == 400
    else:
        assert endpoint.make_response(body, Execution(Seed.of("x"), 1))


def test_there_are_no_other_forms() -> None:
    """Every other endpoint takes JSON alone."""
    assert {path for path, endpoint in endpoints().items() if endpoint.parse_form} == {
        EDITS,
        VIDEOS,
    }
