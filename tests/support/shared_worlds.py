"""A plugin of pytest: every server of the tests keeps its worlds in a store of its own.

`pytest -p tests.support.shared_worlds tests/scenarios/test_catalogue.py` runs those tests so.
"""

import tempfile

import pytest
from msgspec.structs import replace

from mockbatch.web import context
from mockbatch.world.registry import WorldRegistry
from mockbatch.world.settings import ServerSettings
from mockbatch.world.shared.registry import open_shared_worlds
from mockbatch.world.snapshot.snapshot import Snapshot

_folder = tempfile.TemporaryDirectory()


def _open_worlds(settings: ServerSettings, beginning: Snapshot | None) -> WorldRegistry:
    state = f"sqlite:///{tempfile.mkdtemp(dir=_folder.name)}/state.db"
    return open_shared_worlds(replace(settings, state=state), beginning)


def pytest_configure(config: pytest.Config) -> None:
    """Open worlds in stores from now on."""
    context._open_worlds = _open_worlds
    config.add_cleanup(_folder.cleanup)
