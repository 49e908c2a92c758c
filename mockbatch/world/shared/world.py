"""The commands of a shared world that are not quite those of a world in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.errors import api_error
from mockbatch.files.content import Content
from mockbatch.files.file import File
from mockbatch.scripting.script import Script
from mockbatch.stores.failure import after_a_change
from mockbatch.typing import Json
from mockbatch.world.advance import Advance
from mockbatch.world.shared.advance import SharedAdvance
from mockbatch.world.shared.replica import Replica
from mockbatch.world.snapshot.snapshot import Snapshot

# A command with more lines takes long to plan, and others use the world meanwhile.
_FEW_LINES = 1000


class SharedWorld(Replica):
    """A world that several processes share."""

    @property
    def version(self) -> tuple[object, ...]:
        """That of the store, since each process counts and numbers its own objects."""
        return self._seen

    @contextmanager
    def _command(self, lines: int | None = None) -> Iterator[int]:
        """Yield the second of a command; one with few lines acquires its locks in one step."""
        if lines is None or lines > _FEW_LINES:
            with super()._command() as now:
                yield now
        else:
            with self._planning_lock.with_inner(self._change_lock):
                yield int(self.now())

    @property
    def advance(self) -> Advance:
        """The object that moves the clock forward."""
        dispatcher = self.webhooks.dispatcher
        return SharedAdvance(self.clock, self.repository, self.uploads, dispatcher, self.upcoming)

    def deliver_due(self) -> None:
        """Deliver the webhooks that are due now, after a change that is stored."""
        with after_a_change():
            super().deliver_due()

    def snapshot(self) -> Snapshot:
        """Return the whole world as a value."""
        snapshot = super().snapshot()
        return replace(snapshot, numbers={**snapshot.numbers, "request": snapshot.journal.total})

    def upload(self, content: Content, *options: Any, **more: Any) -> File:
        """Create a file, whose content is kept where other processes find it."""
        with self._contents.keeping(content) as kept:
            return super().upload(kept, *options, **more)

    def respond(self, endpoint: Endpoint, body: dict[str, Json]) -> EndpointResponse:
        """Return the response to a live call; replies in turn are taken in turn."""
        if all(entry.turns is None for entry in self.script.entries):
            return super().respond(endpoint, body)
        with self._planning, self._lock:
            return super().respond(endpoint, body)

    def replace_script(self, script: Script) -> None:
        """Use another script; ApiError 400 if a function of this process is in it."""
        if any(entry.has_function for entry in script.entries):
            reason = "a function needs a world in the memory of its process, and this one is shared"
            raise api_error("invalid_value", param="reply", reason=reason)
        super().replace_script(script)
