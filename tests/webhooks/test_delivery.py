"""A delivery as a value: when it is tried again, and how it ends."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from mockbatch.webhooks.delivery import (
    DELIVERED,
    ENDPOINT_DELETED,
    FAILED,
    FIRST_PAUSE_SECONDS,
    MAX_ATTEMPTS,
    PENDING,
    RETRY_SECONDS,
    Attempt,
    AttemptResult,
    Delivery,
)
from mockbatch.webhooks.event import WebhookEvent

GOOD, BAD = AttemptResult(status_code=200), AttemptResult(status_code=500)
START = 1000


def delivery(**changes: Any) -> Delivery:
    """Return a delivery that was not tried yet."""
    event = WebhookEvent("evt_1", "batch.completed", START, "batch_1")
    return replace(Delivery("wh_1", 0, event, "whe_1", "http://x/", START, START), **changes)


def tried(one: Delivery, answer: AttemptResult) -> Delivery:
    """Return a delivery after the attempt that is due."""
    assert one.next_at is not None
    return one.tried(Attempt(one.next_at, answer))


def test_a_good_answer_ends_it() -> None:
    """Nothing comes after it."""
    after = tried(delivery(), GOOD)
    assert (after.status, after.next_at) == (DELIVERED, None)


def test_pauses_double_for_seventy_two_hours() -> None:
    """Fifteen attempts; the last one is the last that fits."""
    one, instants = delivery(), []
    while one.next_at is not None:
        instants.append(one.next_at - START)
        one = tried(one, BAD)
    pauses = [after - before for before, after in pairwise(instants)]
    assert pauses == [15 * 2**number for number in range(14)]
    assert instants[-1] <= RETRY_SECONDS < instants[-1] + 2 * pauses[-1]
    assert (one.status, len(one.attempts)) == (FAILED, 15)


def test_a_good_answer_after_bad_ones_ends_it() -> None:
    """What was tried before stays on record."""
    one = tried(tried(tried(delivery(), BAD), BAD), GOOD)
    assert one.status == DELIVERED
    assert [attempt.answer for attempt in one.attempts] == [BAD, BAD, GOOD]


def test_copies_come_one_after_the_other() -> None:
    """On the same second, each until it was taken."""
    first = tried(delivery(copies=2), GOOD)
    assert (first.status, first.next_at) == (PENDING, START)
    second = tried(first, BAD)
    assert second.next_at == START + 15
    assert tried(second, GOOD).status == DELIVERED


def test_a_copy_after_a_good_one_begins_with_the_shortest_pause() -> None:
    """The failures before the good answer are not those of the next copy."""
    one = delivery(copies=2)
    for answer in (BAD, BAD, GOOD):
        one = tried(one, answer)
    assert one.next_at == START + 15 + 30
    assert tried(one, BAD).next_at == one.next_at + FIRST_PAUSE_SECONDS


def test_a_copy_is_given_up_with_the_others() -> None:
    """The 72 hours count from when the event set out, whichever copy is tried."""
    one = tried(delivery(copies=2), GOOD)
    late = replace(one, next_at=START + RETRY_SECONDS - FIRST_PAUSE_SECONDS)
    last = tried(late, BAD)
    assert (last.status, last.next_at) == (PENDING, START + RETRY_SECONDS)
    assert tried(last, BAD).status == FAILED


@pytest.mark.parametrize("status", [199, 300, None])
def test_only_a_status_of_the_200s_is_good(status: int | None) -> None:
    """A redirect is not followed, and no answer is none."""
    assert not AttemptResult(status_code=status).is_good
    assert AttemptResult(status_code=299).is_good


def test_asked_for_again_a_good_answer_ends_all_copies() -> None:
    """What was still to come is not sent any more."""
    first = tried(delivery(copies=3), GOOD)
    after = first.again(Attempt(START + 5, GOOD))
    assert (after.status, after.next_at) == (DELIVERED, None)


@pytest.mark.parametrize("status", [FAILED, ENDPOINT_DELETED, DELIVERED])
def test_asked_for_again_a_good_answer_is_good(status: str) -> None:
    """Whatever came of it before."""
    after = delivery(status=status, next_at=None).again(Attempt(START, GOOD))
    assert (after.status, after.next_at) == (DELIVERED, None)


def test_asked_for_again_a_bad_answer_changes_no_plan() -> None:
    """What is planned comes all the same, at its time."""
    planned = tried(delivery(), BAD)
    after = planned.again(Attempt(START + 1, BAD))
    assert (after.status, after.next_at) == (PENDING, planned.next_at)
    assert len(after.attempts) == 2


def test_attempts_are_not_kept_without_end() -> None:
    """However often somebody asks."""
    one = delivery()
    for second in range(MAX_ATTEMPTS + 10):
        one = one.again(Attempt(second, BAD))
    assert len(one.attempts) == MAX_ATTEMPTS
    assert one.attempts[-1].at == MAX_ATTEMPTS + 9


def test_a_copy_begins_with_the_first_pause() -> None:
    """After a good copy the failures before it no longer lengthen the pause."""
    one = tried(tried(delivery(copies=2), BAD), GOOD)
    assert one.next_at == START + 15
    assert tried(one, BAD).next_at == START + 15 + 15
