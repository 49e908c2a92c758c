"""A scenario: how long the stages of a batch last, and what goes wrong with it."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.errors import ERROR_TEMPLATES, api_error
from mockbatch.limits import Quotas
from mockbatch.package_data import did_you_mean
from mockbatch.scenarios.distortions import (
    NO_DISTORTION,
    ObjectDistortion,
    OutputDistortion,
    WebhookDistortion,
)
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# How long each stage lasts. All but finalizing were recorded from the real service in 2025 and
# 2026, where they vary by orders of magnitude with the number of lines and the load.
RECORDED_SECONDS: Mapping[str, float] = {
    "validating": 62,
    "in_progress": 61,
    "finalizing": 1,
    "cancelling": 605,
}


# The errors that a scenario can make validation end with: code -> name of the message.
FAILURE_CODES: Mapping[str, str] = {
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

# Those that are about the whole file and name no line.
FILE_LEVEL_ERRORS = frozenset(
    {"file_not_found", "too_many_lines", "empty_file", "enqueued_tokens", "billing_limit"}
)


class ReplyShare(NamedTuple):
    """A fraction of the lines, and the reply they get."""

    fraction: float
    reply: Reply


class ForcedFailure(NamedTuple):
    """An error with which validation ends, whatever the file contains; `error` is its code."""

    error: str
    line: int | None = None


class Scenario(Struct, frozen=True):
    """What happens to a batch, as a function of time alone.

    `stages` holds the seconds of each status at pace 1, None for one that never ends by
    itself. `executed_fraction` of the lines run before such an `in_progress` stops. `replies`
    are given to some of the lines. The batch expires `expiry_delay_seconds` after the end of
    its window, never if None. It can be retrieved `visible_after_seconds` after its creation;
    its files live for `output_seconds`; it counts towards a quota until
    `quota_release_seconds` after its end. `validation` is None if the input file decides.
    `completes_despite_cancel` lets a cancelled batch complete; `cancel_discards_results` leaves
    the lines that ran out of its counts and files. `quotas` replace those of the world when the
    batch is created, unless None. `cached_fraction` of each prompt is read from
    the cache. `object` and `output` distort what clients see, `webhook` how the end is
    delivered.
    """

    name: str
    stages: Mapping[str, float | None]
    executed_fraction: float
    replies: tuple[ReplyShare, ...] = ()
    expiry_delay_seconds: float | None = 0
    visible_after_seconds: float = 0
    output_seconds: int | None = None
    completes_despite_cancel: bool = False
    cancel_discards_results: bool = False
    quota_release_seconds: float = 0
    validation: ForcedFailure | None = None
    quotas: Quotas | None = None
    cached_fraction: float = 0
    object: tuple[ObjectDistortion, ...] = ()
    output: OutputDistortion | None = None
    webhook: WebhookDistortion = NO_DISTORTION
    # The document it was parsed from, for snapshots.
    document: Mapping[str, Json] = field(default_factory=dict)

    @property
    def document_bytes(self) -> int:
        """How long its document is as JSON."""
        return len(json.dumps(self.document))


def parse(document: Mapping[str, Json]) -> Scenario:
    """Parse a document of schema scenario.json; ApiError 400 names what does not fit."""
    schema("scenario").check(document, "scenario")
    document = schema("scenario").coerce_integers(document)
    return Scenario(
        name=document["name"],
        stages={**RECORDED_SECONDS, **document.get("stages", {})},
        executed_fraction=document.get("executed", 1),
        replies=tuple(_reply_shares(document.get("replies", ()))),
        expiry_delay_seconds=document.get("overdue", 0),
        visible_after_seconds=document.get("visible_after", 0),
        output_seconds=document.get("output_seconds"),
        completes_despite_cancel=document.get("loses_race", False),
        cancel_discards_results=document.get("loses_results", False),
        quota_release_seconds=document.get("enqueued_after", 0),
        validation=_forced_failure(document.get("validation")),
        quotas=_quotas(document.get("quotas")),
        cached_fraction=document.get("cached", 0),
        object=tuple(map(_object_distortion, document.get("object", ()))),
        output=_output_distortion(document.get("output")),
        webhook=_webhook_distortion(document.get("webhook", {})),
        document=document,
    )


def _reply_shares(shares: Json) -> Iterator[ReplyShare]:
    for index, share in enumerate(shares):
        path = f"scenario.replies[{index}].reply"
        yield ReplyShare(share["fraction"], parse_reply(share["reply"], path))


def _forced_failure(document: Json) -> ForcedFailure | None:
    if document is None:
        return None
    if document["error"] not in FAILURE_CODES:
        known = ", ".join(sorted(FAILURE_CODES))
        raise api_error("invalid_value", param="scenario.validation.error", reason=f"use {known}")
    return ForcedFailure(**document)


def _quotas(document: Json) -> Quotas | None:
    if document is None:
        return None
    schema("quotas").check(document, "scenario.quotas")
    return Quotas(**document)


def _object_distortion(document: Json) -> ObjectDistortion:
    return ObjectDistortion(**{**document, "when": frozenset(document.get("when", ()))})


def _output_distortion(document: Json) -> OutputDistortion | None:
    if document is None:
        return None
    return OutputDistortion(**{**document, "drop": tuple(document.get("drop", ()))})


def _webhook_distortion(document: Json) -> WebhookDistortion:
    signatures = tuple(document.get("signatures", NO_DISTORTION.signatures))
    return WebhookDistortion(**{**document, "signatures": signatures})


def fill_parameters(
    document: dict[str, Json], arguments: Mapping[str, object], path: str = ""
) -> dict[str, Json]:
    """Return the document with the arguments put where its parameters point.

    An argument is a number, a number as a string (as in metadata), or one of the parameter's
    choices. Raises ApiError 400 for an unknown parameter or a bad argument, named with the
    prefix `path`.
    """
    document = copy.deepcopy(document)
    parameters = document.get("parameters", {})
    for name, argument in arguments.items():
        if name not in parameters:
            known = did_you_mean(name, parameters) if parameters else "It has none."
            raise api_error("unknown_scenario_parameter", param=path + name, hint=known)
        value = _argument(path + name, argument, parameters[name])
        try:
            _put(document, parameters[name]["sets"], value)
        except (AttributeError, LookupError, TypeError):
            param = f"scenario.parameters.{name}.sets"
            raise api_error("invalid_value", param=param, reason="it leads nowhere") from None
    return document


def _put(document: Json, path: list[str | int], value: Json) -> None:
    *parents, last = path
    for step in parents:
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
        reason = f"{argument} is not between {bounds['minimum']} and {bounds['maximum']}"
        raise api_error("invalid_value", param=name, reason=reason)
    return value
