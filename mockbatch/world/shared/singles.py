"""The parts that a world has once, each a cell: its clock, its script, and so on.

A part has a fingerprint: a value that is another one after each change, and is read at no cost.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from mockbatch.clock import Clock, ClockState
from mockbatch.endpoints.model_list import ModelList
from mockbatch.limits import Quotas
from mockbatch.stores.store import DUE
from mockbatch.typing import Json
from mockbatch.world.snapshot.batches import load_scenario
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.faults import load_faults
from mockbatch.world.snapshot.replies import dump_script, load_script
from mockbatch.world.snapshot.webhooks import dump_endpoint, load_endpoint

if TYPE_CHECKING:
    from mockbatch.world.world import World


def _dump_clock(world: "World") -> Json:
    current, last_command, pauses = world.clock.state()
    return {**asdict(current), "last_command": last_command, "pauses": pauses}


def _load_clock(world: "World", document: Cursor) -> None:
    values = dict(document.value)
    last_command, pauses = values.pop("last_command"), values.pop("pauses")
    world.clock.restore(ClockState(Clock(**values), last_command, pauses))


def _load_numbers(world: "World", document: Cursor) -> None:
    world.repository.counters.clear()
    world.repository.counters.update(document.value)


def _load_quotas(world: "World", document: Cursor) -> None:
    world.quotas.current = Quotas(**document.value)


def _script_fingerprint(world: "World") -> Any:
    entries = world.script.entries
    return world.script, [entry.turns.taken_count for entry in entries if entry.turns]


def _load_script(world: "World", document: Cursor) -> None:
    world.script = load_script(document, len(world.settings.script.entries))


def _load_models(world: "World", document: Cursor) -> None:
    names = document.value
    world.models = ModelList(None if names is None else tuple(names))


def _dump_scenarios(world: "World") -> Json:
    return [
        {"scenario": dict(scenario.document), "times": times}
        for scenario, times in world.scenarios.waiting()
    ]


def _load_scenarios(world: "World", document: Cursor) -> None:
    world.scenarios.restore(
        (load_scenario(entry["scenario"]), entry.value["times"]) for entry in document.items()
    )


def _faults_fingerprint(world: "World") -> Any:
    return [(one.rule, one.matched, one.fired) for one in world.faults.counted()]


def _endpoints_fingerprint(world: "World") -> Any:
    endpoints = world.webhooks.endpoints
    return list(endpoints), endpoints.endpoint_count, endpoints.secret_count


def _dump_endpoints(world: "World") -> Json:
    endpoints = world.webhooks.endpoints
    return {
        "endpoints": [dump_endpoint(endpoint) for endpoint in endpoints],
        "endpoint_count": endpoints.endpoint_count,
        "secret_count": endpoints.secret_count,
    }


def _load_endpoints(world: "World", document: Cursor) -> None:
    endpoints = [load_endpoint(one, None) for one in document["endpoints"].items()]
    counts = document.value["endpoint_count"], document.value["secret_count"]
    world.webhooks.endpoints.load(endpoints, *counts)


def _load_delivery_count(world: "World", document: Cursor) -> None:
    world.webhooks.outbox.count = document.value


def _load_faults(world: "World", document: Cursor) -> None:
    world.faults.restore(load_faults(document))


def _due_fingerprint(world: "World") -> Any:
    outbox = world.webhooks.outbox
    return outbox.next_at(), outbox.is_under_way, world.clock.current


def _keep_due(world: "World", document: Cursor) -> None:
    """Do nothing: when something is due follows from the rest; the cell is for the store."""


def fingerprints(world: "World") -> dict[str, Any]:
    """Return the fingerprints of all parts, by the names of their cells."""
    return {
        "clock": world.clock.state(),
        "numbers": dict(world.repository.counters),
        "quotas": world.quotas.current,
        "script": _script_fingerprint(world),
        "models": world.models,
        "scenarios": world.scenarios.waiting(),
        "faults": _faults_fingerprint(world),
        "endpoints": _endpoints_fingerprint(world),
        "delivery_count": world.webhooks.outbox.count,
        DUE: _due_fingerprint(world),
    }


def dump_single(world: "World", name: str) -> Json:
    """Return a part of a world as the document of its cell."""
    match name:
        case "clock":
            return _dump_clock(world)
        case "numbers":
            return dict(+world.repository.counters)
        case "quotas":
            return asdict(world.quotas.current)
        case "script":
            return dump_script(world.script)
        case "models":
            return None if world.models.names is None else list(world.models.names)
        case "scenarios":
            return _dump_scenarios(world)
        case "faults":
            return [counted.as_json() for counted in world.faults.counted()]
        case "endpoints":
            return _dump_endpoints(world)
        case "due":
            return world.webhooks.due_at_wall(world.clock.wall())
        case _:
            return world.webhooks.outbox.count


#: How the parts are put into a world, by the names of their cells, in the order in which it is
#: done.
LOADERS: "Mapping[str, Callable[[World, Cursor], None]]" = {
    "clock": _load_clock,
    "numbers": _load_numbers,
    "quotas": _load_quotas,
    "script": _load_script,
    "models": _load_models,
    "scenarios": _load_scenarios,
    "faults": _load_faults,
    "endpoints": _load_endpoints,
    "delivery_count": _load_delivery_count,
    DUE: _keep_due,
}
