"""The settings with which a server and its worlds begin."""

from msgspec import Struct, field

from mockbatch import clock
from mockbatch.endpoints.model_list import ModelList
from mockbatch.limits import Limits, Quotas
from mockbatch.scenarios.scenario import Scenario, parse
from mockbatch.scripting.script import Script
from mockbatch.webhooks.settings import WebhookSettings

#: The value of `state` for worlds in the memory of one process.
MEMORY = "memory"


def happy() -> Scenario:
    """Return the scenario in which nothing goes wrong."""
    return parse({"name": "happy", "summary": "-", "sees": "-"})


class WorldSettings(Struct, frozen=True):
    """How a world begins, and begins again after a reset.

    `start_time` is in simulated epoch seconds, None for the time of the first request.
    `poll_limit` is how often an unfinished batch can be retrieved while time stands still, None
    for no limit. `seed` decides ids, texts and order; ids that contain a second, such as those of
    batches, repeat only with `start_time` fixed as well. `owner` names what the world is for,
    such as a test: once the world is removed, its key is refused with that name; "" is for a key
    that waits for its first test. With `validate`, objects are checked against their schemas
    before they are sent. With `marks`, each text that the mock generates for a line of a batch
    begins with a mark of its own, by which it can be found in what a client makes of it; a
    scripted text has none.
    """

    clock: str = clock.REALTIME
    pace: float = 1
    start_time: float | None = None
    seed: int | str = 0
    scenario: Scenario = field(default_factory=happy)
    poll_limit: int | None = None
    owner: str | None = None
    quotas: Quotas = field(default_factory=Quotas)
    script: Script = field(default_factory=Script)
    models: ModelList = field(default_factory=ModelList)
    validate: bool = True
    marks: bool = False
    limits: Limits = field(default_factory=Limits)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)


class ServerSettings(Struct, frozen=True):
    """How a server treats its callers, and how its worlds begin.

    Only `api_keys` are accepted, or any key if there are none. With `is_single_world` all keys
    share one world. `owner_key` is the key that `mockbatch serve` prints. The server can be
    called as `host`, and as `allowed_hosts`, and by web pages from `allowed_origins` (both in
    lower case). With `gateway` every response is as from Portkey's gateway; with
    `has_dashboard` browsers find a page about the worlds. Without `breaks_connections`, faults
    that do are refused, because another HTTP server than ours serves the app. `state` is
    `memory`, or the URL of the store that keeps the worlds; `files` is the folder for the
    contents of files, None for the one that belongs to the store. With `waits_for_store` the
    server starts even if that store cannot be reached, and requests get a 503 until it can be.
    """

    world: WorldSettings = field(default_factory=WorldSettings)
    api_keys: frozenset[str] = frozenset()
    is_single_world: bool = False
    owner_key: str = "sk-mockbatch"
    host: str = "127.0.0.1"
    allowed_hosts: frozenset[str] = frozenset()
    allowed_origins: frozenset[str] = frozenset()
    gateway: bool = False
    has_dashboard: bool = True
    breaks_connections: bool = True
    organization: str = "org-mockbatch"
    state: str = MEMORY
    files: str | None = None
    waits_for_store: bool = False
