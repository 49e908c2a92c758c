"""Batches in a state document."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from msgspec import to_builtins
from msgspec.structs import asdict, replace

from mockbatch import providers
from mockbatch.batch import commands, input_file, plan
from mockbatch.batch.batch import Batch
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.rules import OPENAI, OPENAI_RULES, BatchTerms
from mockbatch.batch.timeline import (
    COMPLETED,
    EXPIRED,
    IN_PROGRESS,
    VALIDATING,
    Timeline,
    Transition,
)
from mockbatch.endpoints import find_endpoint, known_endpoint
from mockbatch.endpoints.reply_limit import ReplyLimit
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.ids import batch_id
from mockbatch.limits import Limits
from mockbatch.package_data import did_you_mean
from mockbatch.scenarios.scenario import Scenario, parse
from mockbatch.scripting.match import parse as parse_match
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.snapshot.contents import FindsContents, NamesContents
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.restore import (
    make_batch,
    read_provider,
    restore_input,
    with_matches,
)

_OPENAI_ID = re.compile("batch_[0-9a-f]{12}8190[0-9a-f]{16}")


def dump_batch(batch: Batch, contents: NamesContents) -> dict[str, Json]:
    """Return a batch, JSON-ready."""
    content = batch.input.content
    summary = _summarize(batch.input)
    if batch.tokens is None:
        known = {"input": summary}
    else:
        known = {"gone_input": {**summary, "tokens": batch.tokens._asdict()}}
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
        **_dump_matches(batch),
        "timeline": _dump_timeline(batch.timeline),
        "held": None if batch.held is None else _dump_held(*batch.held),
        **known,
        **_dump_provider(batch),
    }


def _dump_provider(batch: Batch) -> dict[str, Json]:
    """Return what a batch of another provider than OpenAI has besides."""
    if batch.rules.provider == OPENAI:
        return {}
    terms = {**asdict(batch.terms), "shown": dict(batch.terms.shown)}
    return {"provider": {"name": batch.rules.provider, "terms": terms}}


def _dump_matches(batch: Batch) -> dict[str, Json]:
    """Return which lines have the reply of a script's entry, by the match of the entry."""
    lines = defaultdict(list)
    for line in sorted(batch.replies):
        match = batch.replies[line].match
        if match is not None:
            lines[match].append(line)
    matches = [{"match": match.as_json(), "lines": found} for match, found in lines.items()]
    return {"matches": matches} if matches else {}


def _summarize(batch_input: BatchInput) -> dict[str, Json]:
    """Return what a batch needs to know of its input to show its status and counts."""
    return {
        "lines": batch_input.total,
        "model": batch_input.model,
        "failing_lines": sorted(batch_input.failing_lines),
        "unsupported_lines": sorted(batch_input.unsupported_lines),
    }


def _dump_held(held_at: int, rest: Timeline) -> dict[str, Json]:
    return {"at": held_at, "rest": _dump_timeline(rest)}


def _dump_timeline(timeline: Timeline) -> dict[str, Json]:
    return {name: list(points) for name, points in to_builtins(timeline).items()}


def load_batch(document: Cursor, number: int, contents: FindsContents, limits: Limits) -> Batch:
    """Return the batch that a document describes; ApiError 400 if it is not valid.

    `number` is how many batches were created before it.
    """
    values = document.value
    _check_provider(document)
    batch_input = _load_input(document, contents, limits)
    replies = _load_matches(document, dict(_load_replies(document, batch_input)))
    scenario = load_scenario(document["scenario"])
    for timeline in _timelines(document):
        _check_steps(timeline)
    batch = make_batch(values, number, batch_input, scenario, replies)
    _check_timeline(batch, document["timeline"])
    if batch.tokens is not None and not (batch.is_final(batch.timeline.end.at) and not batch.held):
        raise document["gone_input"].error("the batch has not ended")
    if batch.held is not None:
        _check_held(batch, batch.held[0], document["held"])
    return batch


def _check_provider(document: Cursor) -> None:
    """Raise ApiError 400 for a provider that is not known, and an id that no batch of it has."""
    provider = document.get("provider", None)
    if provider.value is None:
        if not _OPENAI_ID.fullmatch(document.value["id"]):
            raise document["id"].error("it is not that of a batch")
        return
    name = provider["name"]
    if name.value not in providers.names():
        raise name.error(did_you_mean(name.value, providers.names()))


def _load_replies(document: Cursor, batch_input: BatchInput) -> Iterator[tuple[int, Reply]]:
    endpoint, limit = document.value["endpoint"], ReplyLimit()
    for name, place in document.get("replies", {}).members():
        line, reply = int(name), parse_reply(place.value, place.path)
        if line >= batch_input.total:
            raise place.error(f"the batch has {batch_input.total} lines, counted from 0")
        if not plan.accepts_reply(batch_input, endpoint, line, reply):
            raise place.error("the line fails, so its reply has to be a complete response")
        if "gone_input" not in document.value:
            read_body = partial(batch_input.read_body, line)
            reply = limit.apply(known_endpoint(endpoint), reply, read_body)
        yield line, reply


def _load_matches(document: Cursor, replies: Mapping[int, Reply]) -> Mapping[int, Reply]:
    matches = {}
    for place in document.get("matches", []).items():
        match = parse_match(place["match"].value, place["match"].path)
        for line in place["lines"].items():
            if line.value not in replies:
                raise line.error(f"line {line.value} of the batch has no reply")
            matches[line.value] = match
    return with_matches(replies, matches)


def load_scenario(document: Cursor) -> Scenario:
    """Return the scenario that a document describes; ApiError 400 if it is not valid."""
    schema("scenario").check(document.value, document.path)
    return parse(document.value)


def _load_input(document: Cursor, contents: FindsContents, limits: Limits) -> BatchInput:
    endpoint = find_endpoint(document.value["endpoint"])
    if endpoint is None:
        raise document["endpoint"].error(f"there is no {document.value['endpoint']!r}")
    errors = input_file.first_errors(document.value["errors"])
    if "gone_input" in document.value:
        return _load_gone_input(document["gone_input"], errors, limits)
    name = document["content"]
    content = Content.of(b"") if name.value is None else contents.find(name)
    rules, terms = read_provider(document.value)
    if rules.read_input is None:
        batch_input = input_file.read_input(content, endpoint, limits, url=terms.line_url)
    else:
        batch_input = _read_own_input(rules.read_input, content, terms, name)
    if batch_input.errors and _has_run(document):
        raise name.error(f"a batch that runs cannot have it: {batch_input.errors[0]['message']}")
    # The errors are not those of the lines if a command or a deleted file has changed them.
    return replace(batch_input, errors=errors)


def _read_own_input(
    read: Callable[[Content, BatchTerms], BatchInput],
    content: Content,
    terms: BatchTerms,
    place: Cursor,
) -> BatchInput:
    try:
        return read(content, terms)
    except ApiError as error:
        raise place.error(error) from None


def _has_run(document: Cursor) -> bool:
    """Return whether lines of a batch run, or will run once it is no longer held."""
    changes = (change for one in _timelines(document) for change in one.value["transitions"])
    return any(change["status"] == IN_PROGRESS for change in changes)


def _load_gone_input(
    document: Cursor, errors: Iterable[input_file.LineError], limits: Limits
) -> BatchInput:
    lines, failing, unsupported = (
        document[name] for name in ("lines", "failing_lines", "unsupported_lines")
    )
    if lines.value > limits.lines:
        raise lines.error(f"a batch has at most {limits.lines} lines")
    for chosen in (failing, unsupported):
        if any(line >= lines.value for line in chosen.value):
            raise chosen.error(f"there are {lines.value} lines")
    return restore_input(document.value, errors, Content.of(b""))


def _timelines(document: Cursor) -> Iterator[Cursor]:
    yield document["timeline"]
    if document.value["held"] is not None:
        yield document["held"]["rest"]


def _check_steps(timeline: Cursor) -> None:
    """Raise ApiError 400 for a timeline that is not in order."""
    _check_order(timeline["transitions"], "at")
    _check_order(timeline["marks"], "at")
    _check_order(timeline["marks"], "done")


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
        error = _object_error(batch, change.at)
        if error is not None:
            raise place.error(error)
        if change.status == COMPLETED and batch.timeline.done(change.at) < total:
            raise place.error(f"not all {total} lines are done")


def _object_error(batch: Batch, at: int) -> ApiError | None:
    """Return why a batch is impossible, None if it is not; each is checked as one of OpenAI's."""
    if batch.rules.provider == OPENAI:
        return schema(batch.schema).error(batch.as_json(at))
    openai = replace(batch, rules=OPENAI_RULES, id=batch_id(batch.seed, batch.created_at))
    shown = openai.as_json(at)
    if shown["model"] is None and IN_PROGRESS in batch.timeline.reached(at):
        shown["model"] = "several"  # which the requests of a Message Batch may have
    return schema(openai.schema).error(shown)


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
