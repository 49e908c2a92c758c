"""The settings and the seed of a world, which change only when it begins again."""

from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from mockbatch.ids import Seed
from mockbatch.limits import Quotas
from mockbatch.typing import Json
from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.batches import load_scenario
from mockbatch.world.snapshot.cursor import Cursor

if TYPE_CHECKING:
    from mockbatch.world.world import World

_PLAIN = ("clock", "pace", "start_time", "seed", "poll_limit", "owner", "marks")


def dump_settings(world: "World") -> dict[str, Json]:
    """Return the settings of a world that may differ from the server's, and its seed."""
    settings = world.settings
    return {
        **{name: getattr(settings, name) for name in _PLAIN},
        "scenario": dict(settings.scenario.document),
        "quotas": asdict(settings.quotas),
        "world_seed": world.seed.value.hex(),
    }


def load_settings(document: Cursor, server: WorldSettings) -> tuple[WorldSettings, Seed]:
    """Return the settings and the seed of a world; `server` are the settings of its server."""
    values = document.value
    settings = replace(
        server,
        **{name: values[name] for name in _PLAIN},
        scenario=load_scenario(document["scenario"]),
        quotas=Quotas(**values["quotas"]),
    )
    return settings, Seed(bytes.fromhex(values["world_seed"]))
