"""docs/webhooks.md tells the truth: its code runs, and it names what there is."""

import re
from pathlib import Path

import pytest

from mockbatch.client import WorldClient
from mockbatch.scenarios import catalogue
from mockbatch.webhooks.delivery import FIRST_PAUSE_SECONDS, RETRY_SECONDS
from mockbatch.webhooks.event import BATCH_EVENT_TYPES
from mockbatch.webhooks.outbox import MAX_FINISHED
from mockbatch.webhooks.settings import WebhookSettings
from tests.support.webhook_recorder import LINE

pytest_plugins = ["pytester"]

TEXT = (Path(__file__).parents[2] / "docs/webhooks.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


PREAMBLE = f"""
import json


def submit(client):
    file = client.files.create(file=("in.jsonl", json.dumps({LINE}).encode()), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
"""


@pytest.mark.parametrize("code", blocks("python"))
def test_example_passes(pytester: pytest.Pytester, code: str) -> None:
    """With nothing but code that submits an input file."""
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    pytester.path.joinpath("test_docs_block.py").write_text(f"{PREAMBLE}\n\n{code}")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)


def test_command_stands_in_the_readme() -> None:
    """Whose tests run it."""
    [command] = blocks("sh")
    assert command in (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_scenarios_are_those_of_the_catalogue() -> None:
    """None is missing, none is made up."""
    named = set(re.findall(r"`(webhook_\w+)`", TEXT.partition("| scenario |")[2]))
    assert named == {name for name, one in catalogue().items() if "webhook" in one}


def test_numbers_are_those_of_the_code() -> None:
    """Pauses, bounds and events."""
    assert f"after {FIRST_PAUSE_SECONDS} seconds" in TEXT
    assert f"as long as {RETRY_SECONDS // 3600} hours" in TEXT
    assert f"The last {MAX_FINISHED} that are over" in TEXT
    assert WebhookSettings().timeout_seconds == 5
    assert all(f"`{kind}`" in TEXT for kind in BATCH_EVENT_TYPES)


def test_names_exist() -> None:
    """What the page says of the fixture is there."""
    named = set(re.findall(r"`mockbatch\.(\w+)", TEXT)) - {"clock"}
    assert {"webhook", "deliveries", "webhook_secret"} <= named
    assert all(hasattr(WorldClient, name) for name in named)
