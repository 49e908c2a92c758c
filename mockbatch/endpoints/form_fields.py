"""The texts of a multipart form as the JSON that they stand for."""

import re
from collections.abc import Mapping

from mockbatch.endpoints.endpoint import Form
from mockbatch.errors import api_error
from mockbatch.typing import Json

_NESTED = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BOOLEANS = {"true": True, "false": False}


def parse_texts(form: Form, request: Mapping[str, Json]) -> dict[str, Json]:
    """Return the texts of a form as members of a body, of the types that a request schema names.

    A text that is no such value stays a text, for the schema to refuse it. `a[b]` is member b
    of member a; of several texts of one name the first counts.
    """
    properties = request["properties"]
    body: dict[str, Json] = {}
    for name, values in form.texts.items():
        if nested := _NESTED.fullmatch(name):
            outer, inner = nested.groups()
            holder = body.setdefault(outer, {})
            if not isinstance(holder, dict):
                raise api_error("unknown_parameter", param=name)
            holder[inner] = values[0]
        else:
            body[name] = _typed(values[0], properties.get(name, {}))
    return body


def reject_other_files(form: Form, *names: str) -> None:
    """Refuse a form with files in other fields than these."""
    for name in form.files:
        if name not in names:
            raise api_error("unknown_parameter", param=name)


def _typed(text: str, wanted: Mapping[str, Json]) -> Json:
    types = wanted.get("type", ())
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "boolean" in types and text in _BOOLEANS:
        return _BOOLEANS[text]
    return text
