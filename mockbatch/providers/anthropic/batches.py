"""Anthropic's Message Batches: what a client may ask for, and the object.

A Message Batch is a batch with OpenAI's timeline, of which clients see less: it is in progress
from its creation on, then ended, and all its lines are in one file of results.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest
from mockbatch.batch.deferred import Deferred
from mockbatch.batch.input_file import BatchInput, find_lines, line_set
from mockbatch.batch.rules import BatchRules, BatchTerms
from mockbatch.batch.timeline import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    EXPIRED,
    FAILED,
    FINAL,
    FINALIZING,
    VALIDATING,
)
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.model_list import ModelList
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.files.file import FileRules
from mockbatch.ids import BASE58, Seed
from mockbatch.jsonio import parse as parse_json
from mockbatch.providers.anthropic import ids, messages, scenarios
from mockbatch.providers.anthropic.errors import INVALID_REQUEST, anthropic_error
from mockbatch.providers.anthropic.results import result_line
from mockbatch.providers.anthropic.wording import find_violation
from mockbatch.typing import Json
from mockbatch.validation.step_budget import STEPS_PER_LINE, StepBudget, shared_preparation

MAX_REQUESTS = 100_000
MAX_BYTES = 256 * 1024**2
# How long the results can be read, from the creation of the batch on.
RESULTS_SECONDS = 29 * 24 * 3600
IN_PROGRESS, CANCELING, ENDED = "in_progress", "canceling", "ended"

_MAX_ID_CHARACTERS = 64
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def read_input(content: Content, terms: BatchTerms) -> BatchInput:
    """Return the input of a batch from a state document; ApiError 400 if it is not valid."""
    try:
        parsed = [parse_json(line) for line in content.lines()]
        requests = [{"custom_id": one["custom_id"], "params": one["body"]} for one in parsed]
    except (LookupError, TypeError, ValueError):
        raise anthropic_error("unreadable_input") from None
    _check_requests({"requests": requests})
    return _make_input(requests, _find_endpoint(messages.PATH, terms))


def _find_endpoint(path: str, terms: BatchTerms) -> Endpoint:  # noqa: ARG001 - all have one
    served = terms.shown.get("served")
    return messages.line_endpoint(terms.shown["version"], None if served is None else tuple(served))


def _results_id(seed: Seed) -> str:
    """Return the id of a file of results, which clients never see."""
    return "results_" + seed.text(BASE58, 22)


def _counts(batch: Batch, now: float) -> dict[str, int]:
    """Return the counts, which all move when the batch ends; until then all are processing."""
    total = batch.input.total
    status = batch.status(now)
    if status not in FINAL:
        total, succeeded, errored, left = 0, 0, 0, total
    else:
        counts = batch.counts(now)
        succeeded, errored, left = counts.completed, counts.failed, 0
        total -= succeeded + errored
    return {
        "processing": left,
        "succeeded": succeeded,
        "errored": errored,
        "canceled": total if status == CANCELLED else 0,
        "expired": total if status == EXPIRED else 0,
    }


RULES = BatchRules(
    provider="anthropic",
    schema="anthropic/message_batch",
    new_id=ids.message_batch_id,
    files=FileRules(_results_id),
    empty_files=FINAL,
    output_line=result_line,
    results_seconds=RESULTS_SECONDS,
    has_webhooks=False,
    has_quotas=False,
    finishes_running_line=False,
    adapt=scenarios.adapt,
    read_input=read_input,
    find_endpoint=_find_endpoint,
    name_counts=_counts,
    status_names={
        **dict.fromkeys((VALIDATING, FINALIZING), IN_PROGRESS),
        CANCELLING: CANCELING,
        **dict.fromkeys((COMPLETED, EXPIRED, CANCELLED, FAILED), ENDED),
    },
)


def parse_request(body: dict[str, Json], version: str, models: ModelList) -> BatchRequest:
    """Read the body of a request; ApiError 400 names what is wrong with it.

    A custom_id that is not valid refuses the whole batch. Everything wrong with the params of a
    request becomes an errored result.
    """
    _check_requests(body)
    served = None if models.names is None else list(models.names)
    terms = BatchTerms(shown={"version": version, "served": served})
    batch_input = _make_input(body["requests"], _find_endpoint(messages.PATH, terms))
    return BatchRequest("", messages.PATH, None, None, None, RULES, terms, batch_input)


def _check_requests(body: dict[str, Json]) -> None:
    requests = body.get("requests")
    if isinstance(requests, list):
        if not requests:
            raise anthropic_error("no_requests")
        if len(requests) > MAX_REQUESTS:
            count = len(requests)
            raise anthropic_error("too_many_requests", limit=MAX_REQUESTS, count=count)
    known: set[str] = set()
    for index, request in enumerate(requests if isinstance(requests, list) else ()):
        if isinstance(request, dict):
            _check_custom_id(request, index)
            if request["custom_id"] in known:
                raise anthropic_error("duplicate_custom_id", custom_id=request["custom_id"])
            known.add(request["custom_id"])
    sentence = find_violation("anthropic/create_message_batch", body)
    if sentence is not None:
        raise ApiError(400, sentence, INVALID_REQUEST)


def _check_custom_id(request: dict[str, Json], index: int) -> None:
    if "custom_id" not in request:
        raise anthropic_error("no_custom_id", index=index)
    custom_id = request["custom_id"]
    if not isinstance(custom_id, str):
        raise anthropic_error("custom_id_type", index=index)
    if len(custom_id) > _MAX_ID_CHARACTERS:
        raise anthropic_error("long_custom_id", index=index)
    if not _CUSTOM_ID.fullmatch(custom_id):
        raise anthropic_error("bad_custom_id", index=index)


def _make_input(requests: Sequence[dict[str, Json]], endpoint: Endpoint) -> BatchInput:
    """Return the requests as an input file, with the lines that will be errored."""
    content = Content.of(b"".join(_lines(requests)))
    return BatchInput(
        content=content,
        total=len(requests),
        offsets=Deferred(find_lines, content),
        model=None,  # they may have several
        failing_lines=_failing_lines(requests, endpoint),
        errors=(),
    )


def _lines(requests: Sequence[dict[str, Json]]) -> Iterator[bytes]:
    for request in requests:
        head = {"custom_id": request["custom_id"], "method": "POST", "url": messages.PATH}
        text = json.dumps({**head, "body": request["params"]})
        yield text.encode() + b"\n"


def _failing_lines(requests: Sequence[dict[str, Json]], endpoint: Endpoint) -> frozenset[int]:
    budget, failing = StepBudget(), []
    for index, request in enumerate(requests):
        budget.grant(STEPS_PER_LINE)
        with shared_preparation(budget):
            if endpoint.validate(request["params"]) is not None:
                failing.append(index)
    return line_set(failing)


def is_deleted(batch: Batch) -> bool:
    """Return whether a client has deleted a batch."""
    return batch.terms.shown.get("deleted") is True


def delete(batch: Batch, now: int) -> Batch:
    """Delete a batch, as a command; ApiError 400 unless it has ended."""
    if not batch.is_final(now):
        raise anthropic_error("cannot_delete")
    shown = {**batch.terms.shown, "deleted": True}
    return replace(batch, terms=replace(batch.terms, shown=shown))


def check_cancel(batch: Batch, now: float) -> None:
    """Raise ApiError 400 for a batch that has ended; what the service does is not known."""
    if batch.is_final(now):
        raise anthropic_error("cannot_cancel", id=batch.id)


def batch_json(batch: Batch, now: float, base_url: str) -> dict[str, Json]:
    """Return the object at an instant, schema anthropic/message_batch.json.

    `base_url` is the server's, as the client named it. Source: the members and their order are
    those of all 119 recorded objects.
    """
    has_ended = batch.is_final(now)
    reached = batch.timeline.reached(now)
    path = f"{messages.PATH}/batches/{batch.id}/results"
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": batch.shown_status(now),
        "request_counts": batch.shown_counts(now),
        "ended_at": _time(batch.timeline.end.at if has_ended else None),
        "created_at": _time(batch.created_at),
        "expires_at": _time(batch.expires_at),
        "archived_at": _time(_archived_at(batch, now)),
        "cancel_initiated_at": _time(reached.get(CANCELLING)),
        "results_url": base_url.rstrip("/") + path if has_ended else None,
    }


def _archived_at(batch: Batch, now: float) -> int | None:
    """Return when the results went, None if they are there or will be."""
    if not batch.is_final(now) or batch.file_seconds is None:
        return None
    at = batch.timeline.end.at + batch.file_seconds
    return at if at <= now else None


def _time(at: int | None) -> str | None:
    """Return an instant as recorded: RFC 3339 with six decimals and an offset, not `Z`."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="microseconds")
