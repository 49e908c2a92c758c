"""A plugin of pytest: the servers of the tests are those that run at given URLs.

`MOCKBATCH_TEST_URLS='{"60": "http://127.0.0.1:8787"}' pytest -p tests.support.remote_worlds` runs
tests so. The URLs are by the seconds that their servers wait for a receiver of webhooks.
"""

import json
import os
from typing import Any

from flask import Flask

from mockbatch.testing import servers
from mockbatch.testing.servers import RemoteServer
from mockbatch.web.context import EXTENSION

URLS = "MOCKBATCH_TEST_URLS"


def _remote_server(app: Flask | None = None, **options: Any) -> RemoteServer:
    """Return the server that waits for receivers as an app does; any of them without an app."""
    urls = json.loads(os.environ[URLS])
    if app is None:
        return RemoteServer(next(iter(urls.values())), **options)
    timeout = app.extensions[EXTENSION].settings.world.webhooks.timeout_seconds
    return RemoteServer(urls[f"{timeout:g}"], **options)


def pytest_configure() -> None:
    """Use the running servers from now on: tests import the name later."""
    servers.LocalServer = _remote_server  # type: ignore[assignment,misc]
