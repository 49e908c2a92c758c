"""What the server saw of a program: read from its world once the program has ended."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from msgspec.structs import replace

from mockbatch.batch.batch import ERROR, OUTPUT, Batch
from mockbatch.batch.output_file import write_output
from mockbatch.batch.timeline import CANCELLING, FINAL
from mockbatch.endpoints.provider_registry import openai_path
from mockbatch.files.content import Content
from mockbatch.survive.evidence import Question, ServerEvidence
from mockbatch.survive.findings import read_habits
from mockbatch.typing import Json
from mockbatch.world.journal import JournalEntry
from mockbatch.world.world import World

MARK = re.compile(r"mark[0-9a-f]{10}")
_CONTENT = re.compile(r"/v1/files/([^/?]+)/content(?:\?.*)?")
_BATCH = re.compile(r"/v1/batches/([^/?]+)(?:\?.*)?")
# The kinds of fault after which a client does not have the whole body.
_BREAKING = {"status", "html", "disconnect", "truncate_bytes", "lose_response", "patch"}


class Answers(NamedTuple):
    """What the files of one batch have for its lines, by custom_id."""

    answered: Mapping[str, tuple[str, ...]]  # the marks of the answers
    errors: Mapping[str, tuple[str, ...]]  # codes and messages


_NO_ANSWERS = Answers({}, {})


def read_server(
    world: World,
    batches: Sequence[Batch],
    *,
    is_met: bool = True,
    in_flight: int = 0,
    waits_for: str = "",
) -> ServerEvidence:
    """Return what a world has seen, with what it would still do; `batches` are its own in order."""
    now, journal = world.now(), world.journal.entries()
    planned = {batch.id: _read_answers(batch) for batch in batches}
    ended = [batch for batch in batches if batch.is_final(now)]
    questions = _collect_questions(batches, planned, now)
    read = set(_read_whole(world, journal))
    files = [(batch.id, kind, id) for batch in ended for kind, id in _files_of(batch, now)]
    return ServerEvidence(
        requests=world.journal.count,
        polls=sum(_is_poll(entry) for entry in journal),
        batches=tuple((batch.id, batch.status(now)) for batch in batches),
        questions=tuple(questions),
        unread_files=tuple(
            id
            for batch_id, kind, id in files
            if kind == OUTPUT and id not in read and planned[batch_id].answered
        ),
        unread_error_files=tuple(id for _, kind, id in files if kind == ERROR and id not in read),
        read_files=len(read & {id for *_, id in files}),
        batch_errors=tuple(text for batch in ended for text in _batch_errors(batch, now)),
        surplus_batches=tuple(_surplus(batches, now)),
        unfinished_batches=tuple(batch.id for batch in batches if batch not in ended),
        request_errors=tuple(_request_errors(journal)),
        waits_for=waits_for,
        simulated_seconds=journal[-1].now - journal[0].now if journal else 0,
        requests_in_flight=in_flight,
        is_met=is_met,
        providers=tuple(sorted({batch.rules.provider for batch in batches})),
        habits=read_habits(journal, batches, now),
    )


def _files_of(batch: Batch, now: float) -> Iterator[tuple[str, str]]:
    """Yield the kind and the id of each file of a batch, by which a client reads it."""
    has_files = batch.rules.results_seconds is None
    for kind, id in batch.existing_file_ids(now).items():
        yield kind, id if has_files else batch.id


def _is_poll(entry: JournalEntry) -> bool:
    return entry.method == "GET" and bool(_BATCH.fullmatch(openai_path(entry.path)))


def _read_whole(world: World, journal: Iterable[JournalEntry]) -> Iterator[str]:
    """Yield the ids of the files that were downloaded without a fault on the way.

    Where the results of a batch are no file, it is the id of the batch.
    """
    broken = {rule["name"] for rule in world.faults.as_json() if _BREAKING & set(rule["fault"])}
    for entry in journal:
        asked = _CONTENT.fullmatch(openai_path(entry.path))
        if asked and entry.status in (200, 206) and entry.fault not in broken:
            yield asked[1]


def _request_errors(journal: Iterable[JournalEntry]) -> Iterator[str]:
    for entry in journal:
        if entry.status >= 400:
            yield from filter(None, (str(entry.status), entry.error))


def _batch_errors(batch: Batch, now: float) -> Iterator[str]:
    """Yield the codes and messages of a failed batch, as its provider words them."""
    errors = batch.as_json(now)["errors"]
    translate = batch.rules.batch_error or dict
    for error in map(translate, errors["data"] if errors else ()):
        yield from (str(error[name]) for name in ("code", "message") if error.get(name))


def _surplus(batches: Sequence[Batch], now: float) -> Iterator[str]:
    """Yield the batches that run on although later ones ask the same."""
    for index, batch in enumerate(batches):
        later = {key for other in batches[index + 1 :] for _, key in _lines(other)}
        own = {key for _, key in _lines(batch)}
        is_running = not batch.is_final(now) and batch.status(now) != CANCELLING
        if is_running and own and own <= later:
            yield batch.id


def _lines(batch: Batch) -> Iterator[tuple[str, str]]:
    """Yield the custom_id of each line of a batch, and its body as a text to compare."""
    for index in range(batch.input.total):
        # A line that cannot be read makes the validation of the batch fail.
        with suppress(KeyError, TypeError, ValueError):
            request = json.loads(batch.input.read_line(index))
            yield str(request["custom_id"]), json.dumps(request["body"], sort_keys=True)


def _read_answers(batch: Batch) -> Answers:
    """Return what the files of a batch have, or will have if nothing more is done to it.

    The files are read as OpenAI writes them; only what went wrong is told in the provider's words.
    """
    end = batch.timeline.end
    is_gone = batch.input.total and not batch.input.content.size
    if end.status not in FINAL or not batch.existing_file_ids(end.at) or is_gone:
        return _NO_ANSWERS
    as_openai = replace(batch, rules=batch.rules._replace(output_line=None))
    files = write_output(as_openai, validate=False, marks=True)
    translate = batch.rules.output_line
    answered: dict[str, tuple[str, ...]] = {}
    errors: dict[str, tuple[str, ...]] = {}
    for line, marks in (*_parse(files.output), *_parse(files.error)):
        custom_id = str(line.get("custom_id"))
        if _has_failed(line):
            errors[custom_id] = tuple(_line_errors(translate(line) if translate else line))
            if line.get("error") is None and not line.get("response"):
                errors[custom_id] = ("None",)
        else:
            answered[custom_id] = (*answered.get(custom_id, ()), *marks)
    return Answers(answered, errors)


def _parse(content: Content) -> Iterator[tuple[dict[str, Json], list[str]]]:
    for text in content.lines():
        try:
            line = json.loads(text)
        except ValueError:
            continue  # a line that a scenario has broken
        if isinstance(line, dict):
            yield line, MARK.findall(text.decode(errors="replace"))


def _has_failed(line: Mapping[str, Json]) -> bool:
    """Return whether a line of OpenAI's files has no answer, but says why."""
    response = line.get("response")
    body = response.get("body") if response else None
    return bool(line.get("error")) or not response or (isinstance(body, dict) and "error" in body)


def _line_errors(value: Json) -> Iterator[str]:
    """Yield the codes and messages of all errors in a line of any provider.

    A provider without codes has types of errors in their place.
    """
    if not isinstance(value, dict):
        return
    error = value.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        name = "code" if "code" in error else "type"
        yield from (str(error[one]) for one in (name, "message") if error.get(one))
    elif error and not isinstance(error, dict):
        yield str(error)
    for inner in value.values():
        yield from _line_errors(inner)


@dataclass(slots=True)
class _Asked:
    """A question while it is being collected."""

    custom_ids: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    has_answer: bool = False
    # Until when an earlier batch has its answer, which it may only be going to have.
    answered_until: float = 0
    errors: list[str] = field(default_factory=list)
    submissions: int = 0
    needless: int = 0

    def freeze(self) -> Question:
        return Question(
            tuple(dict.fromkeys(self.custom_ids)),
            tuple(dict.fromkeys(self.marks)),
            self.has_answer,
            tuple(dict.fromkeys(self.errors)),
            self.submissions,
            self.needless,
        )


def _collect_questions(
    batches: Iterable[Batch], planned: Mapping[str, Answers], now: float
) -> list[Question]:
    asked: defaultdict[tuple[str, int], _Asked] = defaultdict(_Asked)
    for batch in batches:
        answers, has_ended = planned[batch.id], batch.is_final(now)
        in_batch: Counter[str] = Counter()
        for custom_id, body in _lines(batch):
            # A program may ask the same twice in one batch, and wants two answers then.
            question = asked[body, in_batch[body]]
            in_batch[body] += 1
            question.submissions += 1
            question.needless += batch.created_at < question.answered_until
            question.custom_ids.append(custom_id)
            if custom_id in answers.answered:
                question.answered_until = max(question.answered_until, _output_end(batch))
            if has_ended:
                question.has_answer |= custom_id in answers.answered
                question.marks += answers.answered.get(custom_id, ())
                question.errors += answers.errors.get(custom_id, ())
    return [question.freeze() for question in asked.values()]


def _output_end(batch: Batch) -> float:
    """Return when the files of a batch are gone."""
    return inf if batch.file_seconds is None else batch.timeline.end.at + batch.file_seconds
