"""What tests of several modules do: make requests, input files, worlds and batches."""

import gc
import json

import pytest
from hypothesis import HealthCheck, settings

from mockbatch.batch import input_file
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest
from mockbatch.batch.input_file import BatchInput
from mockbatch.endpoints import endpoints
from mockbatch.files.content import Content
from mockbatch.limits import Limits
from mockbatch.scenarios.scenario import Scenario, parse
from mockbatch.typing import Json
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World
from tests.support.time_limits import (  # noqa: F401
    pytest_runtest_teardown,
    pytest_timeout_set_timer,
)

# Before a module imports it, so that its asserts explain what they have found.
pytest.register_assert_rewrite("tests.support.caller")

# How fast the machine is, is nothing that a test is about.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
# For `make test`; tests/support/examples.py has what it means for tests with a number of their own.
settings.register_profile("quick", settings.get_profile("patient"), max_examples=10)


def pytest_sessionstart() -> None:
    """Collect tests without the garbage collector: they all stay."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all the tests time and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


CHAT = "/v1/chat/completions"
CREATED = 1_713_894_800


class Make:
    """Makes what a test begins with; `created` is when its worlds begin."""

    created = CREATED

    def line(self, number: str = "a", /, **changes: Json) -> dict[str, Json]:
        """Return a line of an input file; a change to None takes a member out."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
        line = {"custom_id": number, "method": "POST", "url": CHAT, "body": body, **changes}
        return {name: value for name, value in line.items() if value is not None}

    def lines(self, count: int) -> list[dict[str, Json]]:
        """Return lines whose custom_ids are `line-0`, `line-1` and so on."""
        return [self.line(f"line-{number}") for number in range(count)]

    def jsonl(self, lines: list[Json]) -> bytes:
        """Return an input file; a line that is bytes stands in it as it is."""
        texts = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
        return b"".join(text + b"\n" for text in texts)

    def batch_input(
        self, *lines: Json, endpoint: str = CHAT, limits: Limits | None = None
    ) -> BatchInput:
        """Validate an input file of these lines."""
        content = Content.of(self.jsonl(list(lines)))
        return input_file.read_input(content, endpoints()[endpoint], limits or Limits())

    def scenario(self, **document: Json) -> Scenario:
        """Return a scenario of which only what matters is said."""
        return parse({"name": "made", "summary": "-", "sees": "-", **document})

    def world(self, **settings: Json) -> World:
        """Make a world whose clock only commands move."""
        chosen = {"clock": "manual", "start_time": self.created, **settings}
        return World("sk-test", WorldSettings(**chosen), "org-test")

    def started(self, world: World, lines: list[Json], **document: Json) -> Batch:
        """Upload an input file and create a batch in a world, in a scenario of its own."""
        file = world.upload(Content.of(self.jsonl(lines)), "batch.jsonl", "batch", None)
        scenario = self.scenario(**document) if document else None
        return world.create_batch(BatchRequest(file.id, CHAT, None, None, scenario))

    def batch(self, count: int = 10, **document: Json) -> Batch:
        """Return a batch as it is at its creation, with its whole future."""
        return self.started(self.world(), self.lines(count), **document)

    def invalid_batch(self, **document: Json) -> Batch:
        """Return a batch whose input has a fault, as it is at its creation."""
        return self.started(self.world(), [self.line(), b"{"], **document)


@pytest.fixture(scope="session")
def make() -> Make:
    """Return the maker; it holds nothing that a test could change."""
    return Make()
