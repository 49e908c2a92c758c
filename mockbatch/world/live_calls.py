"""Live calls of the endpoints: outside of any batch, answered at once.

The answer to a request is that of a batch's line with the same body, but for ids and times.
"""

from mockbatch.endpoints import respond
from mockbatch.endpoints.endpoint import Endpoint, Execution
from mockbatch.endpoints.model_list import ModelList
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.endpoints.scripted_reply import NEVER_RAN
from mockbatch.errors import api_error
from mockbatch.scripting.script import Script
from mockbatch.typing import Json


def check_model(models: ModelList, endpoint: Endpoint, body: dict[str, Json]) -> None:
    """Raise the ApiError of a call to a model that is not served."""
    name = body.get("model")
    if isinstance(name, str) and name and not models.serves(name):
        raise api_error(endpoint.unknown_model_error, model=name)


def respond_live(
    endpoint: Endpoint, body: dict[str, Json], execution: Execution, script: Script
) -> EndpointResponse:
    """Return the answer to a call.

    Raises ApiError 400 for a scripted reply that fails, and for one that only a line of a
    batch can get: that it never ran, or a status below 200.
    """
    line = {"method": "POST", "url": endpoint.path, "body": body}
    reply = script.reply(line, None, endpoint.path, None)
    if reply is not None and reply.outcome == NEVER_RAN:
        raise api_error("unexecuted_reply_in_live_call")
    answer = respond.respond(endpoint, body, execution, reply, endpoint.validate(body))
    if answer.status_code is not None and answer.status_code < 200:
        raise api_error("batch_only_status_in_live_call", status=answer.status_code)
    return answer
