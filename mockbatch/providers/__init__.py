"""The providers besides OpenAI: one folder for each, with what differs on the wire.

    provider     the interface of a provider
    refusals     which providers cannot have a scenario

A provider is a folder here and a module with the same name in `mockbatch/web/providers/`:

    NAME/provider.json     its title, the paths and headers of its requests, the headers of its
                           key, what OpenAI calls its paths, the variables of its SDK
    NAME/__init__.py       defines PROVIDER, a `Provider`
    NAME/schemas/*.json    its JSON Schemas; `schema("NAME/x")` is the one in x.json
    ../web/providers/NAME.py   its routes: a module with a `blueprint` and `batch_json`

Nothing else has to be changed: `tests/providers/test_another_provider.py` adds one. The modules
of a provider are imported with its first request.
"""

from functools import cache
from importlib import import_module

from mockbatch.endpoints.provider_registry import provider_documents
from mockbatch.providers.provider import Provider


@cache
def find(name: str) -> Provider:
    """Return the provider of that name, one of `provider_documents()`."""
    provider: Provider = import_module(f"{__name__}.{name}").PROVIDER
    return provider


def names() -> list[str]:
    """Return the names of all providers but OpenAI, sorted."""
    return list(provider_documents())
