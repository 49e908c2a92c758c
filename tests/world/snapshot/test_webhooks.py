"""Webhook deliveries in a state document."""

import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.scenarios.distortions import WebhookDistortion
from mockbatch.webhooks.delivery import Attempt, AttemptResult, Delivery
from mockbatch.webhooks.event import WebhookEvent
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.dump import dump
from mockbatch.world.snapshot.load import load
from mockbatch.world.snapshot.webhooks import (
    dump_delivery,
    dump_endpoint,
    load_delivery,
    load_endpoint,
)

if TYPE_CHECKING:
    from tests.conftest import Make

START = 1000
NEW = Delivery(
    id="wh_1",
    number=3,
    event=WebhookEvent("evt_1", "batch.completed", START, "batch_1"),
    endpoint_id="whe_1",
    url="http://127.0.0.1/",
    first_at=START,
    next_at=START,
)


def test_a_delivery_under_way_is_read_as_it_was_written() -> None:
    """Two of three copies and two failures lie behind this one."""
    distortion = WebhookDistortion(copies=3, skew=-600, signatures=("other", "own"))
    delivery = replace(NEW, scenario="own", distortion=distortion, copies=3)
    for status_code in (200, 200, 500, 500):
        assert delivery.next_at is not None
        has_timed_out = status_code == 500
        result = AttemptResult(status_code, response="hm", has_timed_out=has_timed_out)
        attempt = Attempt(delivery.next_at, result, 1.5, {"webhook-id": "wh_1"})
        delivery = delivery.after_attempt(attempt)
    assert (delivery.copies, delivery.failures) == (1, 2)
    document = json.loads(json.dumps(dump_delivery(delivery)))
    assert load_delivery(Cursor(document, "delivery")) == delivery


def test_an_endpoint_keeps_the_old_secret_that_still_signs(make: "Make") -> None:
    """A receiver that has not changed its secret yet can check what is sent after the load."""
    webhooks = make.world().webhooks
    endpoint = webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    rotated = webhooks.rotate_secret(endpoint.id, keep_old=True)
    document = json.loads(json.dumps(dump_endpoint(rotated)))
    assert load_endpoint(Cursor(document, "endpoint"), allowed_hosts=()) == rotated


def test_an_old_secret_that_cannot_sign_is_refused(make: "Make") -> None:
    """As is a present one."""
    webhooks = make.world().webhooks
    endpoint = webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    document = dump_endpoint(webhooks.rotate_secret(endpoint.id, keep_old=True))
    document["old_secret"]["secret"] = "whsec_!"
    with pytest.raises(ApiError) as refused:
        load_endpoint(Cursor(document, "endpoint"), allowed_hosts=())
    assert refused.value.param == "endpoint"


def test_a_delivery_may_outlive_its_endpoint(make: "Make") -> None:
    """Only one that is still to be attempted needs it."""
    world = make.world()
    endpoint = world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    world.webhooks.outbox.add_sample(endpoint, "batch.completed", Seed.of("a"), make.created)
    document = dump(world.snapshot())
    document["webhooks"]["endpoints"] = []
    assert len(load(document, world.settings).webhooks.deliveries) == 1
    document["webhooks"]["deliveries"][0]["next_at"] = make.created
    with pytest.raises(ApiError, match="no such endpoint"):
        load(document, world.settings)


def test_a_world_counts_its_endpoints_and_secrets(make: "Make") -> None:
    """Ids and secrets are made from these numbers, also after a load."""
    webhooks = make.world().webhooks
    for _ in range(2):
        endpoint = webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    webhooks.rotate_secret(endpoint.id, keep_old=False)
    snapshot = webhooks.snapshot()
    assert (snapshot.endpoint_count, snapshot.secret_count) == (2, 3)


def test_a_state_without_webhooks_keeps_endpoints_and_no_deliveries(make: "Make") -> None:
    """The deliveries are about batches that the state replaces."""
    world = make.world()
    endpoint = world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    world.webhooks.outbox.add_sample(endpoint, "batch.completed", Seed.of("a"), make.created)
    present = world.snapshot()
    assert len(present.webhooks.deliveries) == 1
    document = {name: value for name, value in dump(present).items() if name != "webhooks"}
    loaded = load(document, world.settings, present=present).webhooks
    assert (loaded.endpoints, loaded.deliveries) == ((endpoint,), ())
    assert (loaded.endpoint_count, loaded.secret_count) == (1, 1)


def test_a_loaded_world_gives_no_id_and_no_secret_again(make: "Make") -> None:
    """Not even those of an endpoint that was deleted before."""
    world = make.world()
    url = {"url": "http://127.0.0.1:9/"}
    deleted, kept = (world.webhooks.create_endpoint(url) for _ in range(2))
    world.webhooks.delete_endpoint(deleted.id)
    world.restore(world.snapshot())
    new = world.webhooks.create_endpoint(url)
    assert new.id not in (deleted.id, kept.id)
    assert new.secret not in (deleted.secret, kept.secret)


def test_endpoints_and_deliveries_of_a_state_are_counted_at_least_once_each(make: "Make") -> None:
    """A number that is too low would show that fewer than none were dropped.

    One of endpoints would give the next one an id that exists.
    """
    world = make.world()
    endpoint = world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    world.webhooks.outbox.add_sample(endpoint, "batch.completed", Seed.of("a"), make.created)
    document = dump(world.snapshot())
    document["webhooks"] |= {"delivery_count": 0, "endpoint_count": 0}
    loaded = load(document, world.settings).webhooks
    assert (loaded.delivery_count, loaded.endpoint_count) == (1, 1)
