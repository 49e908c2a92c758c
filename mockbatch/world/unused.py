"""Faults, replies and scenarios that were added to a world and never applied."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice

from mockbatch.batch.batch import Batch
from mockbatch.faults.rule_set import CountedRule
from mockbatch.jsonio import parse
from mockbatch.scripting.match import Match
from mockbatch.world.world import World

# How many requests and lines are compared, and how many of the most similar are named.
_MAX_COMPARED, _MAX_NAMED = 1000, 3
_ALL = 1_000_000


def describe_unused(world: World) -> list[str]:
    """Return a sentence for each that never applied, with the probable reason.

    Until the world has received a request or a batch, there are none.
    """
    batches = world.batches(_ALL, None).items
    if not batches and not world.journal.count:
        return []
    faults = [rule for rule in world.faults.counted() if not rule.fired]
    replies = [one.match for one in world.script.entries if one.use and not one.use.is_used]
    return [
        *(f"the fault {rule.rule.name} {_why_no_fault(world, rule)}" for rule in faults),
        *(
            f"the reply for {_describe_match(match)} {_why_no_reply(batches, match)}"
            for match in replies
        ),
        *(
            f"the scenario {scenario.name} was chosen, but {_why_no_scenario(len(batches))}"
            for scenario in world.scenarios.unused()
        ),
    ]


def _why_no_fault(world: World, counted: CountedRule) -> str:
    match, skip = counted.rule.match, counted.rule.skip
    if counted.matched:
        reason = f"it skips the first {skip}" if skip else "a fault entered before it came first"
        return f"hit no request: {counted.matched} matched it, and {reason}"
    wanted = f"{match.method} {match.path}"
    entries = world.journal.entries()[-_MAX_COMPARED:]
    called = {f"{entry.method} {entry.path.partition('?')[0]}" for entry in entries}
    return f"hit no request: none matched {wanted}{_nearest(wanted, called)}"


def _why_no_reply(batches: Sequence[Batch], match: Match) -> str:
    if match.custom_id is None:
        return "was never used: no line and no live call matched"
    ids = set(islice(_custom_ids(batches), _MAX_COMPARED))
    return f"was never used: no line matched{_nearest(match.custom_id, ids)}"


def _why_no_scenario(batch_count: int) -> str:
    if not batch_count:
        return "no batch was created"
    return f"none of the {batch_count} batches was created while it was the next"


def _custom_ids(batches: Sequence[Batch]) -> Iterator[str]:
    for batch in batches:
        for line in range(batch.input.total):
            try:
                request = parse(batch.input.read_line(line))
            except ValueError:
                continue
            custom_id = request.get("custom_id") if isinstance(request, dict) else None
            if isinstance(custom_id, str):
                yield custom_id


def _describe_match(match: Match) -> str:
    conditions = match.as_json().items()
    return ", ".join(f"{name} {value!r}" for name, value in conditions) or "all requests"


def _nearest(wanted: str, found: set[str]) -> str:
    nearest = get_close_matches(wanted, sorted(found), n=_MAX_NAMED, cutoff=0)
    return f"; the nearest: {', '.join(nearest)}" if nearest else ""
