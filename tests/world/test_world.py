"""One key's world: what its parts do together."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch.create import BatchRequest
from mockbatch.files.content import Content
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import CHAT, Make
else:
    CHAT = "/v1/chat/completions"

DAY = 24 * 3600
VALIDATED = 62


def created(make: "Make", world: World, seconds: int | None, at: int) -> dict[str, object]:
    """Upload a file that lives for `seconds`, create a batch `at` a second, and let it end."""
    content = Content.of(make.jsonl(make.lines(1)))
    file = world.upload(content, "batch.jsonl", "batch", seconds)
    world.advance.to(make.created + at)
    batch = world.create_batch(BatchRequest(file.id, CHAT, None, None, None))
    world.advance.by(3600)
    return world.batch_json(world.batch(batch.id))


@pytest.mark.parametrize(
    ("created_at", "status"),
    [(3600 - VALIDATED, "completed"), (3600 - VALIDATED + 1, "failed"), (3599, "failed")],
)
def test_an_input_that_expires_during_validation_is_not_found(
    make: "Make", created_at: int, status: str
) -> None:
    """A batch needs its input file until its validation is over, and not a second longer."""
    shown = created(make, make.world(), 3600, created_at)
    assert shown["status"] == status


def test_a_scenario_outranks_the_request_on_how_long_output_lives(make: "Make") -> None:
    """`output_expires_after` of a request gives way to that of the scenario."""
    world = make.world()
    content = Content.of(make.jsonl(make.lines(1)))
    file = world.upload(content, "batch.jsonl", "batch", None)
    for scenario, lifetime in (
        (None, DAY),
        (make.scenario(output_seconds=3600), 3600),
    ):
        batch = world.create_batch(BatchRequest(file.id, CHAT, None, DAY, scenario))
        assert batch.output_seconds == lifetime
