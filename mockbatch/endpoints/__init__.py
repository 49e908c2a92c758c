"""What OpenAI's endpoints respond with.

Each endpoint is a module or a package in this folder that defines ENDPOINT; a batch line gets
the same response body as a live call with the same request body.

To add an endpoint `/v1/shouts`, add

- `endpoints/shouts.py`, or a package `endpoints/shouts/`, that defines ENDPOINT: see `Endpoint`
  in `endpoint` for its parts, and `embeddings` for a small example,
- `schemas/shouts.request.json` and `schemas/shouts.response.json`, its two JSON Schemas.

Nothing else has to be changed: batches, live calls, `mockbatch validate` and the command line
take it from `endpoints()`. `tests/endpoints/test_ninth_endpoint.py` does all this.

The package also has:

- `endpoint`: the types that make up an endpoint.
- `respond`: the response to a request: the endpoint's, a scripted reply, or an error.
- `scripted_reply`: a scripted reply, as a value; `mockbatch.scripting` parses them.
- `response_size`, `reply_limit`: how large a response and scripted replies may be.
- `text`: generated texts and token counts.
- `output_request`, `tools`, `tool_calls`: the output that a request to chat completions or
  responses asks for.
- `structured_output`: values for the JSON Schemas of requests.
- `streaming`: what server-sent events of several endpoints share.
- `form_fields`, `media_references`: multipart forms, and images and videos in requests.
- `provider_registry`: which requests belong to another provider than OpenAI.
- `models`, `model_list`: what is known about models, and which models a world serves.
- `token_limits`: rejects requests with more tokens than a model allows.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.provider_registry import provider_endpoints

# The order in which the service's own error message lists them, as far as it was observed.
_LISTED_FIRST = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/moderations",
)


@cache
def endpoints() -> Mapping[str, Endpoint]:
    """Return the endpoints that a batch can name, by path, in the order of OpenAI's messages."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    unsorted = [module.ENDPOINT for module in modules if hasattr(module, "ENDPOINT")]
    return {endpoint.path: endpoint for endpoint in sorted(unsorted, key=_sort_key)}


def _sort_key(endpoint: Endpoint) -> tuple[int, str]:
    path = endpoint.path
    is_listed = path in _LISTED_FIRST
    return (_LISTED_FIRST.index(path) if is_listed else len(_LISTED_FIRST)), path


def find_endpoint(path: str) -> Endpoint | None:
    """Return the endpoint at a path, of OpenAI or another provider; None if there is none."""
    if path in endpoints():
        return endpoints()[path]
    module = provider_endpoints().get(path)
    if module is None:
        return None
    endpoint: Endpoint = import_module(module).ENDPOINT
    return endpoint


def known_endpoint(path: str) -> Endpoint:
    """Return the endpoint at a path; LookupError if there is none."""
    endpoint = find_endpoint(path)
    if endpoint is None:
        raise LookupError(path)
    return endpoint


def other_endpoints() -> list[Endpoint]:
    """Return the endpoints of providers other than OpenAI; this imports their modules."""
    return [import_module(module).ENDPOINT for module in provider_endpoints().values()]


def known_paths() -> list[str]:
    """Return the paths of all endpoints: OpenAI's, and then those of other providers."""
    return [*endpoints(), *provider_endpoints()]
