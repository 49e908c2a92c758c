"""An input file as validation sees it: its lines, or everything that is wrong with them.

Only what the Batch API itself looks at is judged here; what an endpoint would refuse is
noted and becomes a failed line. Source: facts of August 2025 to September 2026.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from mockbatch.batch.gists import Gists, Writer
from mockbatch.batch.plain_forms import refusal
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.model_list import ModelList
from mockbatch.errors import ERROR_TEMPLATES, ApiError, NoReplyPossibleError, api_error, line_error
from mockbatch.files.content import Content
from mockbatch.jsonio import parse
from mockbatch.limits import Limits
from mockbatch.typing import Json

ANY_MODEL = ModelList()
LineError = dict[str, Json]


@dataclass(frozen=True, slots=True)
class BatchInput:
    """A validated input file: where its lines are, not what they say.

    Line i, counted from 0, is the bytes from `line_offsets[i]` to `line_offsets[i + 1]`.
    `failing_lines` are the lines whose body the endpoint rejects; `unsupported_lines` are those
    of them that only mockbatch cannot reply to. `errors` is empty if validation succeeds.
    `gists` are those of the plain lines.
    """

    content: Content
    line_offsets: "array[int]"
    model: str | None
    failing_lines: frozenset[int]
    errors: tuple[LineError, ...]
    gists: Gists | None = None
    unsupported_lines: frozenset[int] = frozenset()

    @property
    def total(self) -> int:
        """The number of requests."""
        return len(self.line_offsets) - 1

    @property
    def has_errors_of_its_own(self) -> bool:
        """Whether validation fails for another reason than a quota, which may still make room."""
        quota = ERROR_TEMPLATES["enqueued_tokens"].code
        return any(error["code"] != quota for error in self.errors)

    def request(self, index: int) -> dict[str, Json]:
        """Read line `index` again."""
        line: dict[str, Json] = parse(
            self.content.read(self.line_offsets[index], self.line_offsets[index + 1])
        )
        return line


def missing_input(file_id: str, organization: str) -> BatchInput:
    """Make the input of a batch whose file does not exist."""
    error = line_error("file_not_found", None, id=file_id, organization=organization)
    return BatchInput(Content.of(b""), array("Q", [0]), None, frozenset(), (error,))


def read_input(
    content: Content, endpoint: Endpoint, limits: Limits, models: ModelList = ANY_MODEL
) -> BatchInput:
    """Validate an input file; all faults of all lines are reported together."""
    reader = _Reader(endpoint, limits, models)
    starts = array("Q", [0])
    for index, line in enumerate(content.lines()):
        if index == limits.lines:
            reader.errors = [line_error("too_many_lines", None, limit=limits.lines)]
            break
        starts.append(starts[-1] + len(line))
        reader.take(index, line)
    if len(starts) == 1:
        reader.errors.append(line_error("empty_file", None))
    return BatchInput(
        content,
        starts,
        reader.model,
        frozenset(reader.failing_lines),
        tuple(reader.errors),
        None if reader.errors else reader.gists.close(len(starts) - 1),
        frozenset(reader.unsupported_lines),
    )


class _Reader:
    """What has been learnt from the lines so far."""

    def __init__(self, endpoint: Endpoint, limits: Limits, models: ModelList) -> None:
        self.errors: list[LineError] = []
        self.failing_lines: list[int] = []
        self.unsupported_lines: list[int] = []
        self.model: str | None = None
        self._endpoint = endpoint
        self._limits = limits
        self._models = models
        self.gists = Writer()
        self._custom_ids: set[str] = set()
        self._inputs = 0

    def take(self, index: int, line: bytes) -> None:
        try:
            request = parse(line)
        except ValueError:
            self.errors.append(line_error("invalid_json_line", index + 1))
            return
        if not isinstance(request, dict):
            self.errors.append(line_error("line_not_an_object", index + 1))
            return
        faults = self._envelope_faults(request) + self._body_faults(request)
        if faults:
            self.errors += [{**_entry(fault), "line": index + 1} for fault in faults]
        else:
            self._try(index, request["custom_id"], request["body"])

    def _envelope_faults(self, request: dict[str, Json]) -> list[ApiError]:
        faults = [
            api_error("missing_parameter", param=name)
            for name in ("custom_id", "method", "url", "body")
            if name not in request
        ]
        custom_id = request.get("custom_id")
        if isinstance(custom_id, str):
            if custom_id in self._custom_ids:
                faults.append(api_error("duplicate_custom_id", custom_id=custom_id))
            self._custom_ids.add(custom_id)
        elif "custom_id" in request:
            faults.append(_wrong_type("custom_id", "a string", custom_id))
        if request.get("method", "POST") != "POST":
            faults.append(api_error("invalid_method"))
        if request.get("url", self._endpoint.path) != self._endpoint.path:
            faults.append(api_error("invalid_url"))
        return faults

    def _body_faults(self, request: dict[str, Json]) -> list[ApiError]:
        if "body" not in request:
            return []
        body = request["body"]
        if not isinstance(body, dict):
            return [_wrong_type("body", "an object", body)]
        model = body.get("model")
        known = model is not None and model == self.model
        faults = [] if known else list(self._model_faults(model))
        if self._endpoint.path == "/v1/chat/completions" and body.get("messages") is None:
            faults.append(api_error("no_messages"))
        if body.get("stream") is True:
            faults.append(api_error("streaming_unsupported", product=self._endpoint.product))
        return faults

    def _model_faults(self, model: Json) -> Iterator[ApiError]:
        if model is None or model == "":
            yield api_error("no_model")
        elif not isinstance(model, str):
            yield _wrong_type("body.model", "a string", model)
        elif not self._models.serves(model):
            yield api_error("model_not_found", model=model)
        elif self.model is None:
            self.model = model
        else:
            yield api_error("mismatched_model", model=model)

    def _try(self, index: int, custom_id: str, body: dict[str, Json]) -> None:
        plain = self._endpoint.plain
        gist = plain.gist(body) if plain else None
        if plain is None or gist is None:
            refused = self._endpoint.validate(body)
        elif self.gists.knows(gist):
            refused = None
        else:
            refused = refusal(self._endpoint.path, plain, gist.form)
        if refused is not None:
            self.failing_lines.append(index)
            if isinstance(refused, NoReplyPossibleError):
                self.unsupported_lines.append(index)
            return
        if gist is not None:
            self.gists.put(index, custom_id, gist)
            return
        limit = self._limits.embedding_inputs
        before, self._inputs = self._inputs, self._inputs + self._endpoint.count_inputs(body)
        if before <= limit < self._inputs and self._endpoint.path == "/v1/embeddings":
            self.errors.append(line_error("too_many_embedding_inputs", None, limit=limit))


def _wrong_type(param: str, expected: str, value: Json) -> ApiError:
    nouns = {dict: "an object", list: "an array", bool: "a boolean", str: "a string"}
    actual = "null" if value is None else nouns.get(type(value), "a number")
    return api_error("invalid_type", param=param, expected=expected, actual=actual)


def _entry(error: ApiError) -> LineError:
    return {"code": error.code, "message": error.message, "param": error.param}
