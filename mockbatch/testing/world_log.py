"""Which test created which worlds, for the report of a failed test."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from mockbatch.client import WorldClient
    from mockbatch.client.sleep_watch import StandingClock
    from mockbatch.world.world import World

__tracebackhide__ = True


class WorldLog:
    """Which test or fixture created which worlds, for the report of a failed test.

    A World of this process is kept beside its client: it outlives the client, and can be read
    without a request.
    """

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        self.fixtures: list[pytest.FixtureDef[Any]] = []  # being set up, the innermost last
        self._worlds: dict[object, list[tuple[WorldClient, World | None]]] = {}

    def begin(self, item: pytest.Item) -> None:
        """Start a test: forget the worlds of the one before it."""
        self._worlds.pop(self.item, None)
        self.item = item

    def add(self, client: "WorldClient", app: "Flask | None") -> None:
        """Add a new world; it belongs to the fixture being set up if that outlives the test."""
        owner: object = self.item
        if self.fixtures and self.fixtures[-1].scope != "function":
            owner = self.fixtures[-1]
        world = None
        if app is not None:
            world = app.extensions["mockbatch"].worlds.find(client.api_key)
        self._worlds.setdefault(owner, []).append((client, world))

    def owner_name(self) -> str:
        """Return the name of the test, or of the longer-lived fixture, that creates worlds now."""
        if self.fixtures and self.fixtures[-1].scope != "function":
            fixture = self.fixtures[-1]
            return f"the fixture '{fixture.argname}' of {fixture.baseid or 'the run'}"
        return "the run" if self.item is None else self.item.nodeid

    def end(self, fixture: pytest.FixtureDef[Any]) -> None:
        """Pass the worlds of a finished fixture on to the test after which it ends."""
        if fixture in self._worlds:
            worlds = self._worlds.pop(fixture)
            if fixture.argname in getattr(self.item, "fixturenames", ()):
                self._worlds[self.item] = worlds + self._worlds.get(self.item, [])

    def sections(self, item: pytest.Item) -> list[tuple[str, str]]:
        """Return a section for each world that a test may have used."""
        worlds = self._worlds_of(item)
        if not worlds:
            return []
        from mockbatch.testing.failure_report import render

        return [("mockbatch", render(client, world)) for client, world in worlds]

    def dashboards(self, item: pytest.Item) -> list[str]:
        """Return the addresses of the dashboards of a test's worlds, of those on sockets."""
        urls = []
        for client, _ in self._worlds_of(item):
            with suppress(RuntimeError):
                urls.append(client.dashboard_url)
        return urls

    def pop_webhook_error(self, item: pytest.Item) -> BaseException | None:
        """Return the first exception of the test's webhook receivers, and forget all of them."""
        errors = [error for client, _ in self._worlds_of(item) for error in client.webhook_errors]
        for client, _ in self._worlds_of(item):
            client.webhook_errors.clear()
        return errors[0] if errors else None

    def describe_unused(self, item: pytest.Item) -> list[str]:
        """Return a sentence for each fault, reply and scenario of the test that never applied.

        Worlds of fixtures that outlive the test do not count.
        """
        worlds = [entry for entry in self._worlds.get(item, ()) if not entry[0].closed]
        if not worlds:
            return []
        from mockbatch.client import ControlError
        from mockbatch.testing.plugin_options import marked_scenario

        sentences: list[str] = []
        chosen = marked_scenario(item)
        for client, world in worlds:
            if world is None or world.journal.count or _has_batch(world):
                try:
                    found = client.call("GET", "/_mock/unused")
                except ControlError:  # mockbatch has failed, which the fixture reports
                    continue
                sentences += found["unused"]
                if chosen and not found["has_batches"]:
                    sentences.append(f"the scenario {chosen} was chosen, but no batch was created")
                chosen = None  # the marker is for the first world
        return sentences

    def standing_clock(self, item: pytest.Item) -> "StandingClock | None":
        """Return the first clock that only the test moves and that a batch waits for."""
        clocks = (client.clock.read_standing() for client, _ in self._worlds_of(item))
        return next(filter(None, clocks), None)

    def _worlds_of(self, item: pytest.Item) -> "list[tuple[WorldClient, World | None]]":
        names = getattr(item, "fixturenames", ())
        return [
            entry
            for owner, worlds in self._worlds.items()
            if owner is item or getattr(owner, "argname", "") in names
            for entry in worlds
        ]


def _has_batch(world: "World") -> bool:
    return bool(world.batches(1, None).items)
