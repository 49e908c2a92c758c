"""The worlds of one server, by key."""

import logging
from collections.abc import Mapping
from threading import Lock

from mockbatch.errors import api_error
from mockbatch.world.settings import ServerSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

log = logging.getLogger(__name__)

SHARED_WORLD = "one world"
# What a forgotten variable sends in JavaScript, in JSON, and in a shell.
UNSET_KEYS = frozenset({"", "undefined", "null"})


class WorldRegistry:
    """Makes a world when a key first changes something, and bounds how many there are."""

    def __init__(self, settings: ServerSettings, beginning: Snapshot | None = None) -> None:
        self.settings = settings
        self._beginning = beginning
        self._lock = Lock()
        self._worlds: dict[str, World] = {}  # the longest idle one first

    def check_key(self, key: str) -> None:
        """Raise ApiError 401 for a key that is not accepted."""
        accepted = self.settings.api_keys
        if key in UNSET_KEYS or (accepted and key not in accepted):
            error = api_error("wrong_key", key=key if len(key) < 12 else mask_key(key))
            error.headers = {"WWW-Authenticate": 'Bearer realm="OpenAI API"'}
            raise error

    def open(self, key: str, *, is_read_only: bool) -> World:
        """Return the world of a key; one that only reads is not kept when it is new."""
        name = self._name(key)
        with self._lock:
            found = self._worlds.pop(name, None)
            if found is not None:
                self._worlds[name] = found
                return found
        made = World(name, self.settings.world, self.settings.organization, self._beginning)
        return made if is_read_only else self._keep(made)

    def open_default(self, *, is_read_only: bool) -> World:
        """Return the world of a caller without a key: the only one there is.

        Where there is none, the owner's; one that only reads is not kept then.
        Raises ApiError 400 listing the masked keys when there are several.
        """
        kept = self.all()
        if len(kept) > 1:
            raise api_error("ambiguous_world", keys=", ".join(mask_key(name) for name in kept))
        found = next(iter(kept.values()), None)
        return found or self.open(self.settings.owner_key, is_read_only=is_read_only)

    def all(self) -> Mapping[str, World]:
        """Return the worlds that are kept, by name."""
        with self._lock:
            return dict(self._worlds)

    def find(self, key: str) -> World | None:
        """Return the world of a key, None if it has none yet."""
        return self.all().get(self._name(key))

    def contains(self, world: World) -> bool:
        """Tell whether a world is one of those that are kept."""
        with self._lock:
            return self._worlds.get(world.name) is world

    def remove(self, key: str) -> None:
        """Let a world go."""
        with self._lock:
            found = self._worlds.pop(key, None)
        if found is not None:
            found.close()

    def close(self) -> None:
        """Let nothing more happen by itself in any world."""
        for world in self.all().values():
            world.close()

    def _name(self, key: str) -> str:
        return SHARED_WORLD if self.settings.one_world else key

    def _keep(self, made: World) -> World:
        with self._lock:
            kept = self._worlds.setdefault(made.name, made)
            while len(self._worlds) > self.settings.most_worlds:
                idle = next(iter(self._worlds))
                self._worlds.pop(idle).close()
                log.warning(
                    "too many worlds: the one of key %s, idle longest, is gone", mask_key(idle)
                )
        return kept


def mask_key(key: str) -> str:
    """Return a key as it may be shown: its first 8 and last 4 characters.

    Source: so OpenAI's own message does it, recorded in 2026, but for keys shorter than 12,
    which it prints whole.
    """
    if len(key) < 12:
        return key[:2] + "*" * len(key[2:])
    return key[:8] + "*" * (len(key) - 12) + key[-4:]
