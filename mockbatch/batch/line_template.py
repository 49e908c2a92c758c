"""Renders the output lines of simple requests from templates, as `fast_path` says."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from mockbatch.batch import fast_path
from mockbatch.batch.fast_path import MAX_TEMPLATES, PATH
from mockbatch.batch.json_pieces import JsonPath, split_json
from mockbatch.batch.output_line import LineChecker, output_line
from mockbatch.endpoints import endpoints, text
from mockbatch.endpoints.chat_completions.endpoint import completion_id, token_limit
from mockbatch.endpoints.endpoint import Execution, Tokens
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.ids import LineIdentities, LineIdentity, Seed

_VALUE_PATHS: tuple[JsonPath, ...] = (
    ("id",),
    ("custom_id",),
    ("response", "request_id"),
    ("response", "body", "id"),
    ("response", "body", "created"),
    ("response", "body", "choices", 0, "message", "content"),
    ("response", "body", "choices", 0, "finish_reason"),
    ("response", "body", "usage", "prompt_tokens"),
    ("response", "body", "usage", "completion_tokens"),
    ("response", "body", "usage", "total_tokens"),
)


class LineTemplate(NamedTuple):
    """How to render the output lines of simple requests with the same parameters.

    `literals` is the text around the values at `_VALUE_PATHS`. `limit` is how many tokens of
    text a reply may have, None for any number; `max_bytes` limits the line of the request.
    """

    literals: tuple[str, ...]
    limit: int | None
    stop: tuple[str, ...]
    reasoning_tokens: int
    max_bytes: float


# Tests send the same parameters in one batch after the other.
@lru_cache(MAX_TEMPLATES)
def line_template(parameters: bytes, *, validate: bool) -> LineTemplate | None:
    """Return the template for requests with these parameters.

    Returns None for requests that the endpoint rejects. `validate` checks the example, an
    output line with its response, against the schemas.
    """
    error, max_bytes = fast_path.check_parameters(parameters)
    if error is not None:
        return None
    endpoint, body = endpoints()[PATH], fast_path.make_example(parameters)
    identity = LineIdentities(Seed.of("example"), 1, built_at=0).of_line(0)
    response = endpoint.make_response(body, Execution(identity.seed, 0))
    line = output_line(identity, "example", EndpointResponse(200, response))
    if validate:
        LineChecker(endpoint).check(line)
    literals = split_json(line, _VALUE_PATHS)
    if literals is None:
        return None
    literals[-1] += "\n"
    limit, reasoning_tokens = token_limit(body)
    return LineTemplate(
        tuple(literals),
        None if limit is None else limit - reasoning_tokens,
        tuple(text.stop_sequences(body.get("stop"))),
        reasoning_tokens,
        max_bytes,
    )


class SimpleLineWriter:
    """Renders the simple lines of one batch, except those whose reply is more than a content.

    `read_line` returns the bytes of a line of the input file by its index, and `replies` are the
    scripted replies by index.
    """

    def __init__(
        self, read_line: Callable[[int], bytes], replies: Mapping[int, Reply], *, validate: bool
    ) -> None:
        self._read_line = read_line
        self._replies = replies
        # The last one: many lines may have the same, and escaping a long one takes time.
        self._escaped_content = "", ""
        self._validate = validate
        self._templates: dict[bytes, LineTemplate | None] = {}
        self._prompt_tokens = self._completion_tokens = self._reasoning_tokens = 0

    @property
    def tokens(self) -> Tokens:
        """What the lines rendered so far are billed for."""
        return Tokens(
            self._prompt_tokens, self._completion_tokens, reasoning=self._reasoning_tokens
        )

    def render(self, index: int, identity: LineIdentity, created_at: int) -> str | None:
        """Return the output line of a request that runs at `created_at`, with its line end.

        Returns None for a line that has to take the ordinary way.
        """
        reply = self._replies.get(index)
        scripted = None if reply is None else reply.content
        if reply is not None and (scripted is None or reply.document.keys() != {"content"}):
            return None
        data = self._read_line(index)
        line = fast_path.parse_simple_line(data)
        if line is None:
            return None
        template = self._template(line.parameters)
        if template is None or len(data) > template.max_bytes:
            return None
        a, b, c, d, e, f, g, h, i, j, k = template.literals
        prompt, prompt_tokens = fast_path.measure_prompt(line.messages)
        if scripted is None:
            content, finish_reason, completion_tokens = _reply(prompt, template)
        else:
            content, finish_reason = self._escape_content(scripted), "stop"
            completion_tokens = text.count_tokens(scripted) + template.reasoning_tokens
        self._prompt_tokens += prompt_tokens
        self._completion_tokens += completion_tokens
        self._reasoning_tokens += template.reasoning_tokens
        # An f-string takes half the time of `%`, a third of that of a JSON encoder.
        return (
            f"{a}{identity.id}{b}{_escape(line.custom_id)}{c}{identity.request_id}"
            f"{d}{completion_id(identity.letters)}{e}{created_at}{f}{content}{g}{finish_reason}"
            f"{h}{prompt_tokens}{i}{completion_tokens}{j}{prompt_tokens + completion_tokens}{k}"
        )

    def _escape_content(self, content: str) -> str:
        if content is not self._escaped_content[0]:
            self._escaped_content = content, _escape(content)
        return self._escaped_content[1]

    def _template(self, parameters: bytes) -> LineTemplate | None:
        if parameters not in self._templates:
            if len(self._templates) == MAX_TEMPLATES:
                return None
            self._templates[parameters] = line_template(parameters, validate=self._validate)
        return self._templates[parameters]


def _reply(prompt: str, template: LineTemplate) -> tuple[str, str, int]:
    """Return the escaped reply to a prompt, its `finish_reason` and its completion tokens."""
    quoted, needs_no_escaping = text.quote(prompt)
    content, is_cut = text.mock_reply_to_quote(quoted), False
    tokens = text.count_tokens(content)
    if template.stop or (template.limit is not None and tokens > template.limit):
        content, tokens, is_cut = text.limit_text(content, template.limit, template.stop)
    return (
        content if needs_no_escaping else _escape(content),
        "length" if is_cut else "stop",
        tokens + template.reasoning_tokens,
    )


def _escape(string: str) -> str:
    return encode_basestring_ascii(string)[1:-1]
