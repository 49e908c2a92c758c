"""What one process knows of a world in a store: it catches up, and commits what changes."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from threading import RLock
from typing import NamedTuple

from mockbatch import clock
from mockbatch.clock import WorldLock
from mockbatch.files.content import Content
from mockbatch.ids import RequestIds, Seed
from mockbatch.stores.blobs import Blobs
from mockbatch.stores.failure import after_a_change, damaged_world
from mockbatch.stores.store import CHANGE, NOTHING, PLANNING, Changes, Store, Version
from mockbatch.webhooks.webhooks import Webhooks
from mockbatch.world.journal import EMPTY_JOURNAL
from mockbatch.world.keys import StoredName
from mockbatch.world.settings import WorldSettings
from mockbatch.world.shared.cells import encode, garbage_collection_off, parse
from mockbatch.world.shared.contents import SharedContents
from mockbatch.world.shared.journal import StoredJournal
from mockbatch.world.shared.lock import SharedLock
from mockbatch.world.shared.objects import (
    BATCH,
    DELETED,
    FILE,
    POLLS,
    UPLOAD,
    dump_object,
    load_objects,
    name_all,
)
from mockbatch.world.shared.settings import dump_settings, load_settings
from mockbatch.world.shared.singles import LOADERS, dump_single, fingerprints
from mockbatch.world.shared.status import ReplicaStatus
from mockbatch.world.shared.turn import SharedTurn
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

log = logging.getLogger(__name__)

SETTINGS = "settings"
# While another process delivers, this one looks again after so long.
_LOOK_AGAIN_SECONDS = 0.05


class Place(NamedTuple):
    """Where a world is kept: a store, a folder for contents, and its name in both."""

    store: Store
    blobs: Blobs
    world: StoredName


class Replica(World):
    """A world in a store, as one process has it.

    `catch_up` brings it up to date, and each command does so first. What a command changes is
    committed when it releases the world's lock. `ReplicaStatus` says when that is over.
    """

    def __init__(
        self,
        place: Place,
        settings: WorldSettings,
        organization: str,
        initial: Snapshot | None = None,
    ) -> None:
        self.place = place
        self.name: StoredName = place.world
        self.status = ReplicaStatus()
        self._seen: Version = NOTHING
        self._contents = SharedContents(*place[1:], self._is_needed)
        self._touched: dict[tuple[str, str], None] = {}  # in the order in which they changed
        self._fingerprints: dict[str, object] = {}
        self._is_loading, self._is_new, self._is_opening = False, False, True
        self._first_journal = EMPTY_JOURNAL
        self._server_settings = settings
        super().__init__(place.world, settings, organization, initial)
        self._is_opening = self._is_new = False

    # --- how a replica begins, and catches up

    def create(self) -> bool:
        """Put the world into the store; return False if another process has done so meanwhile."""
        with self._planning, self._lock:
            if is_new := self._seen == NOTHING:
                super()._begin(self.settings)
        return is_new

    def catch_up(self) -> bool:
        """Apply what other processes have changed, and return whether the replica is usable.

        It waits for a change that this process is storing, which may still fail. A read that is
        already past this point may show it.
        """
        seen = self._seen
        changes = self.place.store.pull(self.place.world, seen)
        self._note_wall(changes)
        if changes.version != seen or self._change_lock.is_held:
            with self._change_lock.locally():
                self.status.check_timeout()  # rather than wait for the store once more
                self._enter(seen, changes)
        if self.is_usable and self.clock.state().pauses:
            self._end_lost_pauses()
        return self.is_usable

    @property
    def is_usable(self) -> bool:
        """Whether it is the world in the store, as far as is known."""
        return self.status.is_usable and self._seen != NOTHING

    def seen(self) -> Version:
        """Return how far the world has been read."""
        return self._seen

    def _set_seen(self, version: Version) -> None:
        self._seen, self._turn.incarnation = version, version.id

    def end(self) -> None:
        """Store nothing from now on: the world was removed from the store, or began anew there."""
        self.status.has_ended = True
        self.close()

    def _make_locks(self) -> tuple[WorldLock, WorldLock, RLock]:
        make_lock = partial(SharedLock, self.place.store, self.place.world, self)
        self._change_lock = make_lock(CHANGE, self._enter, self._commit)
        self._planning_lock = make_lock(PLANNING, self._enter_planning, lambda: None)
        return self._change_lock, self._planning_lock, self._change_lock.local

    def _enter(self, seen: Version, changes: Changes) -> None:
        """Apply what has changed since the version `seen`."""
        if seen != self._seen:  # another thread has read more meanwhile
            changes = self.place.store.pull(self.place.world, self._seen)
        self._note_wall(changes)
        self._apply(changes)

    def _enter_planning(self, seen: Version, changes: Changes) -> None:
        with self._change_lock.locally():
            self._enter(seen, changes)

    def _note_wall(self, changes: Changes) -> None:
        if changes.wall is not None:
            self._skew_seconds = self.clock.skew_seconds = changes.wall - clock.wall_time()

    def _apply(self, changes: Changes) -> None:
        """Change the replica as the store has changed; the lock is held, at least locally."""
        version, seen = changes.version, self._seen
        if version == seen or not self.status.is_usable:
            return
        if seen != NOTHING and (version.id != seen.id or version < seen):
            self.end()
            return
        self._is_loading = True
        try:
            with garbage_collection_off() if changes.is_whole else nullcontext():
                self._load_cells(changes)
        except Exception as error:
            log.error("the world %s cannot be read from the store", self.name.label, exc_info=error)
            damaged = damaged_world()
            self.give_up(damaged)
            raise damaged from error
        finally:
            self._is_loading = False
        self._set_seen(version)

    def _load_cells(self, changes: Changes) -> None:
        documents = {name: None if text is None else parse(text) for name, text in changes.cells}
        settings = documents.pop(SETTINGS, None)
        if changes.is_whole and self._seen != NOTHING:
            # It was too far behind: what the store no longer has was removed.
            gone = {f"{kind}:{id}" for kind, id in name_all(self)} - documents.keys()
            documents |= dict.fromkeys(gone)
        elif changes.is_whole:
            loaded, seed = load_settings(Cursor(settings, SETTINGS), self._server_settings)
            self._load(Snapshot(loaded, seed=seed, now=0.0))
        found = [name for name in LOADERS if name in documents]
        for name in found:
            LOADERS[name](self, Cursor(documents.pop(name), name))
        load_objects(self, self._contents, documents)
        self._fingerprints |= {key: now for key, now in fingerprints(self).items() if key in found}

    # --- how it changes

    def _begin(self, settings: WorldSettings) -> None:
        if self._is_opening:  # an empty world, until it is created or read from the store
            with self._change_lock.locally():
                self.seed = Seed.of(settings.seed, self.name)
                self._load(Snapshot(settings))
            return
        super()._begin(settings)

    def _load(self, snapshot: Snapshot) -> None:
        if not (self._is_loading or self._is_opening):
            self._contents.begin_anew(self.repository.storage)
        super()._load(snapshot)
        self._attach()
        if not self._is_loading:
            self._is_new, self._first_journal = True, snapshot.journal

    def _attach(self) -> None:
        """Notice every change from now on, and use the store for what is only there."""
        store, world = self.place.store, self.place.world
        self.journal = StoredJournal(store, world, lambda: not self.status.has_failed)
        # Other processes count their own requests.
        self.request_ids = RequestIds(self.seed.child("request", secrets.token_hex(8)))
        self.faults.lock = self.scenarios.lock = self._lock
        if self.settings.poll_limit is not None:
            self.clock.count_in = self._count_poll
        repository, outbox = self.repository, self.webhooks.outbox
        repository.batch_listeners.append(lambda batch: self._note(BATCH, batch.id))
        repository.file_listeners.append(partial(self._note, FILE))
        repository.deleted.listeners.append(partial(self._note, DELETED))
        repository.storage.listeners.append(self._note_unused)
        self.uploads.listeners.append(partial(self._note, UPLOAD))
        self.uploads.keeping = self._contents.keeping
        outbox.listeners.append(self._note)
        self.webhooks.shortest_wait_seconds = _LOOK_AGAIN_SECONDS
        self.webhooks.after_sending = after_a_change
        self._turn = SharedTurn(store, world, self, partial(self._begin_turn, self.webhooks))
        self.webhooks.dispatcher.turn = self._turn

    @contextmanager
    def _count_poll(self, id: str) -> Iterator[None]:
        with self._lock:
            yield
            self._note(POLLS, id)

    def _note(self, kind: str, id: str) -> None:
        if not self._is_loading:
            self._touched[kind, id] = None

    def _is_needed(self, content: Content) -> bool:
        with self._change_lock.local:  # a thread that catches up may release it for a moment
            return not self.status.has_ended and self.repository.storage.is_retained(content)

    def _note_unused(self, content: Content) -> None:
        if not self._is_loading:
            self._contents.note_unused(content)

    def _commit(self) -> None:
        """Store what the command has changed; if that fails, it has changed nothing."""
        if self.status.has_ended:
            return
        try:
            if self._is_new:
                self._replace()
            elif cells := self._changed_cells():
                self._seen = self.place.store.commit(self.place.world, self._seen, cells)
        except BaseException as error:
            self._contents.undo_change(error)
            self.give_up(error)
            raise
        self._contents.remove_unused(self.repository.storage)

    def _replace(self) -> None:
        """Store the whole world, instead of what was there."""
        self._fingerprints, self._touched = {}, dict.fromkeys(name_all(self))
        cells = {SETTINGS: encode(dump_settings(self)), **self._changed_cells()}
        journal, most = self._first_journal, self._server_settings.limits.worlds
        records = [encode(entry.as_state()) for entry in journal.entries]
        about = self.name, self._seen, self.name.label
        self._set_seen(self.place.store.replace(*about, cells, records, journal.total, most))
        self._is_new = False

    def _changed_cells(self) -> dict[str, str | None]:
        """Return the cells that have changed since this was called last."""
        cells: dict[str, str | None] = {}
        for name, fingerprint in fingerprints(self).items():
            if name not in self._fingerprints or fingerprint != self._fingerprints[name]:
                self._fingerprints[name] = fingerprint
                cells[name] = encode(dump_single(self, name))
        touched, self._touched = self._touched, {}
        for kind, id in touched:
            cells[f"{kind}:{id}"] = dump_object(self, self._contents, kind, id)
        return cells

    def give_up(self, error: BaseException) -> None:
        """Refuse all further commands, because of an error."""
        self.status.fail(error)
        self.close()

    # --- webhooks

    def _begin_turn(self, webhooks: Webhooks) -> None:
        """Take over from the process that had the turn before, in case it has died."""
        with self._lock:
            if self.webhooks is webhooks:  # the world has not been reset since
                webhooks.outbox.retry_lost(int(self.now()))
                self.clock.end_pauses()

    def _end_lost_pauses(self) -> None:
        """Let the clock go on if those who paused it have died; they had the turn."""
        turn = self._turn  # another thread may reset the world meanwhile
        if turn.try_acquire():  # which does so
            turn.release()
