"""The environment variables by which clients find a world."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mockbatch.client import WorldClient

__tracebackhide__ = True


def environment_of(world: WorldClient) -> dict[str, str | None]:
    """Return the variables that point to a world; None for one that must not be set."""
    variables: dict[str, str | None] = {
        "OPENAI_BASE_URL": world.base_url,
        "OPENAI_API_KEY": world.api_key,
        "OPENAI_WEBHOOK_SECRET": world.webhook_secret,
        "OPENAI_ORG_ID": None,
        "OPENAI_PROJECT_ID": None,
    }
    for name in ("NO_PROXY", "no_proxy"):
        others = os.environ.get(name, "")
        variables[name] = ",".join(filter(None, ["127.0.0.1,localhost", others]))
    return variables


@contextmanager
def environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables for the `with` block, and put back what they were."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
