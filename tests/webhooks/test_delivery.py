"""A delivery as a value: when it is attempted again, and how it ends."""

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from mockbatch.webhooks.delivery import (
    DELIVERED,
    ENDPOINT_DELETED,
    FAILED,
    FIRST_PAUSE_SECONDS,
    MAX_ATTEMPTS_KEPT,
    PENDING,
    RETRY_SECONDS,
    Attempt,
    AttemptResult,
    Delivery,
)
from mockbatch.webhooks.event import WebhookEvent

SUCCESS, FAILURE = AttemptResult(status_code=200), AttemptResult(status_code=500)
START = 1000


def new_delivery(**changes: Any) -> Delivery:
    """Return a delivery without attempts."""
    event = WebhookEvent("evt_1", "batch.completed", START, "batch_1")
    return replace(Delivery("wh_1", 0, event, "whe_1", "http://x/", START, START), **changes)


def after(delivery: Delivery, *results: AttemptResult) -> Delivery:
    """Return a delivery after attempts with these results, each when it is due."""
    for result in results:
        assert delivery.next_at is not None
        delivery = delivery.after_attempt(Attempt(delivery.next_at, result))
    return delivery


def test_a_success_ends_it() -> None:
    """No attempt follows."""
    delivery = after(new_delivery(), SUCCESS)
    assert (delivery.status, delivery.next_at) == (DELIVERED, None)


def test_pauses_double_for_seventy_two_hours() -> None:
    """There are fifteen attempts, the last of them the last that is within the 72 hours."""
    delivery, seconds = new_delivery(), []
    while delivery.next_at is not None:
        seconds.append(delivery.next_at - START)
        delivery = after(delivery, FAILURE)
    pauses = [later - earlier for earlier, later in pairwise(seconds)]
    assert pauses == [15 * 2**number for number in range(14)]
    assert seconds[-1] <= RETRY_SECONDS < seconds[-1] + 2 * pauses[-1]
    assert (delivery.status, len(delivery.attempts)) == (FAILED, 15)


def test_a_delivery_that_begins_late_has_seventy_two_hours_too() -> None:
    """The hours count from its first attempt, not from the event that it announces."""
    late = START + 4 * 3600
    delivery = new_delivery(first_at=late, next_at=late)
    while delivery.next_at is not None:
        delivery = after(delivery, FAILURE)
    assert len(delivery.attempts) == 15


def test_a_success_after_failures_ends_it() -> None:
    """The failed attempts are kept."""
    delivery = after(new_delivery(), FAILURE, FAILURE, SUCCESS)
    assert delivery.status == DELIVERED
    assert [attempt.result for attempt in delivery.attempts] == [FAILURE, FAILURE, SUCCESS]


def test_copies_are_sent_one_after_the_other() -> None:
    """At the same second, each until it succeeds."""
    first = after(new_delivery(copies=2), SUCCESS)
    assert (first.status, first.next_at) == (PENDING, START)
    second = after(first, FAILURE)
    assert second.next_at == START + 15
    assert after(second, SUCCESS).status == DELIVERED


def test_the_next_copy_begins_with_the_shortest_pause() -> None:
    """The failures before a success do not lengthen the pauses of the next copy."""
    delivery = after(new_delivery(copies=2), FAILURE, FAILURE, SUCCESS)
    assert delivery.next_at == START + 15 + 30
    assert after(delivery, FAILURE).next_at == delivery.next_at + FIRST_PAUSE_SECONDS


def test_all_copies_share_the_seventy_two_hours() -> None:
    """The hours count from the first attempt of the first copy."""
    delivery = after(new_delivery(copies=2), SUCCESS)
    late = replace(delivery, next_at=START + RETRY_SECONDS - FIRST_PAUSE_SECONDS)
    last = after(late, FAILURE)
    assert (last.status, last.next_at) == (PENDING, START + RETRY_SECONDS)
    assert after(last, FAILURE).status == FAILED


@pytest.mark.parametrize("status", [199, 300, None])
def test_only_a_2xx_status_is_a_success(status: int | None) -> None:
    """A redirect is not, and neither is a missing response."""
    assert not AttemptResult(status_code=status).is_success
    assert AttemptResult(status_code=299).is_success


def test_a_successful_redelivery_ends_all_copies() -> None:
    """The copies that were still to come are not sent."""
    first = after(new_delivery(copies=3), SUCCESS)
    delivery = first.after_redelivery(Attempt(START + 5, SUCCESS))
    assert (delivery.status, delivery.next_at) == (DELIVERED, None)


@pytest.mark.parametrize("status", [FAILED, ENDPOINT_DELETED, DELIVERED])
def test_a_successful_redelivery_delivers_it(status: str) -> None:
    """Whatever its status was before."""
    delivery = new_delivery(status=status, next_at=None)
    delivery = delivery.after_redelivery(Attempt(START, SUCCESS))
    assert (delivery.status, delivery.next_at) == (DELIVERED, None)


def test_a_failed_redelivery_changes_no_plan() -> None:
    """The planned attempt is made at its time."""
    planned = after(new_delivery(), FAILURE)
    delivery = planned.after_redelivery(Attempt(START + 1, FAILURE))
    assert (delivery.status, delivery.next_at) == (PENDING, planned.next_at)
    assert len(delivery.attempts) == 2


def test_only_the_last_attempts_are_kept() -> None:
    """However many redeliveries there are."""
    delivery = new_delivery()
    for second in range(MAX_ATTEMPTS_KEPT + 10):
        delivery = delivery.after_redelivery(Attempt(second, FAILURE))
    assert len(delivery.attempts) == MAX_ATTEMPTS_KEPT
    assert delivery.attempts[-1].at == MAX_ATTEMPTS_KEPT + 9


def test_an_attempt_is_an_event_of_its_delivery() -> None:
    """Any 2xx status is a delivery, everything else a failure."""
    attempts = [Attempt(7, AttemptResult(status_code=status)) for status in (204, 302)]
    events = [attempt.as_event("wh_1") for attempt in attempts]
    assert [(event.at, event.type, event.id) for event in events] == [
        (7, "webhook.delivered", "wh_1"),
        (7, "webhook.failed", "wh_1"),
    ]
