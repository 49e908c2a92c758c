"""One line of an output or an error file, and whether it fits its schema."""

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.typing import Json
from mockbatch.validation.schema import schema


def output_line(
    id: str, custom_id: str, request_id: str, answer: EndpointResponse
) -> dict[str, Json]:
    """Return the line of a request that was answered, or never ran; schema output_line.json."""
    response = {"status_code": answer.status_code, "request_id": request_id, "body": answer.body}
    return {
        "id": id,
        "custom_id": custom_id,
        "response": None if answer.status_code is None else response,
        "error": answer.error,
    }


class LineChecker:
    """Checks one line of each distinct shape: the others differ in their texts only."""

    def __init__(self, endpoint: str) -> None:
        self._body = schema(endpoints()[endpoint].schema)
        self._seen: set[object] = set()

    def check(self, line: dict[str, Json]) -> None:
        """Raise SchemaBreachError for a line that breaks its schema."""
        shape = _shape(line)
        if shape in self._seen:
            return
        what = f"the output line of {line['custom_id']!r}"
        schema("output_line").assert_valid(line, what)
        response = line["response"]
        if response is not None:
            judge = self._body if response["status_code"] == 200 else schema("error")
            judge.assert_valid(response["body"], what)
        self._seen.add(shape)


def _shape(value: Json) -> object:
    kind = type(value)
    if kind is dict:
        return *value, *map(_shape, value.values())
    return frozenset(map(_shape, value)) if kind is list else kind
