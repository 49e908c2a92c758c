"""Live calls: requests to the endpoints outside of a batch, with an immediate response.

The response to a body is that of a batch line with the same body, apart from ids and times.
"""

from mockbatch.endpoints import respond
from mockbatch.endpoints.endpoint import Endpoint, Execution
from mockbatch.endpoints.model_list import ModelList
from mockbatch.endpoints.reply_limit import ReplyLimit
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.endpoints.scripted_reply import NEVER_RAN
from mockbatch.errors import NoReplyPossibleError, api_error
from mockbatch.scripting.script import Script
from mockbatch.typing import Json
from mockbatch.validation.step_budget import (
    StepBudget,
    shared_generation,
    shared_preparation,
)


def check_model(models: ModelList, endpoint: Endpoint, body: dict[str, Json]) -> None:
    """Raise the endpoint's ApiError for a model that is not served."""
    name = body.get("model")
    if isinstance(name, str) and name and not models.serves(name):
        raise api_error(endpoint.unknown_model_error, model=name)


def respond_live(
    endpoint: Endpoint, body: dict[str, Json], execution: Execution, script: Script
) -> EndpointResponse:
    """Return the response to a live call.

    Raises ApiError 400 if the scripted reply fails, or if only a batch line can have it because
    it means that the line never ran, or has a status below 200.
    """
    line = {"method": "POST", "url": endpoint.path, "body": body}
    reply = script.reply(line, None, endpoint.path, None)
    if reply is not None and reply.outcome == NEVER_RAN:
        raise api_error("unexecuted_reply_in_live_call")
    with shared_preparation(StepBudget()), shared_generation(StepBudget()):
        error = endpoint.validate(body)
        if reply is not None and (error is None or isinstance(error, NoReplyPossibleError)):
            reply = ReplyLimit().apply(endpoint, reply, lambda: body)
        response = respond.respond(endpoint, body, execution, reply, error)
    if response.status_code is not None and response.status_code < 200:
        raise api_error("batch_only_status_in_live_call", status=response.status_code)
    return response if reply is None else response._replace(match=reply.match)
