"""Restores batches from what `dump_batch` has written, without checks and without their input."""

import json
from array import array
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from msgspec.structs import replace

from mockbatch import providers
from mockbatch.batch import plan
from mockbatch.batch.batch import Batch
from mockbatch.batch.deferred import Deferred
from mockbatch.batch.input_file import BatchInput, LineError, find_lines, line_set
from mockbatch.batch.rules import OPENAI_RULES, OPENAI_TERMS, BatchRules, BatchTerms
from mockbatch.batch.timeline import ProgressPoint, Timeline, Transition
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.files.content import Content
from mockbatch.ids import Seed
from mockbatch.scenarios.scenario import Scenario, parse
from mockbatch.scripting.match import Match
from mockbatch.scripting.match import parse as parse_match
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json

_MAX_CACHED_CHARACTERS = 10_000


def restore_batch(
    values: Mapping[str, Json], number: int, find_content: Callable[[str], Content]
) -> Batch:
    """Return the batch of a document of our own; `number` batches were created before it.

    Its scenario may be the text of a document. The input file is read when its lines are needed.
    Status, counts and the place in a list need none of it, unless lines fail.
    """
    name, gone = values["content"], values.get("gone_input")
    content = Content.of(b"") if name is None else find_content(name)
    batch_input = restore_input(gone or values["input"], values["errors"], content)
    scenario = values["scenario"]
    return make_batch(
        values,
        number,
        batch_input,
        _read_scenario(scenario if isinstance(scenario, str) else json.dumps(scenario)),
        _restore_replies(values) if values.get("replies") else {},
    )


def _restore_replies(values: Mapping[str, Json]) -> Mapping[int, Reply]:
    matches = {
        line: parse_match(one["match"])
        for one in values.get("matches", ())
        for line in one["lines"]
    }
    replies = values["replies"].items()
    parsed = {int(line): parse_reply(reply, f"replies.{line}") for line, reply in replies}
    return with_matches(parsed, matches)


def with_matches(replies: Mapping[int, Reply], matches: Mapping[int, Match]) -> Mapping[int, Reply]:
    """Return replies by line, those of a script with the match of their entry."""
    return {line: replace(reply, match=matches.get(line)) for line, reply in replies.items()}


def restore_input(
    summary: Mapping[str, Json], errors: Iterable[LineError], content: Content
) -> BatchInput:
    """Return an input file from its summary; its content may be gone."""
    total = summary["lines"]
    return BatchInput(
        content,
        total,
        Deferred(find_lines, content) if content.size else Deferred(_empty_lines, total),
        summary["model"],
        line_set(summary["failing_lines"]),
        tuple(errors),
        line_set(summary["unsupported_lines"]),
    )


def _empty_lines(total: int) -> "array[int]":
    return array("Q", [0]) * (total + 1)


def make_batch(
    values: Mapping[str, Json],
    number: int,
    batch_input: BatchInput,
    scenario: Scenario,
    replies: Mapping[int, Reply],
) -> Batch:
    """Return the batch of a document whose parts have been read."""
    seed = Seed(bytes.fromhex(values["seed"]))
    held, gone = values["held"], values.get("gone_input")
    rules, terms = read_provider(values)
    return Batch(
        id=values["id"],
        number=number,
        endpoint=values["endpoint"],
        input_file_id=values["input_file_id"],
        metadata=values["metadata"],
        output_seconds=values["output_seconds"],
        created_at=values["created_at"],
        model=batch_input.model_name,
        schedule=plan.Schedule(rules.adapt(scenario), values["pace"], rules.expiry_seconds(terms)),
        seed=seed,
        input=batch_input,
        replies=replies,
        execution=Deferred(_plan_execution, batch_input, seed, replies),
        timeline=_timeline(values["timeline"]),
        enqueued_tokens=values.get("enqueued_tokens", 0),
        held=held and (held["at"], _timeline(held["rest"])),
        tokens=Tokens(**gone["tokens"]) if gone else None,
        rules=rules,
        terms=terms,
    )


def read_provider(values: Mapping[str, Json]) -> tuple[BatchRules, BatchTerms]:
    """Return the rules and terms of the provider that the document of a batch names."""
    provider = values.get("provider")
    if provider is None:
        return OPENAI_RULES, OPENAI_TERMS
    return providers.find(provider["name"]).batch_rules, BatchTerms(**provider["terms"])


def _plan_execution(
    batch_input: BatchInput, seed: Seed, replies: Mapping[int, Reply]
) -> plan.ExecutionOrder:
    return plan.execution_order(plan.shuffle_lines(batch_input, seed), batch_input, replies)


def _timeline(values: Mapping[str, Json]) -> Timeline:
    # Not by msgspec.convert: the process dies if two threads first convert to a type at once.
    return Timeline(
        tuple([Transition(one["at"], one["status"]) for one in values["transitions"]]),
        tuple([ProgressPoint(one["at"], one["done"]) for one in values["marks"]]),
    )


def _read_scenario(text: str) -> Scenario:
    # A cache of texts of any length would fill the memory.
    is_long = len(text) > _MAX_CACHED_CHARACTERS
    return (_scenario.__wrapped__ if is_long else _scenario)(text)


@lru_cache(64)
def _scenario(text: str) -> Scenario:
    """Return the scenario of a document; most batches of a world have the same few."""
    return parse(json.loads(text))
