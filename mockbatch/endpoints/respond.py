"""What a request is answered with, in a batch as in a live call."""

from collections.abc import Mapping
from typing import NamedTuple

from mockbatch.endpoints.endpoint import Endpoint, Execution
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.errors import ApiError, NoReplyPossibleError
from mockbatch.typing import Json


class EndpointResponse(NamedTuple):
    """An answer: its status code, None of a line that never ran, and its body.

    `error` stands beside it in the line of a batch. `honest` is false of a scripted one that
    nobody has checked: its body may be any JSON.
    """

    status_code: int | None
    body: Json
    error: Mapping[str, Json] | None = None
    is_checked: bool = True

    @property
    def succeeded(self) -> bool:
        """Tell whether it is what was asked for, and no failure."""
        return self.status_code is not None and 200 <= self.status_code < 300


def respond(
    endpoint: Endpoint,
    body: dict[str, Json],
    execution: Execution,
    reply: Reply | None,
    refusal: ApiError | None,
) -> EndpointResponse:
    """Return the answer to a request that runs.

    `reply` is the scripted one, and does not say that the request never ran. `refusal` is
    the endpoint's own, which only a reply that stands alone outranks; where the mock finds no
    answer, one that speaks does too.
    """
    if reply is not None and reply.is_complete(endpoint.path):
        status_code = 200 if reply.status_code is None else reply.status_code
        return EndpointResponse(status_code, reply.body, reply.error, is_checked=not reply.raw)
    speaks = reply is not None and reply.has_content_for(endpoint.path)
    if refusal is not None and not (speaks and isinstance(refusal, NoReplyPossibleError)):
        return EndpointResponse(refusal.status, refusal.body())
    if reply is not None and reply.calls_offered_tools:
        return EndpointResponse(200, _calling(endpoint, body, execution))
    answer = endpoint.make_response(body, execution)
    if reply is not None:
        answer = endpoint.with_reply(answer, reply, body)
    return EndpointResponse(200, answer)


def _calling(endpoint: Endpoint, body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    """Return an answer that calls the tools that a request offers; a text if it offers none."""
    required = {**body, "tool_choice": "required"}
    if not body.get("tools") or endpoint.validate(required) is not None:
        return endpoint.make_response(body, execution)
    answer = endpoint.make_response(required, execution)
    # A response tells what the request has chosen.
    told = {"tool_choice": body.get("tool_choice", "auto")} if "tool_choice" in answer else {}
    return {**answer, **told}
