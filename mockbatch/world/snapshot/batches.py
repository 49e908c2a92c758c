"""Batches in a state document."""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace

from mockbatch import providers
from mockbatch.batch import commands, input_file, plan
from mockbatch.batch.batch import Batch
from mockbatch.batch.rules import OPENAI, OPENAI_RULES, OPENAI_TERMS, BatchRules, BatchTerms
from mockbatch.batch.timeline import (
    COMPLETED,
    EXPIRED,
    IN_PROGRESS,
    VALIDATING,
    ProgressPoint,
    Timeline,
    Transition,
)
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.ids import Seed, batch_id
from mockbatch.limits import Limits
from mockbatch.package_data import did_you_mean
from mockbatch.scenarios.scenario import Scenario, parse
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.snapshot.contents import ContentReader, ContentWriter
from mockbatch.world.snapshot.cursor import Cursor

_OPENAI_ID = re.compile("batch_[0-9a-f]{12}8190[0-9a-f]{16}")


def dump_batch(batch: Batch, contents: ContentWriter) -> dict[str, Json]:
    """Return a batch, JSON-ready."""
    content = batch.input.content
    gone = {} if batch.tokens is None else {"gone_input": _dump_gone_input(batch, batch.tokens)}
    return {
        "id": batch.id,
        "endpoint": batch.endpoint,
        "input_file_id": batch.input_file_id,
        "metadata": batch.metadata,
        "output_seconds": batch.output_seconds,
        "created_at": batch.created_at,
        "pace": batch.schedule.pace,
        "scenario": dict(batch.schedule.scenario.document),
        "seed": batch.seed.value.hex(),
        "content": contents.name(content) if content.size else None,
        "errors": list(batch.input.errors),
        "enqueued_tokens": batch.enqueued_tokens,
        "replies": {str(line): reply.as_json() for line, reply in batch.replies.items()},
        "timeline": _dump_timeline(batch.timeline),
        "held": None if batch.held is None else _dump_held(*batch.held),
        **gone,
        **_dump_provider(batch),
    }


def _dump_provider(batch: Batch) -> dict[str, Json]:
    """Return what a batch of another provider than OpenAI has besides."""
    if batch.rules.provider == OPENAI:
        return {}
    terms = {**asdict(batch.terms), "shown": dict(batch.terms.shown)}
    return {"provider": {"name": batch.rules.provider, "terms": terms}}


def _dump_gone_input(batch: Batch, tokens: Tokens) -> dict[str, Json]:
    return {
        "lines": batch.input.total,
        "model": batch.input.model,
        "failing_lines": sorted(batch.input.failing_lines),
        "unsupported_lines": sorted(batch.input.unsupported_lines),
        "tokens": tokens._asdict(),
    }


def _dump_held(held_at: int, rest: Timeline) -> dict[str, Json]:
    return {"at": held_at, "rest": _dump_timeline(rest)}


def _dump_timeline(timeline: Timeline) -> dict[str, Json]:
    return {
        "transitions": [change._asdict() for change in timeline.transitions],
        "marks": [point._asdict() for point in timeline.marks],
    }


def load_batch(document: Cursor, number: int, contents: ContentReader, limits: Limits) -> Batch:
    """Return the batch that a document describes; ApiError 400 if it is not valid.

    `number` is how many batches were created before it.
    """
    values = document.value
    seed = Seed(bytes.fromhex(values["seed"]))
    rules, terms = _load_provider(document.get("provider", None))
    if rules.provider == OPENAI and not _OPENAI_ID.fullmatch(values["id"]):
        raise document["id"].error("it is not that of a batch")
    batch_input = _load_input(document, contents, limits, terms)
    replies = dict(_load_replies(document, batch_input))
    batch = Batch(
        id=values["id"],
        number=number,
        endpoint=values["endpoint"],
        input_file_id=values["input_file_id"],
        metadata=values["metadata"],
        output_seconds=values["output_seconds"],
        created_at=values["created_at"],
        model=batch_input.model_name,
        schedule=plan.Schedule(
            load_scenario(document["scenario"]), values["pace"], rules.expiry_seconds(terms)
        ),
        seed=seed,
        input=batch_input,
        replies=replies,
        execution_order=plan.execution_order(
            plan.shuffle_lines(batch_input, seed), batch_input, replies
        ),
        timeline=_load_timeline(document["timeline"]),
        enqueued_tokens=values.get("enqueued_tokens", 0),
        held=_load_held(document["held"]),
        tokens=Tokens(**values["gone_input"]["tokens"]) if "gone_input" in values else None,
        rules=rules,
        terms=terms,
    )
    _check_timeline(batch, document["timeline"])
    if batch.tokens is not None and not (batch.is_final(batch.timeline.end.at) and not batch.held):
        raise document["gone_input"].error("the batch has not ended")
    if batch.held is not None:
        _check_held(batch, batch.held[0], document["held"])
    return batch


def _load_provider(document: Cursor) -> tuple[BatchRules, BatchTerms]:
    if document.value is None:
        return OPENAI_RULES, OPENAI_TERMS
    name = document["name"]
    if name.value not in providers.names():
        raise name.error(did_you_mean(name.value, providers.names()))
    return providers.find(name.value).batch_rules, BatchTerms(**document["terms"].value)


def _load_replies(
    document: Cursor, batch_input: input_file.BatchInput
) -> Iterator[tuple[int, Reply]]:
    endpoint = document.value["endpoint"]
    for name, place in document.get("replies", {}).members():
        line, reply = int(name), parse_reply(place.value, place.path)
        if line >= batch_input.total:
            raise place.error(f"the batch has {batch_input.total} lines, counted from 0")
        if not plan.accepts_reply(batch_input, endpoint, line, reply):
            raise place.error("the line fails, so its reply has to be a complete response")
        yield line, reply


def load_scenario(document: Cursor) -> Scenario:
    """Return the scenario that a document describes; ApiError 400 if it is not valid."""
    schema("scenario").check(document.value, document.path)
    return parse(document.value)


def _load_input(
    document: Cursor, contents: ContentReader, limits: Limits, terms: BatchTerms
) -> input_file.BatchInput:
    endpoint = endpoints().get(document.value["endpoint"])
    if endpoint is None:
        raise document["endpoint"].error(f"there is no {document.value['endpoint']!r}")
    if "gone_input" in document.value:
        return _load_gone_input(document["gone_input"], document.value["errors"], limits)
    name = document["content"]
    content = Content.of(b"") if name.value is None else contents.find(name)
    batch_input = input_file.read_input(content, endpoint, limits, url=terms.line_url)
    if batch_input.errors and _has_run(document.value):
        raise name.error(f"a batch that runs cannot have it: {batch_input.errors[0]['message']}")
    # The errors are not those of the lines if a command or a deleted file has changed them.
    return replace(batch_input, errors=tuple(document.value["errors"]))


def _has_run(values: dict[str, Json]) -> bool:
    """Return whether lines of a batch run, or will run once it is no longer held."""
    timelines = [values["timeline"], *([values["held"]["rest"]] if values["held"] else [])]
    changes = (change for timeline in timelines for change in timeline["transitions"])
    return any(change["status"] == IN_PROGRESS for change in changes)


def _load_gone_input(
    document: Cursor, errors: Iterable[input_file.LineError], limits: Limits
) -> input_file.BatchInput:
    lines, failing, unsupported = (
        document[name] for name in ("lines", "failing_lines", "unsupported_lines")
    )
    if lines.value > limits.lines:
        raise lines.error(f"a batch has at most {limits.lines} lines")
    for chosen in (failing, unsupported):
        if any(line >= lines.value for line in chosen.value):
            raise chosen.error(f"there are {lines.value} lines")
    return input_file.BatchInput(
        Content.of(b""),
        array("Q", [0]) * (lines.value + 1),
        document["model"].value,
        frozenset(failing.value),
        tuple(errors),
        frozenset(unsupported.value),
    )


def _load_timeline(document: Cursor) -> Timeline:
    transitions, marks = document["transitions"], document["marks"]
    _check_order(transitions, "at")
    _check_order(marks, "at")
    _check_order(marks, "done")
    return Timeline(
        tuple(Transition(**change) for change in transitions.value),
        tuple(ProgressPoint(**point) for point in marks.value),
    )


def _load_held(document: Cursor) -> tuple[int, Timeline] | None:
    if document.value is None:
        return None
    return document.value["at"], _load_timeline(document["rest"])


def _check_order(points: Cursor, name: str) -> None:
    values = [point[name] for point in points.value]
    if values != sorted(values):
        raise points.error("they are not in order")


def _check_timeline(batch: Batch, timeline: Cursor) -> None:
    """Raise ApiError 400 for a timeline that no batch can have."""
    if batch.timeline.transitions[:1] != (Transition(batch.created_at, VALIDATING),):
        raise timeline["transitions"].error("the first is not validating at created_at")
    _check_objects(batch, timeline)


def _check_objects(batch: Batch, timeline: Cursor) -> None:
    """Raise ApiError 400 if the Batch object would be impossible at any time."""
    marks, total = batch.timeline.marks, batch.input.total
    if marks and (marks[0].done or marks[-1].done > total):
        raise timeline["marks"].error(f"they do not go from 0 to at most {total} lines")
    for index, change in enumerate(batch.timeline.transitions):
        place = Cursor(change, f"{timeline.path}.transitions[{index}]")
        error = schema(batch.schema).error(_openai_json(batch, change.at))
        if error is not None:
            raise place.error(error)
        if change.status == COMPLETED and batch.timeline.done(change.at) < total:
            raise place.error(f"not all {total} lines are done")


def _openai_json(batch: Batch, at: int) -> dict[str, Json]:
    """Return the object that is checked: with an id of OpenAI's form for any provider."""
    shown = batch.as_json(at)
    is_openai = batch.rules.provider == OPENAI
    return shown if is_openai else {**shown, "id": batch_id(batch.seed, batch.created_at)}


def _check_held(batch: Batch, held_at: int, held: Cursor) -> None:
    """Raise ApiError 400 if a held batch could not continue at once, or has continued already."""
    past, rest = batch.timeline.until(held_at), batch.held[1] if batch.held else batch.timeline
    if any(change.status != EXPIRED for change in batch.timeline.after(held_at)):
        raise held["at"].error("the batch changes its status afterwards")
    if rest.transitions and rest.transitions[0].at < held_at:
        raise held["rest"].error("it begins before the hold")
    if rest.marks and (rest.marks[0].at < held_at or rest.marks[0].done < past.done(held_at)):
        raise held["rest"]["marks"].error("they begin before the hold")
    try:
        resumed = commands.resume(batch, held_at)
    except ApiError as error:
        raise held.error(error) from None
    _check_objects(resumed, held["rest"])
