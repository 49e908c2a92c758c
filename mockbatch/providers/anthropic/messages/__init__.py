"""POST /v1/messages: a message that follows the messages of the request.

    request   what is wrong with a request body
    message   the message that answers it
    scripted  puts a scripted reply into a message
    stream    a message as server-sent events

ENDPOINT answers live calls. The lines of a batch are answered by `line_endpoint(version)`, which
finds a little more wrong with a body, and bills by another tier.
"""

from functools import cache, partial

from msgspec.structs import replace

from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.model_list import ModelList
from mockbatch.providers.anthropic.messages import request, scripted, stream
from mockbatch.providers.anthropic.messages.message import build_message, read_usage
from mockbatch.providers.anthropic.versions import FIRST_VERSION

PATH = "/v1/messages"

ENDPOINT = Endpoint(
    path=PATH,
    product="Messages",
    request_schema=request.SCHEMA,
    response_schema="anthropic/message",
    check=partial(request.check_request, version=FIRST_VERSION),
    build_response=partial(build_message, service_tier="standard"),
    read_usage=read_usage,
    supported_reply_fields=scripted.SUPPORTED_REPLY_FIELDS,
    apply_reply=scripted.apply_reply,
    stream=stream.STREAM,
    error_schema="anthropic/error",
)


@cache
def live_endpoint(version: str) -> Endpoint:
    """Return the endpoint of live calls by a version of the API."""
    return replace(ENDPOINT, check=partial(request.check_request, version=version))


@cache
def line_endpoint(version: str, served: tuple[str, ...] | None) -> Endpoint:
    """Return the endpoint of the lines of a batch that was created by a version of the API.

    `served` are the models that its world served then, None for all.
    """
    return replace(
        ENDPOINT,
        check=partial(request.check_line, version=version, served=ModelList(served)),
        build_response=partial(build_message, service_tier="batch"),
    )
