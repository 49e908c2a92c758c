"""One line of an output or error file, and the check that it fits its schema."""

from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.ids import LineIdentity
from mockbatch.typing import Json
from mockbatch.validation.schema import schema


def output_line(
    identity: LineIdentity, custom_id: str, response: EndpointResponse
) -> dict[str, Json]:
    """Return the line of a request that got this response or never ran; output_line.json."""
    shown = {
        "status_code": response.status_code,
        "request_id": identity.request_id,
        "body": response.body,
    }
    return {
        "id": identity.id,
        "custom_id": custom_id,
        "response": None if response.status_code is None else shown,
        "error": response.error,
    }


class LineChecker:
    """Checks the first line of each shape; others of that shape differ only in their scalars.

    A shape is the names and types of everything in a line.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._body_schema = schema(endpoint.response_schema)
        self._own_error_schema = schema(endpoint.error_schema)
        self._checked_shapes: set[object] = set()

    def check(self, line: dict[str, Json]) -> None:
        """Raise SchemaViolationError if a line does not fit its schema."""
        shape = _shape(line)
        if shape in self._checked_shapes:
            return
        description = f"the output line of {line['custom_id']!r}"
        schema("output_line").assert_valid(line, description)
        response = line["response"]
        if response is not None:
            is_success = response["status_code"] == 200
            body_schema = self._body_schema if is_success else schema("error")
            if is_success or not self._own_error_schema.accepts(response["body"]):
                body_schema.assert_valid(response["body"], description)
        self._checked_shapes.add(shape)


def _shape(value: Json) -> object:
    if type(value) is dict:
        return *value, *map(_shape, value.values())
    return frozenset(map(_shape, value)) if type(value) is list else type(value)
