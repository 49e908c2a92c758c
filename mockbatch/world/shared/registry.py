"""The worlds of a server whose state is in a store."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from threading import Lock

from mockbatch.errors import ApiError, api_error, too_many_worlds
from mockbatch.stores.blobs import Blobs
from mockbatch.stores.failure import DAMAGED, after_a_change
from mockbatch.stores.late_removal import LateRemoval
from mockbatch.stores.location import open_blobs, open_store
from mockbatch.stores.store import CHANGE, Store
from mockbatch.world.keys import StoredName
from mockbatch.world.registry import WorldRegistry
from mockbatch.world.settings import ServerSettings, WorldSettings
from mockbatch.world.shared.replica import Place
from mockbatch.world.shared.watch import DueWatch
from mockbatch.world.shared.world import SharedWorld
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

log = logging.getLogger(__name__)


def open_shared_worlds(settings: ServerSettings, initial: Snapshot | None) -> "SharedWorlds":
    """Return the worlds in the store of a server; ValueError if it cannot be opened."""
    store = open_store(settings.state)
    if store is None:
        raise ValueError(f"{settings.state} is not shared")
    return SharedWorlds(settings, store, open_blobs(settings.state, settings.files), initial)


class SharedWorlds(WorldRegistry):
    """Opens the worlds of a store; a world that is opened is up to date.

    Without a store that can be used, ApiError 503.
    """

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        blobs: Blobs,
        initial: Snapshot | None = None,
    ) -> None:
        super().__init__(settings, initial)
        self._store = store
        self._blobs = LateRemoval(blobs)
        self._replicas: dict[str, SharedWorld] = {}  # by name in the store
        self._opening = Lock()
        #: Finds worlds with something to deliver; it runs once it has been started.
        self.watch = DueWatch(store)

    def default_key(self) -> str:
        """Return the key of the world for callers without a key: the only world there is."""
        worlds = self._store.worlds()
        if len(worlds) > 1:
            raise api_error("ambiguous_world", count=len(worlds))
        return StoredName.labelled(*worlds[0]) if worlds else self.settings.owner_key

    def open(self, key: str, *, is_read_only: bool) -> World:
        """Return the world of a key, a new one if the key has none.

        A new world is kept only if the caller is going to change it.
        """
        world = self.find(key)
        if world is not None:
            return world
        if is_read_only:
            return self._new_world(key, self.settings.world)
        replica = self._room_for(key, self.settings.world)
        replica.create()
        return self._keep(replica)

    def create(self, key: str, settings: WorldSettings) -> World:
        """Create the world of a key with these settings, or reset it to them if it exists."""
        world = self.find(key)
        if world is None:
            replica = self._room_for(key, settings)
            is_new = replica.create()
            world = self._keep(replica)
            if is_new:
                return world
        world.reset(settings)
        return world

    def find(self, key: str) -> World | None:
        """Return the world of a key, None if the key has none yet."""
        name = self._stored_name(key)
        is_known = name in self._replicas
        world = self._find(name)
        if world is not None and not is_known:
            self._forget_removed()
        return world

    def _find(self, name: StoredName) -> World | None:
        self.watch.keep_running()
        known = self._replicas.get(name)
        if known is not None and known.is_usable and known.catch_up():
            return known
        world = self._read(name)
        if world is None and known is not None and self._forget(known):
            log.warning("the store no longer has the world of %s", name.label)
        return world

    def contains(self, world: World) -> bool:
        """Return whether a world is in the store, unlike a new one that is only read."""
        return isinstance(world, SharedWorld)

    def all(self) -> Mapping[str, World]:
        """Return the worlds by name, the oldest first, but for damaged ones."""
        found = ((name, self._find_undamaged(name)) for name in self._forget_removed())
        return {name: world for name, world in found if world is not None}

    def names(self) -> Sequence[StoredName]:
        """Return the names of the worlds, the oldest first."""
        return [StoredName.labelled(*stored) for stored in self._store.worlds()]

    def _forget_removed(self) -> Sequence[StoredName]:
        """Forget the replicas of worlds that are gone, and return the names of the present ones.

        No request may ever come for a world that another process has removed, as its key may be
        that of one CI job. So this is called whenever this process is about to keep one replica
        more.
        """
        # Before the names: a world that is created in between must not be taken for a removed one.
        replicas = list(self._replicas.values())
        names = self.names()
        present = set(names)
        for replica in replicas:
            if replica.name not in present and self._forget(replica):
                log.info("another process has removed the world of %s", replica.name.label)
        return names

    def _find_undamaged(self, name: StoredName) -> World | None:
        try:
            return self._find(name)
        except ApiError as error:
            if error.name != DAMAGED:
                raise
            return None

    def _after_a_change(self) -> AbstractContextManager[object]:
        return after_a_change()

    def remove(self, name: str) -> None:
        """Remove and close the world of that name, if there is one."""
        id = self._stored_name(name)
        if id not in self.names() and not self._blobs.names(id):
            return
        self._store.acquire(id, CHANGE)
        try:
            replica, contents = self._replicas.get(id), self._blobs.names(id)
            self._store.remove(id)
        finally:
            self._store.release(id, CHANGE)
        for content in contents:
            self._blobs.remove(id, content)
        if replica is not None:
            self._forget(replica)

    def close(self) -> None:
        """Close all replicas and the store; from then on nothing happens by itself."""
        self.watch.stop()
        for world in list(self._replicas.values()):
            world.close()
        self._blobs.close()
        self._store.close()

    def _stored_name(self, key: str) -> StoredName:
        return StoredName.of(key if isinstance(key, StoredName) else self.name_of(key))

    def _read(self, name: StoredName) -> SharedWorld | None:
        """Return a new replica of a world, or that of another thread; None if there is no world."""
        world = self._replica(name, self.settings.world)
        if not world.catch_up():
            return None
        return self._keep(world)

    def _room_for(self, key: str, settings: WorldSettings) -> SharedWorld:
        """Return a replica of a world that is still to be created; ApiError 429 at the limit."""
        limit = self.settings.world.limits.worlds
        if len(self._forget_removed()) >= limit:
            raise too_many_worlds(limit)
        # The store looks once more, as other processes may be creating worlds, too.
        return self._replica(self._stored_name(key), settings)

    def _replica(self, name: StoredName, settings: WorldSettings) -> SharedWorld:
        place = Place(self._store, self._blobs, name)
        organization = self.settings.organization
        return SharedWorld(place, settings, organization, self._initial)

    def _keep(self, world: SharedWorld) -> SharedWorld:
        """Keep a replica, unless another thread has kept one meanwhile; return the one kept."""
        with self._opening:
            present = self._replicas.get(world.name)
            if present is None or not present.is_usable:
                self._replicas[world.name] = world
                return world
        world.close()
        present.catch_up()
        return present

    def _forget(self, world: SharedWorld) -> bool:
        """Forget a replica whose world is gone; return False if another thread has done so."""
        with self._opening:
            is_known = self._replicas.get(world.name) is world
            if is_known:
                del self._replicas[world.name]
        world.end()
        return is_known
