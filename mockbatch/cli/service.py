"""One process that serves the API."""

from typing import TYPE_CHECKING

from mockbatch.cli.memory import postpone_collection, return_freed_memory
from mockbatch.cli.options import errors_as_bad_parameter

if TYPE_CHECKING:
    from mockbatch.cli.stop_signal import StopSignal
    from mockbatch.http_server.server import HttpServer
    from mockbatch.world.registry import WorldRegistry
    from mockbatch.world.settings import ServerSettings
    from mockbatch.world.snapshot.snapshot import Snapshot


class Service:
    """Serves the API with a server that listens already."""

    def __init__(
        self, server: "HttpServer", settings: "ServerSettings", initial: "Snapshot | None"
    ) -> None:
        self._server, self._settings, self._initial = server, settings, initial
        self._worlds: WorldRegistry | None = None

    def start(self) -> None:
        """Serve in a thread; click.BadParameter if the worlds cannot be opened."""
        with postpone_collection(), errors_as_bad_parameter("--state"):
            from mockbatch.web.app import create_app

            app = create_app(self._settings, self._initial)
        self._worlds = app.extensions["mockbatch"].worlds
        self._server.wsgi_app = app
        self._server.start()

    def wait(self, stop: "StopSignal", lifeline: int | None = None) -> None:
        """Return when the process is to end: after a signal, or when the pipe `lifeline` does."""
        return_freed_memory()
        stop.wait(lifeline)

    def stop(self) -> None:
        """Stop serving."""
        if self._worlds:
            self._worlds.close()
        self._server.stop()
