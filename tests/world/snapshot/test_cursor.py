"""Places in a document."""

from mockbatch.world.snapshot.cursor import Cursor

DOCUMENT = {"files": [{"id": "a"}, {"id": "b"}], "clock": {"now": 1}}


def test_a_place_has_its_path() -> None:
    """Names are joined by dots, and an index is in brackets."""
    state = Cursor(DOCUMENT, "state")
    assert state["clock"]["now"] == Cursor(1, "state.clock.now")
    ids = [file["id"] for file in state["files"].items()]
    assert ids == [Cursor("a", "state.files[0].id"), Cursor("b", "state.files[1].id")]
    assert dict(state["clock"].members()) == {"now": Cursor(1, "state.clock.now")}


def test_a_missing_member_has_a_default() -> None:
    """A present one does not need it."""
    state = Cursor(DOCUMENT, "state")
    assert state.get("uploads", []) == Cursor([], "state.uploads")
    assert state.get("clock", {}) == state["clock"]


def test_an_error_names_its_place() -> None:
    """As the param of a 400, with the reason in its message."""
    error = Cursor(DOCUMENT, "state")["clock"].error("it is late")
    assert (error.status, error.param) == (400, "state.clock")
    assert "it is late" in error.message
