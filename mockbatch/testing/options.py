"""The options of a test's world, as the marker, the ini file and Python name them."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from mockbatch.client.clock import epoch_seconds
from mockbatch.package_data import did_you_mean
from mockbatch.scenarios import catalogue
from mockbatch.typing import Json

__tracebackhide__ = True


class WorldOptions(TypedDict, total=False):
    """The options of a world, for type checkers."""

    scenario: str | Mapping[str, Json]
    params: Mapping[str, Json]
    clock: str
    pace: float
    seed: int | str
    start_time: float | str | datetime | None
    poll_limit: int | None


# A test's clock stands still unless the test moves it, and a polling loop that waits for it gets
# an error before it hangs.
TEST_SETTINGS: Mapping[str, Json] = {"clock": "manual", "pace": 1, "poll_limit": 100}
WORLD_OPTIONS = tuple(name for name in WorldOptions.__annotations__ if name != "params")
# What the fixtures do around a world.
FIXTURE_OPTIONS = ("skip_sleep", "real_sleep", "own_key")


def reset_body(options: Mapping[str, Json]) -> dict[str, Json]:
    """Return the body of a reset for options; the others are parameters of their scenario.

    Raises TypeError for an unknown option, and ValueError for an invalid `start_time`.
    """
    body = {name: value for name, value in options.items() if name in WORLD_OPTIONS}
    params = {**options.get("params", {})}
    params |= {name: value for name, value in options.items() if name not in (*body, "params")}
    known = _parameters(options.get("scenario"))
    unknown = set(params) - set(known or ())
    if unknown and known is not None:
        raise TypeError(_describe_unknown(sorted(unknown), known, options.get("scenario")))
    if params:
        body["params"] = params
    if body.get("start_time") is not None:
        body["start_time"] = epoch_seconds(body["start_time"])
    return {**TEST_SETTINGS, **body}


def _parameters(scenario: Json) -> list[str] | None:
    """Return the names of a scenario's parameters, None if there is no such scenario."""
    document = catalogue().get(scenario) if isinstance(scenario, str) else scenario or {}
    return list(document.get("parameters", ())) if isinstance(document, Mapping) else None


def _describe_unknown(unknown: list[str], parameters: list[str], scenario: Json) -> str:
    options = [*WORLD_OPTIONS, *FIXTURE_OPTIONS]
    [first, *_] = unknown
    nearest = did_you_mean(first, [*parameters, *options])
    message = f"unknown option {', '.join(unknown)}."
    if nearest.startswith("Did you mean"):
        message += f" {nearest}"
    message += f" Valid options: {', '.join(options)}"
    if parameters:
        named = scenario if isinstance(scenario, str) else "the scenario"
        message += f", and the parameters of {named}: {', '.join(parameters)}"
    return message + "."
