"""The server of a survey: every run has a world of its own on it, found by its key."""

from typing import TYPE_CHECKING

from mockbatch.batch.batch import Batch
from mockbatch.http_server.server import HttpServer
from mockbatch.survive.misfortunes import Misfortune
from mockbatch.survive.polls import PollWatch, Waiting
from mockbatch.web.app import create_app
from mockbatch.web.context import EXTENSION
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World

if TYPE_CHECKING:
    from typing_extensions import Self

# A program that polls a batch so often while time stands still does not sleep, or for real.
_PATIENCE = 20
# Where its sleeps take time, so that each of its polls counts.
_REAL_PATIENCE = 2


class SurveyServer:
    """A server on a free loopback port of this process.

    `speed` is how many times faster than real the time of its programs runs; 0 if it stands still
    until they sleep.
    """

    def __init__(self, *, sleeps_for_real: bool = False, speed: int = 0) -> None:
        self._app = create_app()
        self._clock = f"x{speed}" if speed else "manual"
        patience = _REAL_PATIENCE if sleeps_for_real or speed else _PATIENCE
        self._polls = PollWatch(self._app, patience)
        self._http_server = HttpServer(self._polls)

    def __enter__(self) -> "Self":
        self._http_server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._app.extensions[EXTENSION].worlds.close()
        self._http_server.stop()

    @property
    def url(self) -> str:
        """The address of the server, without `/v1`."""
        return self._http_server.url

    def open_world(self, key: str, misfortune: Misfortune) -> World:
        """Return a new world under a key, in which a misfortune is going to happen.

        Worlds have the same ids and marks in every run, so that runs can be compared.
        """
        settings = WorldSettings(clock=self._clock, owner="mockbatch survive", marks=True)
        worlds = self._app.extensions[EXTENSION].worlds
        world: World = worlds.create(key, misfortune.settings(settings))
        misfortune.arm(world)
        self._polls.watch(key, world)
        return world

    def close_world(self, key: str) -> None:
        """Remove a world, whose key is refused from now on."""
        self._polls.forget(key)
        self._app.extensions[EXTENSION].worlds.remove(key)

    def in_flight(self, key: str) -> int:
        """Return how many requests with a key have no response yet."""
        return self._polls.in_flight(key)

    def batches(self, key: str) -> list[Batch]:
        """Return the batches of a key, oldest first, with all that they ask."""
        return self._polls.batches(key)

    def waiting(self, key: str) -> Waiting | None:
        """Return what the program of a key waits for without end, None if it does not."""
        return self._polls.waiting(key)
