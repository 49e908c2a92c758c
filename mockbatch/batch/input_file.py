"""Validates the input file of a batch: finds its lines, or everything that is wrong with them.

Only what the Batch API itself checks is an error here. A line whose body its endpoint would
reject is valid, and fails when it runs. Source: observations from August 2025 to September 2026.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice

from msgspec import Struct

from mockbatch.batch import fast_path
from mockbatch.batch.deferred import Deferred
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.model_list import ModelList
from mockbatch.endpoints.models import get_model
from mockbatch.errors import ERROR_TEMPLATES, ApiError, NoReplyPossibleError, api_error, line_error
from mockbatch.files.content import Content
from mockbatch.jsonio import (
    MAX_CONTAINERS,
    MAX_VALUES,
    TooManyValuesError,
    parse,
    parse_request,
)
from mockbatch.limits import Limits
from mockbatch.typing import Json
from mockbatch.validation.step_budget import STEPS_PER_LINE, StepBudget, shared_preparation
from mockbatch.validation.type_names import describe_type

ANY_MODEL = ModelList()
NO_LINES: frozenset[int] = frozenset()
LineError = dict[str, Json]
#: How many of its errors a batch keeps, and how many characters their messages have. Each time
#: that the batch is retrieved or listed, they are sent again.
MAX_ERRORS, MAX_ERROR_CHARACTERS = 1000, 200_000


# gc=False for the reason given in `timeline`.
class BatchInput(Struct, frozen=True, gc=False):
    """A validated input file: where its lines are, not what they contain.

    `total` is the number of requests. Where their lines are is found when one is first read.
    `failing_lines` are the lines whose body the endpoint rejects. OpenAI would accept some of
    them, but mockbatch cannot generate a reply: these are the `unsupported_lines`. `errors`
    is empty if validation succeeds.
    """

    content: Content
    total: int
    offsets: "Deferred[array[int]]"
    model: str | None
    failing_lines: frozenset[int]
    errors: tuple[LineError, ...]
    unsupported_lines: frozenset[int] = NO_LINES

    @property
    def line_offsets(self) -> "array[int]":
        """The offset of each line, and that of the end of the last."""
        return self.offsets.value

    @property
    def model_name(self) -> str | None:
        """The name of its model's snapshot, None if no line names a model."""
        return None if self.model is None else get_model(self.model).name

    @property
    def has_errors_of_its_own(self) -> bool:
        """Whether it has errors other than that of a quota, which may disappear again."""
        quota_code = ERROR_TEMPLATES["enqueued_tokens"].code
        return any(error["code"] != quota_code for error in self.errors)

    def read_line(self, index: int) -> bytes:
        """Return the bytes of a line with its line end."""
        offsets = self.line_offsets
        return self.content.read(offsets[index], offsets[index + 1])

    def read_request(self, index: int) -> dict[str, Json]:
        """Return the request in a valid line."""
        request: dict[str, Json] = parse(self.read_line(index))
        return request

    def read_body(self, index: int) -> dict[str, Json]:
        """Return the body of the request in a valid line."""
        body: dict[str, Json] = self.read_request(index)["body"]
        return body


def no_input(*errors: LineError) -> BatchInput:
    """Return the input of a batch without an input file."""
    return BatchInput(Content.of(b""), 0, Deferred.of(array("Q", [0])), None, NO_LINES, errors)


def first_errors(errors: Iterable[LineError]) -> tuple[LineError, ...]:
    """Return the errors that a batch keeps of those of its input."""
    kept: list[LineError] = []
    characters = 0
    for error in islice(errors, MAX_ERRORS):
        characters += len(error["message"])
        if kept and characters > MAX_ERROR_CHARACTERS:
            break
        kept.append(error)
    return tuple(kept)


def missing_input(file_id: str, organization: str) -> BatchInput:
    """Return the input of a batch whose input file does not exist."""
    return no_input(line_error("file_not_found", None, id=file_id, organization=organization))


def line_set(lines: Sequence[int]) -> frozenset[int]:
    """Return lines as a set; the empty one, which most batches have, is the same for all."""
    return frozenset(lines) if lines else NO_LINES


def find_lines(content: Content) -> "array[int]":
    """Return the offset of each line of a file, and that of the end of the last."""
    return array("Q", accumulate((len(line) for line in content.lines()), initial=0))


def read_input(
    content: Content,
    endpoint: Endpoint,
    limits: Limits,
    models: ModelList = ANY_MODEL,
    url: str | None = None,
) -> BatchInput:
    """Validate an input file; `errors` has the errors of all lines.

    `url` is that of each line, None for the path of the endpoint.

    If the file is too large, that is the only error. Its message names the model, so lines are
    read until the model is known.
    """
    validator = _InputValidator(endpoint, limits, models, url or endpoint.path)
    is_too_large = content.size > limits.input_bytes
    offsets = array("Q", [0])
    for index, line in enumerate(content.lines()):
        if index == limits.lines:
            validator.errors = [line_error("too_many_lines", None, limit=limits.lines)]
            break
        offsets.append(offsets[-1] + len(line))
        validator.validate_line(index, line)
        if is_too_large and validator.model is not None:
            limit, model = limits.input_bytes, validator.model
            validator.errors = [line_error("input_too_large", None, limit=limit, model=model)]
            break
    if len(offsets) == 1:
        validator.errors.append(line_error("empty_file", None))
    return BatchInput(
        content,
        len(offsets) - 1,
        Deferred.of(offsets),
        validator.model,
        line_set(validator.failing_lines),
        tuple(validator.errors),
        line_set(validator.unsupported_lines),
    )


class _InputValidator:
    """Validates one line after the other; `model` is that of all lines, once it is known."""

    def __init__(self, endpoint: Endpoint, limits: Limits, models: ModelList, url: str) -> None:
        self.errors: list[LineError] = []
        self.failing_lines: list[int] = []
        self.unsupported_lines: list[int] = []
        self.model: str | None = None
        self._endpoint = endpoint
        self._main_member = endpoint.main_member
        self._limits = limits
        self._models = models
        self._url = url
        self._has_fast_path = url == endpoint.path == fast_path.PATH
        self._custom_ids: set[str] = set()
        self._embedding_inputs = 0
        self._schema_budget = StepBudget()

    def validate_line(self, index: int, line: bytes) -> None:
        simple = fast_path.parse_simple_line(line) if self._has_fast_path else None
        if simple is None or simple.model != self.model or simple.custom_id in self._custom_ids:
            self._validate_ordinary_line(index, line)
        else:
            self._custom_ids.add(simple.custom_id)
            self._note_rejection(index, fast_path.find_error(line, simple))

    def _validate_ordinary_line(self, index: int, line: bytes) -> None:
        try:
            request = parse_request(line)
        except TooManyValuesError:
            limits = {"limit": MAX_VALUES, "containers": MAX_CONTAINERS}
            self.errors.append(line_error("line_with_too_many_values", index + 1, **limits))
            return
        except ValueError:
            self.errors.append(line_error("invalid_json_line", index + 1))
            return
        if not isinstance(request, dict):
            self.errors.append(line_error("line_not_an_object", index + 1))
            return
        errors = self._check_envelope(request) + self._check_body(request)
        self.errors += [_as_line_error(error, index + 1) for error in errors]
        if errors:
            return
        self._schema_budget.grant(STEPS_PER_LINE)
        with shared_preparation(self._schema_budget):
            rejection = self._endpoint.validate(request["body"])
        self._note_rejection(index, rejection)
        if rejection is None and self._endpoint.path == "/v1/embeddings":
            self._count_embedding_inputs(request["body"])

    def _check_envelope(self, request: dict[str, Json]) -> list[ApiError]:
        errors = [
            api_error("missing_parameter", param=name)
            for name in ("custom_id", "method", "url", "body")
            if name not in request
        ]
        custom_id = request.get("custom_id")
        if isinstance(custom_id, str):
            if custom_id in self._custom_ids:
                errors.append(api_error("duplicate_custom_id", custom_id=custom_id))
            self._custom_ids.add(custom_id)
        elif "custom_id" in request:
            errors.append(_invalid_type("custom_id", "a string", custom_id))
        if request.get("method", "POST") != "POST":
            errors.append(api_error("invalid_method"))
        if request.get("url", self._url) != self._url:
            errors.append(api_error("invalid_url"))
        return errors

    def _check_body(self, request: dict[str, Json]) -> list[ApiError]:
        if "body" not in request:
            return []
        body = request["body"]
        if not isinstance(body, dict):
            return [_invalid_type("body", "an object", body)]
        model = body.get("model")
        is_known = model is not None and model == self.model
        errors = [] if is_known else list(self._check_model(model))
        if self._main_member and (missing := self._main_member.find_error(body)):
            errors.append(missing)
        if body.get("stream") is True:
            errors.append(api_error("streaming_unsupported", product=self._endpoint.product))
        return errors

    def _check_model(self, model: Json) -> Iterator[ApiError]:
        if model is None or model == "":
            yield api_error("no_model")
        elif not isinstance(model, str):
            yield _invalid_type("body.model", "a string", model)
        elif not self._models.serves(model):
            yield api_error("model_not_found", model=model)
        elif self.model is None:
            self.model = model
        else:
            yield api_error("mismatched_model", model=model)

    def _note_rejection(self, index: int, error: ApiError | None) -> None:
        if error is not None:
            self.failing_lines.append(index)
            if isinstance(error, NoReplyPossibleError):
                self.unsupported_lines.append(index)

    def _count_embedding_inputs(self, body: dict[str, Json]) -> None:
        limit = self._limits.embedding_inputs
        before = self._embedding_inputs
        self._embedding_inputs += self._endpoint.count_inputs(body)
        if before <= limit < self._embedding_inputs:
            self.errors.append(line_error("too_many_embedding_inputs", None, limit=limit))


def _invalid_type(param: str, expected: str, value: Json) -> ApiError:
    actual = describe_type(value)
    return api_error("invalid_type", param=param, expected=expected, actual=actual)


def _as_line_error(error: ApiError, line: int) -> LineError:
    return {"code": error.code, "message": error.message, "param": error.param, "line": line}
