"""The catalogue: every fate that a batch can be given, one data file each."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mockbatch.errors import ApiError, api_error
from mockbatch.jsonio import parse
from mockbatch.package_data import near, read
from mockbatch.scenarios.scenario import Scenario, filled, parsed
from mockbatch.typing import Json
from mockbatch.validation.schema import schema


@cache
def catalogue() -> Mapping[str, dict[str, Json]]:
    """Return the documents of the shipped scenarios by name, schema scenario.json."""
    return read("scenarios", "catalogue")


def scenario(
    name: str, arguments: Mapping[str, object], param: str = "scenario", path: str = ""
) -> Scenario:
    """Return a scenario of the catalogue with its parameters filled in.

    Raises ApiError 400: an unknown name, with the names near it; a bad argument, by its name.
    `param` says where the name came from, `path` what stands before those of the arguments.
    """
    document = catalogue().get(name)
    if document is None:
        known = near(name, catalogue())
        raise api_error("unknown_scenario", name=name, param=param, hint=known)
    return parsed(filled(document, arguments, path))


def from_document(document: Json, arguments: Mapping[str, object]) -> Scenario:
    """Return a scenario of one's own, its parameters filled in; ApiError 400 names a fault."""
    schema("scenario").check(document, "scenario")
    return parsed(filled(document, arguments))


def from_option(text: str) -> Scenario:
    """Return the scenario that a name or a path to a JSON file stands for.

    Raises ValueError with one line that says what is wrong.
    """
    try:
        if not text.endswith(".json"):
            return scenario(text, {})
        return from_document(parse(Path(text).read_bytes()), {})
    except (ApiError, OSError, ValueError) as error:
        raise ValueError(f"scenario {text!r}: {error}") from error
