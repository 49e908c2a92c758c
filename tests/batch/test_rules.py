"""What another provider than OpenAI does with its batches and files."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest
from mockbatch.batch.output_file import write_output
from mockbatch.batch.rules import DAY_SECONDS, BatchRules, BatchTerms
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.files.file import FileRules
from mockbatch.typing import Json
from mockbatch.world.world import World
from tests.conftest import CHAT, Make

OTHER = BatchRules(
    provider="other",
    new_id=lambda seed, at: f"job_{seed.hex(4)}_{at}",
    files=FileRules(lambda seed: f"blob_{seed.hex(8)}", None),
    expires=False,
    empty_files=frozenset({"completed", "failed"}),
)


def create(
    make: Make, world: World, *lines: Json, terms: BatchTerms | None = None, scenario: Json = None
) -> Batch:
    """Create a batch of the other provider."""
    file = world.upload(Content.of(make.jsonl(list(lines))), "a", "batch", None, OTHER.files)
    chosen = None if scenario is None else make.scenario(**scenario)
    return world.create_batch(
        BatchRequest(file.id, CHAT, None, None, chosen, OTHER, terms or BatchTerms())
    )


def test_ids_have_the_form_of_the_provider(make: Make) -> None:
    """Those of the batch, of its input and of its files."""
    batch = create(make, make.world(), make.line())
    assert batch.id == f"job_{batch.seed.hex(4)}_{make.created}"
    assert batch.input_file_id.startswith("blob_")
    assert batch.planned_file_id("output").startswith("blob_")


def test_batch_that_does_not_expire_goes_on(make: Make) -> None:
    """It shows the end of its window, still runs a day later, and completes on a command."""
    world = make.world()
    batch = create(make, world, make.line(), scenario={"stages": {"in_progress": None}})
    assert batch.expires_at == make.created + DAY_SECONDS
    world.clock.move_to(make.created + 2 * DAY_SECONDS)
    assert batch.status(world.now()) == "in_progress"
    completed = world.command(batch.id, commands.complete)
    assert completed.status(world.now()) == "completed"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (commands.cancel, "Cannot cancel a batch with status 'ended'."),
        (commands.hold, "is ended and can no longer be held."),
    ],
)
def test_conflict_names_the_status_as_the_provider_does(
    make: Make, command: Callable[[Batch, int], Batch], message: str
) -> None:
    """The client knows no other name of it."""
    rules = OTHER._replace(status_names={"completed": "ended"})
    batch = replace(create(make, make.world(), make.line()), rules=rules)
    with pytest.raises(ApiError) as refused:
        command(batch, batch.timeline.end.at)
    assert refused.value.message.endswith(message)


def test_longer_window_moves_the_expiry(make: Make) -> None:
    """A window of two days ends after two days."""
    terms = BatchTerms(window="48h", window_seconds=2 * DAY_SECONDS)
    world = make.world()
    file = world.upload(Content.of(make.jsonl([make.line()])), "a", "batch", None)
    stuck = make.scenario(stages={"in_progress": None})
    rules = OTHER._replace(expires=True)
    batch = world.create_batch(BatchRequest(file.id, CHAT, None, None, stuck, rules, terms))
    assert batch.expires_at == make.created + 2 * DAY_SECONDS
    assert batch.status(batch.expires_at - 1) == "in_progress"
    assert batch.status(batch.expires_at) == "expired"


def test_empty_files_exist_where_the_provider_has_them(make: Make) -> None:
    """A completed batch without a failed line has an error file without a byte."""
    world = make.world()
    batch = create(make, world, make.line())
    world.clock.move_to(batch.timeline.end.at)
    assert world.file(batch.planned_file_id("error")).content.size == 0
    assert world.file(batch.planned_file_id("output")).content.size > 0


def test_failed_batch_can_have_empty_files(make: Make) -> None:
    """None of its lines is in them, be they valid or not."""
    world = make.world()
    batch = create(make, world, make.line(), b"{")
    world.clock.move_to(batch.timeline.end.at)
    assert batch.status(world.now()) == "failed"
    files = [world.file(batch.planned_file_id(kind)) for kind in ("output", "error")]
    assert [file.content.size for file in files] == [0, 0]
    assert [content.size for content in write_output(batch)[:2]] == [0, 0]


def test_openai_object_names_no_empty_file(make: Make) -> None:
    """What other providers add stands in their own objects."""
    batch = create(make, make.world(), make.line())
    assert batch.as_json(batch.timeline.end.at)["error_file_id"] is None


def test_lines_may_have_another_url(make: Make) -> None:
    """Then the path of the endpoint is a wrong one."""
    terms = BatchTerms(line_url="/chat/completions")
    world = make.world()
    lines = [make.line("a", url="/chat/completions"), make.line("b")]
    batch = create(make, world, *lines, terms=terms)
    assert [(error["code"], error["line"]) for error in batch.input.errors] == [("invalid_url", 2)]
    assert create(make, world, lines[0], terms=terms).input.errors == ()


def test_files_without_an_expiry_stay(make: Make) -> None:
    """Input and output of a provider whose files live for ever."""
    world = make.world()
    batch = create(make, world, make.line())
    world.clock.move_to(batch.timeline.end.at)
    assert world.file(batch.planned_file_id("output")).content.size > 0
    world.release_expired()
    world.clock.move_to(batch.timeline.end.at + 1000 * DAY_SECONDS)
    world.release_expired()
    assert world.file(batch.input_file_id).expires_at is None
    assert world.file(batch.planned_file_id("output")).expires_at is None


def test_requested_lifetime_counts_for_every_provider(make: Make) -> None:
    """Also where files live for ever without one."""
    batch = replace(create(make, make.world(), make.line()), output_seconds=3600)
    assert batch.file_seconds == 3600


def test_requested_lifetime_counts_where_the_provider_has_another(make: Make) -> None:
    """A scenario may let results expire sooner than the provider's rules say."""
    rules = OTHER._replace(results_seconds=29 * DAY_SECONDS)
    batch = replace(create(make, make.world(), make.line()), output_seconds=3600, rules=rules)
    assert batch.file_seconds == 3600
