"""`/_mock/worlds`, and an advance of the wrong world."""

import pytest

from tests.support.caller import KEY, VALIDATING, Caller, app_of, error_of

OTHER = "sk-somebody-else-0001"
WORLDS = "/_mock/worlds"
HINT = "This world has no batches, but the world of another key has some."


@pytest.fixture
def other() -> Caller:
    """Return a caller beside the owner of its server."""
    return Caller(app_of(server={"owner_key": KEY}), OTHER)


@pytest.fixture
def owner(other: Caller) -> Caller:
    """Return the owner of the server of `other`."""
    return Caller(other.app, KEY)


def test_a_new_server_has_none(owner: Caller) -> None:
    """Reading the list creates none either."""
    assert owner.good(owner.get(WORLDS)) == {"worlds": []}
    assert owner.good(owner.get(WORLDS)) == {"worlds": []}


def test_each_world_shows_what_it_holds(owner: Caller, other: Caller) -> None:
    """With its key shortened, the oldest first."""
    other.create()
    other.advance(VALIDATING)
    owner.upload()
    first, second = owner.good(owner.get(WORLDS))["worlds"]
    assert first["key"] == "sk-...01"
    assert OTHER not in str(first)
    assert (first["batches"], first["unfinished_batches"], first["files"]) == (1, 1, 1)
    assert (first["requests"], second["requests"]) == (2, 1)
    assert first["now"] - second["now"] == VALIDATING
    assert (first["mode"], second["batches"], second["files"]) == ("manual", 0, 1)


def test_finished_batches_are_not_unfinished(owner: Caller) -> None:
    """A batch that has ended is counted, and no more."""
    owner.create()
    owner.advance(24 * 3600)
    [world] = owner.good(owner.get(WORLDS))["worlds"]
    assert (world["batches"], world["unfinished_batches"]) == (1, 0)


def test_only_the_owner_sees_them(owner: Caller, other: Caller) -> None:
    """Another key gets a 403, and no key a 401 or 403."""
    owner.upload()
    other.upload()
    assert error_of(other.get(WORLDS))[0] == 403
    assert Caller(owner.app, None).get(WORLDS).status_code in (400, 401, 403)


def test_an_advance_of_an_empty_world_has_a_hint(owner: Caller, other: Caller) -> None:
    """If another world has batches: the usual cause is a wrong key."""
    other.create()
    assert owner.advance(1)["hint"] == HINT
    assert "hint" not in other.advance(1)


def test_without_batches_elsewhere_there_is_no_hint(owner: Caller, other: Caller) -> None:
    """An empty world may be moved."""
    other.upload()
    assert "hint" not in owner.advance(1)


def test_the_queue_of_scenarios_can_be_read(owner: Caller) -> None:
    """As the response of POST has it."""
    active = owner.good(owner.post("/_mock/scenarios/active", {"name": "some_failed"}))["active"]
    assert active == [{"name": "some_failed", "times": 1, "batches": 0}]
    assert owner.good(owner.get("/_mock/scenarios/active"))["active"] == active
