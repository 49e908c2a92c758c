"""What can happen to a batch: the catalogue of scenarios, and what a scenario is.

    catalogue/     one JSON file for each scenario; a new scenario is a new file there
    scenario       a scenario as a value, parsed from such a file with its parameters
    distortions    changes to what clients see that violate the schemas
    queue          scenarios queued for the next batches of a world
    docs           the catalogue in a terminal, and as docs/scenarios.md

A file of the catalogue needs `name`, `group`, `summary`, `sees` and `advice`; a user's own needs
only `name`, `summary` and `sees`. `mockbatch/schemas/scenario.json` describes the rest.
Add the facts that a client sees to tests/scenarios/test_catalogue.py, and write the page with
`mockbatch scenarios --markdown > docs/scenarios.md`.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mockbatch import jsonio
from mockbatch.errors import ApiError, api_error
from mockbatch.package_data import did_you_mean, read_json_folder
from mockbatch.scenarios.scenario import Scenario, fill_parameters, parse
from mockbatch.typing import Json
from mockbatch.validation.schema import schema


@cache
def catalogue() -> Mapping[str, dict[str, Json]]:
    """Return the documents of the shipped scenarios by name, schema scenario.json."""
    return read_json_folder("scenarios", "catalogue")


def scenario(
    name: str, arguments: Mapping[str, object], param: str = "scenario", path: str = ""
) -> Scenario:
    """Return a scenario of the catalogue with arguments for its parameters.

    Raises ApiError 400 for an unknown name, suggesting similar ones, and for a bad argument.
    `param` is the request member that holds the name; `path` is the prefix of the arguments'.
    """
    document = catalogue().get(name)
    if document is None:
        known = did_you_mean(name, catalogue())
        raise api_error("unknown_scenario", name=name, param=param, hint=known)
    return parse(fill_parameters(document, arguments, path))


def from_document(document: Json, arguments: Mapping[str, object]) -> Scenario:
    """Return the scenario of a user's document; ApiError 400 names what is wrong with it."""
    schema("scenario").check(document, "scenario")
    return parse(fill_parameters(document, arguments))


def from_option(text: str) -> Scenario:
    """Return the scenario of a name, or of the path to a JSON file.

    Raises ValueError with a message of one line.
    """
    try:
        if not text.endswith(".json"):
            return scenario(text, {})
        return from_document(jsonio.parse(Path(text).read_bytes()), {})
    except (ApiError, OSError, ValueError) as error:
        raise ValueError(f"scenario {text!r}: {error}") from error
