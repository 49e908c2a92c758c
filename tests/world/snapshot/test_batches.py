"""Batches in a state document."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.errors import ApiError
from mockbatch.world.snapshot.dump import dump
from mockbatch.world.snapshot.load import load

if TYPE_CHECKING:
    from tests.conftest import Make

VALIDATED = 62


def test_a_held_batch_cannot_continue_with_fewer_lines_than_it_has_done(make: "Make") -> None:
    """Its counts would fall when it is resumed."""
    world = make.world()
    batch = make.started(world, make.lines(10))
    world.advance.by(VALIDATED + 30)
    world.command(batch.id, commands.hold)
    document = dump(world.snapshot())
    load(document, world.settings)
    first = document["batches"][0]["held"]["rest"]["marks"][0]
    assert first["done"] > 0
    first["done"] -= 1
    with pytest.raises(ApiError, match="begin before the hold") as error:
        load(document, world.settings)
    assert error.value.param == "state.batches[0].held.rest.marks"
