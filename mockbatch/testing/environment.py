"""The environment variables by which clients find a world."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from mockbatch.client import WorldClient
from mockbatch.endpoints.provider_registry import environment_variables

if TYPE_CHECKING:
    import pytest

__tracebackhide__ = True


def environment_of(world: WorldClient) -> dict[str, str | None]:
    """Return the variables that point to a world; None for one that must not be set."""
    variables: dict[str, str | None] = {
        "OPENAI_BASE_URL": world.base_url,
        "OPENAI_API_KEY": world.api_key,
        "OPENAI_WEBHOOK_SECRET": world.webhook_secret,
        "OPENAI_ORG_ID": None,
        "OPENAI_PROJECT_ID": None,
        # Else the functions of the module `openai` could not tell which of both is meant.
        "OPENAI_API_TYPE": os.environ.get("OPENAI_API_TYPE", "openai"),
        **environment_variables(world.url, world.api_key),
    }
    for name in ("NO_PROXY", "no_proxy"):
        others = os.environ.get(name, "")
        variables[name] = ",".join(filter(None, ["127.0.0.1,localhost", others]))
    return variables


@contextmanager
def environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables for the `with` block, and put back what they were."""
    before = {name: os.environ.get(name) for name in variables}
    module = _undecided_module()
    _set(variables)
    if module is not None:
        module.api_type = "openai"  # type: ignore[attr-defined]
    try:
        yield
    finally:
        _set(before)
        if module is not None:
            module.api_type = None  # type: ignore[attr-defined]


def set_environment(monkeypatch: "pytest.MonkeyPatch", world: WorldClient) -> None:
    """Let the environment point to a world until the monkeypatch is undone."""
    module = _undecided_module()
    if module is not None:
        monkeypatch.setattr(module, "api_type", "openai")
    for name, value in environment_of(world).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


def _undecided_module() -> ModuleType | None:
    """Return the module `openai` if it was imported without a choice between OpenAI and Azure.

    Its functions, such as `openai.batches.create`, choose by the environment, and raise an error
    if that has keys of both. An `OPENAI_API_TYPE` counts only until the import.
    """
    module = sys.modules.get("openai")
    return None if getattr(module, "api_type", "") is not None else module


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
