"""Scripted replies in a state document."""

import pytest

from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.replies import load_script


def entry_with_turn(turn: int) -> dict[str, Json]:
    """Return an entry of which two turns were taken, one of them by a line of a batch."""
    line = {"batch_id": "batch_1", "line": 1, "turn": turn}
    return {"match": {}, "reply": ["a", "b", "c"], "turns": {"taken": 2, "lines": [line]}}


def test_a_line_cannot_have_a_turn_that_was_not_taken() -> None:
    """Turns count from 0, so the last of two is 1."""
    load_script(Cursor([entry_with_turn(1)], "replies"), own=0)
    with pytest.raises(ApiError, match="a turn that was not taken") as error:
        load_script(Cursor([entry_with_turn(2)], "replies"), own=0)
    assert error.value.param == "replies[0].turns"
