"""The stores that the tests of this folder run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbatch.stores.location import open_store
from mockbatch.stores.store import Store

#: The kinds of stores, each a parameter of `state_url`.
KINDS = ("sqlite",)


@pytest.fixture(params=KINDS)
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store, as `--state` takes it."""
    assert request.param == "sqlite"
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def store(state_url: str) -> Iterator[Store]:
    """Yield an empty store."""
    opened = open_store(state_url)
    yield opened
    opened.close()


@pytest.fixture
def rival(store: Store, state_url: str) -> Iterator[Store]:
    """Yield the same store, as another process opens it."""
    opened = open_store(state_url)
    yield opened
    opened.close()
