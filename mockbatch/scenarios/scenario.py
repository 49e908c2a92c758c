"""A scenario: how long each stage of a batch lasts and which of its lines fail."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.endpoints.scripted_reply import parse as parse_reply
from mockbatch.errors import ERROR_TEMPLATES, api_error
from mockbatch.limits import Quotas
from mockbatch.package_data import near
from mockbatch.scenarios.distortions import (
    HONEST,
    ObjectDistortion,
    OutputDistortion,
    WebhookDistortion,
)
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# Seconds. The first two and the last are what was recorded of the real service in 2025 and
# 2026; lines and load make them differ by orders of magnitude there.
RECORDED_SECONDS: Mapping[str, float] = {
    "validating": 62,
    "in_progress": 61,
    "finalizing": 1,
    "cancelling": 605,
}


# The errors with which validation can end, by code.
VERDICTS: Mapping[str, str] = {
    str(ERROR_TEMPLATES[name].code): name
    for name in (
        "invalid_json_line",
        "missing_parameter",
        "file_not_found",
        "invalid_method",
        "invalid_url",
        "model_not_found",
        "mismatched_model",
        "duplicate_custom_id",
        "streaming_unsupported",
        "too_many_lines",
        "empty_file",
        "enqueued_tokens",
        "billing_limit",
    )
}

# Those of a file as a whole, which name no line.
OF_THE_FILE = frozenset(
    {"file_not_found", "too_many_lines", "empty_file", "enqueued_tokens", "billing_limit"}
)


class Share(NamedTuple):
    """A share of the lines, and what they are answered with."""

    fraction: float
    reply: Reply


class Verdict(NamedTuple):
    """How validation ends whatever the file holds: with an error, by its code, and its line."""

    error: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What befalls a batch, as a function of time alone.

    `stages` holds the seconds of each status at pace 1, None for one that never ends by
    itself. `executed` is the share of lines that run before such an `in_progress` stands
    still. `replies` are what some lines are answered with.
    `overdue` is by how many seconds the end of the window is missed, None when it never
    comes; `visible_after`, `output_seconds` and `enqueued_after` (for how long a batch that has
    ended still counts towards a quota) are in seconds too. `validation` is None where the
    input file decides. `loses_race` lets a cancelled batch complete. `quotas` are those of
    the world from the batch's creation on, None for those it has. `cached` is the share of
    each prompt that is read from the cache. `object` and `output` are distortions of what is
    shown, `webhook` is one of how its end is told.
    """

    name: str
    stages: Mapping[str, float | None]
    executed: float
    replies: tuple[Share, ...] = ()
    overdue: float | None = 0
    visible_after: float = 0
    output_seconds: int | None = None
    loses_race: bool = False
    enqueued_after: float = 0
    validation: Verdict | None = None
    quotas: Quotas | None = None
    cached: float = 0
    object: tuple[ObjectDistortion, ...] = ()
    output: OutputDistortion | None = None
    webhook: WebhookDistortion = HONEST
    # What it was parsed from, for whoever writes it down again.
    document: Mapping[str, Json] = field(default_factory=dict, compare=False)


def parsed(document: Mapping[str, Json]) -> Scenario:
    """Make a scenario from a document; ApiError 400 names what does not fit scenario.json."""
    schema("scenario").check(document, "scenario")
    document = schema("scenario").coerce_integers(document)
    return Scenario(
        name=document["name"],
        stages={**RECORDED_SECONDS, **document.get("stages", {})},
        executed=document.get("executed", 1),
        replies=tuple(_shares(document.get("replies", ()))),
        overdue=document.get("overdue", 0),
        visible_after=document.get("visible_after", 0),
        output_seconds=document.get("output_seconds"),
        loses_race=document.get("loses_race", False),
        enqueued_after=document.get("enqueued_after", 0),
        validation=_verdict(document.get("validation")),
        quotas=_quotas(document.get("quotas")),
        cached=document.get("cached", 0),
        object=tuple(_object_distortion(one) for one in document.get("object", ())),
        output=_output_distortion(document.get("output")),
        webhook=_webhook_distortion(document.get("webhook", {})),
        document=document,
    )


def _shares(given: Json) -> Iterator[Share]:
    for place, one in enumerate(given):
        yield Share(one["fraction"], parse_reply(one["reply"], f"scenario.replies[{place}].reply"))


def _verdict(given: Json) -> Verdict | None:
    if given is None:
        return None
    if given["error"] not in VERDICTS:
        known = ", ".join(sorted(VERDICTS))
        raise api_error("invalid_value", param="scenario.validation.error", why=f"use {known}")
    return Verdict(**given)


def _quotas(given: Json) -> Quotas | None:
    if given is None:
        return None
    schema("quotas").check(given, "scenario.quotas")
    return Quotas(**given)


def _object_distortion(given: Json) -> ObjectDistortion:
    return ObjectDistortion(**{**given, "when": frozenset(given.get("when", ()))})


def _output_distortion(given: Json) -> OutputDistortion | None:
    if given is None:
        return None
    return OutputDistortion(**{**given, "drop": tuple(given.get("drop", ()))})


def _webhook_distortion(given: Json) -> WebhookDistortion:
    signatures = tuple(given.get("signatures", HONEST.signatures))
    return WebhookDistortion(**{**given, "signatures": signatures})


def filled(
    document: dict[str, Json], arguments: Mapping[str, object], path: str = ""
) -> dict[str, Json]:
    """Return the document with arguments put where its parameters say.

    Arguments are numbers, texts of numbers as they come in metadata, or one of a
    parameter's choices. Raises ApiError 400 naming an unknown parameter or a bad argument,
    `path` before its name.
    """
    document = copy.deepcopy(document)
    parameters = document.get("parameters", {}) if isinstance(document, dict) else {}
    for name, argument in arguments.items():
        if name not in parameters:
            known = near(name, parameters) if parameters else "It has none."
            raise api_error("unknown_scenario_parameter", param=path + name, hint=known)
        value = _argument(path + name, argument, parameters[name])
        try:
            _put(document, parameters[name]["sets"], value)
        except (AttributeError, LookupError, TypeError):
            place = f"scenario.parameters.{name}.sets"
            raise api_error("invalid_value", param=place, why="it leads nowhere") from None
    return document


def _put(document: Json, place: list[str | int], value: Json) -> None:
    *path, last = place
    for step in path:
        document = document[step] if isinstance(step, int) else document.setdefault(step, {})
    document[last] = value


def _argument(name: str, argument: object, parameter: Mapping[str, Json]) -> Json:
    choices = parameter.get("choices")
    if choices is None:
        for bound in ("minimum", "maximum"):
            if bound not in parameter:
                raise api_error("missing_parameter", param=f"scenario.parameters.{name}.{bound}")
        return _number(name, argument, parameter)
    if argument not in choices:
        supported = ", ".join(f"'{choice}'" for choice in choices)
        raise api_error("unsupported_value", param=name, value=argument, supported=supported)
    return argument


def _number(name: str, argument: object, bounds: Mapping[str, Json]) -> float:
    value = argument
    if isinstance(argument, str):
        try:
            value = int(argument) if argument.isascii() and argument.isdigit() else float(argument)
        except ValueError:
            value = argument
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise api_error("invalid_type", param=name, expected="a number", actual=repr(argument))
    if not bounds["minimum"] <= value <= bounds["maximum"]:
        why = f"{argument} is not between {bounds['minimum']} and {bounds['maximum']}"
        raise api_error("invalid_value", param=name, why=why)
    # "3.0" is the line 3.
    return int(value) if value == int(value) else value
