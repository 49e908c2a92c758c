"""Converts the texts of a multipart form to the JSON values that they stand for."""

import re
from collections.abc import Mapping

from mockbatch.endpoints.endpoint import Form
from mockbatch.errors import api_error
from mockbatch.typing import Json

_NESTED_NAME = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BOOLEANS = {"true": True, "false": False}


def parse_texts(form: Form, request_schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the texts of a form as members of a body, with the types that the schema names.

    A text that is not of the type stays a text, so that the schema rejects it. The field `a[b]`
    is member b of member a; of several texts with one name, the first is used.
    """
    properties = request_schema["properties"]
    body: dict[str, Json] = {}
    for name, values in form.texts.items():
        if nested := _NESTED_NAME.fullmatch(name):
            outer, inner = nested.groups()
            member = body.setdefault(outer, {})
            if not isinstance(member, dict):
                raise api_error("unknown_parameter", param=name)
            member[inner] = values[0]
        else:
            body[name] = _convert(values[0], properties.get(name, {}))
    return body


def reject_other_files(form: Form, *names: str) -> None:
    """Raise the ApiError of a form that has files in other fields than these."""
    for name in form.files:
        if name not in names:
            raise api_error("unknown_parameter", param=name)


def _convert(text: str, schema: Mapping[str, Json]) -> Json:
    types = schema.get("type", ())
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "boolean" in types and text in _BOOLEANS:
        return _BOOLEANS[text]
    return text
