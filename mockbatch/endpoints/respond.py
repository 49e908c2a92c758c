"""The response to a request, in a batch as in a live call."""

from collections.abc import Mapping
from typing import NamedTuple

from mockbatch.endpoints.endpoint import Endpoint, Execution
from mockbatch.endpoints.scripted_reply import Conditions, Reply
from mockbatch.errors import ApiError, NoReplyPossibleError
from mockbatch.typing import Json


class EndpointResponse(NamedTuple):
    """A response: its status code, None for a batch line that never ran, and its body.

    `error` is the `error` beside it in a batch line. `is_checked` is false if the body is that
    of a raw scripted reply, which may be any JSON. `match` is that of a live call's scripted reply.
    """

    status_code: int | None
    body: Json
    error: Mapping[str, Json] | None = None
    is_checked: bool = True
    match: Conditions | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the status code is 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300


def respond(
    endpoint: Endpoint,
    body: dict[str, Json],
    execution: Execution,
    reply: Reply | None,
    error: ApiError | None,
) -> EndpointResponse:
    """Return the response to a request that runs.

    `reply` is the scripted reply; it does not say that the request never ran. `error` is the
    one with which the endpoint rejects the request. Only a complete reply overrides it; if the
    mock just cannot generate a reply, one with content does too.
    """
    if reply is not None and reply.is_complete(endpoint.path):
        status_code = 200 if reply.status_code is None else reply.status_code
        return EndpointResponse(status_code, reply.body, reply.error, is_checked=not reply.raw)
    has_content = reply is not None and reply.has_content_for(endpoint.path)
    if error is not None and not (has_content and isinstance(error, NoReplyPossibleError)):
        return EndpointResponse(error.status, error.body())
    if reply is not None and reply.calls_offered_tools:
        return EndpointResponse(200, _call_offered_tools(endpoint, body, execution))
    response = endpoint.make_response(body, execution)
    if reply is not None:
        response = endpoint.with_reply(response, reply, body)
    return EndpointResponse(200, response)


def _call_offered_tools(
    endpoint: Endpoint, body: dict[str, Json], execution: Execution
) -> dict[str, Json]:
    """Return a response that calls the tools that a request offers; a text if it offers none."""
    required = {**body, "tool_choice": "required"}
    if not body.get("tools") or endpoint.validate(required) is not None:
        return endpoint.make_response(body, execution)
    response = endpoint.make_response(required, execution)
    if "tool_choice" in response:
        # It is the request's, not the one that made the mock call the tools.
        return {**response, "tool_choice": body.get("tool_choice", "auto")}
    return response
