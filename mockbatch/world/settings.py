"""What a server and its worlds are told at the start."""

from dataclasses import dataclass, field

from mockbatch import clock
from mockbatch.endpoints.model_list import ModelList
from mockbatch.limits import Limits, Quotas
from mockbatch.scenarios.scenario import Scenario, parse
from mockbatch.scripting.script import Script
from mockbatch.webhooks.settings import WebhookSettings


def happy() -> Scenario:
    """Return the scenario in which nothing goes wrong."""
    return parse({"name": "happy", "summary": "-", "sees": "-"})


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """How a world begins, and begins anew after a reset.

    `start_time` is in simulated epoch seconds, None for the time of its first request.
    `poll_limit` is how often an unfinished batch may be retrieved while nobody moves the
    clock, None for any number. `pinned` lets `scenario` outrank one that is chosen later.
    """

    clock: str = clock.REALTIME
    pace: float = 1
    start_time: float | None = None
    seed: int | str = 0
    scenario: Scenario = field(default_factory=happy)
    poll_limit: int | None = None
    pinned: bool = False
    quotas: Quotas = field(default_factory=Quotas)
    script: Script = field(default_factory=Script)
    models: ModelList = field(default_factory=ModelList)
    validate: bool = True
    limits: Limits = field(default_factory=Limits)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server admits its callers.

    `api_keys` are the keys that are accepted, any when empty. `one_world` puts all keys
    into one world. `owner_key` is the key that `mockbatch serve` prints. `allowed_hosts` are
    names, in lower case, by which the control API may be called too.
    `most_worlds` bounds the worlds kept; the longest idle one goes first. `gateway` answers
    every request as Portkey's gateway would.
    """

    world: WorldSettings = field(default_factory=WorldSettings)
    api_keys: frozenset[str] = frozenset()
    one_world: bool = False
    owner_key: str = "sk-mockbatch"
    host: str = "127.0.0.1"
    allowed_hosts: frozenset[str] = frozenset()
    most_worlds: int = 1000
    gateway: bool = False
    organization: str = "org-mockbatch"
