"""The worlds of one server, by API key."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from threading import Lock

from mockbatch.errors import api_error, too_many_worlds
from mockbatch.world.keys import mask_key
from mockbatch.world.settings import ServerSettings, WorldSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

#: The name of the world that all keys share on a server with a single world.
SHARED_WORLD = "one world"
# What clients send when a variable with the key is not set: in a shell, JavaScript and JSON.
_UNSET_KEYS = frozenset({"", "undefined", "null"})
# How many keys of removed worlds are remembered.
_MAX_ENDED = 10_000


class WorldRegistry:
    """Creates a world when a key first changes something, and bounds the number of worlds.

    New worlds start from the snapshot `initial`, if given. The methods may be called by any thread.
    """

    def __init__(self, settings: ServerSettings, initial: Snapshot | None = None) -> None:
        self.settings = settings
        self._initial = initial
        self._lock = Lock()
        self._worlds: dict[str, World] = {}  # by name, oldest first
        self._ended: dict[str, str] = {}  # key -> name of its owner, which has ended

    def check_key(self, key: str) -> None:
        """Raise ApiError 401 for a key that is not accepted."""
        accepted = self.settings.api_keys
        if key in _UNSET_KEYS or (accepted and key not in accepted):
            error = api_error("wrong_key", key=key if len(key) <= 12 else mask_key(key))
            error.headers = {"WWW-Authenticate": 'Bearer realm="OpenAI API"'}
            raise error

    def default_key(self) -> str:
        """Return the key of the world for callers without a key: the only world there is.

        Without any world it is the owner's key. Raises ApiError 400 if there are several
        worlds.
        """
        worlds = self.all()
        if len(worlds) > 1:
            # Only their number: a key, even masked, is its owner's secret.
            raise api_error("ambiguous_world", count=len(worlds))
        return next(iter(worlds), self.settings.owner_key)

    def open(self, key: str, *, is_read_only: bool) -> World:
        """Return the world of a key, a new one if the key has none.

        A new world is kept only if the caller is going to change it. Raises ApiError 401 for a
        key whose world was removed together with its owner, such as a test.
        """
        self._check_not_ended(key)
        world = self.find(key)
        if world is not None:
            return world
        world = self._new_world(key, self.settings.world)
        return world if is_read_only else self._add(world)

    def create(self, key: str, settings: WorldSettings) -> World:
        """Create the world of a key with these settings, or reset it to them if it exists."""
        with self._lock:
            self._ended.pop(key, None)
        world = self.find(key)
        if world is None:
            new = self._new_world(key, settings)
            world = self._add(new)
            if world is new:
                return new
        world.reset(settings)
        return world

    def find(self, key: str) -> World | None:
        """Return the world of a key, None if the key has none yet."""
        return self._worlds.get(self.name_of(key))

    def contains(self, world: World) -> bool:
        """Return whether a world is kept, unlike a new one that is only read."""
        return self._worlds.get(world.name) is world

    def all(self) -> Mapping[str, World]:
        """Return the worlds by name, the oldest first."""
        with self._lock:
            return dict(self._worlds)

    def reset_all(self) -> int:
        """Reset all worlds, each to its own settings, and return how many there are."""
        worlds = self.all().values()
        for number, world in enumerate(worlds):
            with self._after_a_change() if number else nullcontext():
                world.reset(world.settings)
        return len(worlds)

    def _after_a_change(self) -> AbstractContextManager[object]:
        """Return the context of a step after an earlier step has changed something."""
        return nullcontext()

    def remove(self, name: str) -> None:
        """Remove and close the world of that name, if there is one."""
        with self._lock:
            world = self._worlds.pop(name, None)
            owner = None if world is None else world.settings.owner
            if owner is not None and not self.settings.is_single_world:
                self._ended[name] = owner
                if len(self._ended) > _MAX_ENDED:
                    del self._ended[next(iter(self._ended))]
        if world is not None:
            world.close()

    def close(self) -> None:
        """Close all worlds; from then on nothing happens by itself."""
        for world in self.all().values():
            world.close()

    def _check_not_ended(self, key: str) -> None:
        owner = self._ended.get(key)
        if owner is not None:
            last = f"it belonged to {owner}, which is over" if owner else "no test has begun yet"
            error = api_error("no_world", reason=last)
            error.headers = {"x-should-retry": "false"}
            raise error

    def names(self) -> Iterable[str]:
        """Return the names of the worlds, the oldest first."""
        return self.all()

    def name_of(self, key: str) -> str:
        """Return the name of the world of a key, whether there is one or not."""
        return SHARED_WORLD if self.settings.is_single_world else key

    def _new_world(self, key: str, settings: WorldSettings) -> World:
        return World(self.name_of(key), settings, self.settings.organization, self._initial)

    def _add(self, new: World) -> World:
        """Add a world, and return it or the one that another thread has added meanwhile.

        Raises ApiError 429 if there are too many. None is removed to make room, as any of them
        may still be needed.
        """
        with self._lock:
            limit = self.settings.world.limits.worlds
            if new.name not in self._worlds and len(self._worlds) >= limit:
                raise too_many_worlds(limit)
            return self._worlds.setdefault(new.name, new)
