"""The routes of the providers besides OpenAI, one module for each.

A module has a `blueprint`, and `batch_json(batch)`, which returns the object of a batch as it is
now, without distortion. It is imported when it is first needed. Its routes are in a Flask app of
their own, so that OpenAI's routes stay as fast as without them; see `mockbatch.web.provider_apps`.
"""

from importlib import import_module
from types import ModuleType


def find_routes(name: str) -> ModuleType:
    """Return the module with the routes of a provider."""
    return import_module(f"{__name__}.{name}")
