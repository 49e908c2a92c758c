"""How often the scenarios and scripted replies of a world have applied so far."""

import json
from collections import Counter
from collections.abc import Mapping

from mockbatch.batch.batch import Batch
from mockbatch.typing import Json
from mockbatch.world.world import World


def count_by_scenario(world: World) -> Counter[str]:
    """Return how many batches of a world have each scenario, by its name."""
    return Counter(batch.schedule.scenario.name for batch in _batches(world))


def replies_json(world: World) -> dict[str, Json]:
    """Return the scripted replies with how often each has applied, schema replies.json.

    What counts are lines of batches, whether they have run or not, and live calls in the journal,
    if they have a reply for the same match.
    """
    if not world.script.entries:
        return {"replies": []}  # without reading the journal, which may be in a store
    lines = Counter(reply.match for batch in _batches(world) for reply in batch.replies.values())
    calls = Counter(_text(call.reply) for call in world.journal.entries() if call.reply is not None)
    return {
        "replies": [
            {
                **entry.as_json(),
                "lines": lines[entry.match],
                "live_calls": calls[_text(entry.match.as_json())],
            }
            for entry in world.script.entries
        ]
    }


def _batches(world: World) -> list[Batch]:
    return list(world.repository.batches.values())  # others may create one meanwhile


def _text(match: Mapping[str, Json]) -> str:
    return json.dumps(match, sort_keys=True)
