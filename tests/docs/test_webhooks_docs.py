"""docs/webhooks.md tells the truth: its code runs, and it names what there is."""

import re
from pathlib import Path

from mockbatch.client import WorldClient
from mockbatch.scenarios import catalogue
from mockbatch.webhooks.delivery import FIRST_PAUSE_SECONDS, RETRY_SECONDS
from mockbatch.webhooks.event import BATCH_EVENT_TYPES
from mockbatch.webhooks.outbox import MAX_FINISHED
from mockbatch.webhooks.settings import WebhookSettings

TEXT = (Path(__file__).parents[2] / "docs/webhooks.md").read_text(encoding="utf-8")


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
