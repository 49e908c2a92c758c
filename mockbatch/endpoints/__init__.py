"""What the endpoints answer: one module for each, found by being in this folder.

The body of a batch line equals the live answer to the same request, so one endpoint makes
both. A new endpoint is a new module that defines `ENDPOINT`, and its two schemas.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mockbatch.endpoints.endpoint import Endpoint

# The order in which the service's own message lists them, so far as it was observed.
_LISTED_FIRST = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/moderations",
)


@cache
def endpoints() -> Mapping[str, Endpoint]:
    """Return the endpoints a batch can name, by path."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = {
        module.ENDPOINT.path: module.ENDPOINT for module in modules if hasattr(module, "ENDPOINT")
    }
    return {path: found[path] for path in sorted(found, key=_listed_at)}


def _listed_at(path: str) -> tuple[int, str]:
    place = _LISTED_FIRST.index(path) if path in _LISTED_FIRST else len(_LISTED_FIRST)
    return place, path
