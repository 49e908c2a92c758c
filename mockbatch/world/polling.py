"""Retrieving a batch for a client that polls it: the on-poll clock, and the poll limit."""

from mockbatch.batch.batch import Batch
from mockbatch.clock import ON_POLL
from mockbatch.errors import ApiError, api_error
from mockbatch.world.world import World

# Code that polls for longer a batch that will not change by itself most likely has a deadline that
# skipped sleeps do not reach.
_PATIENCE_SECONDS = 3 * 24 * 3600


def retrieve_polled(world: World, id: str) -> Batch:
    """Return a batch to a client that polls it.

    On an on-poll clock this moves time to the batch's next status change. If the batch cannot
    be found yet, it raises ApiError 404 and moves time to the instant from which it can. It does
    not wait for webhook receivers. Raises ApiError 400 if a client has polled an unfinished batch
    up to the poll limit while time stood still, or days after its creation although no change of
    it was planned.
    """
    moves_clock = world.clock.mode == ON_POLL
    try:
        batch = world.batch(id)
    except ApiError:
        if moves_clock:
            world.advance.fast_forward_until_visible(id)
        raise
    now = world.now()
    if batch.is_final(now):
        return batch
    if moves_clock:
        changes = batch.timeline.after(now)
        if changes:
            world.advance.fast_forward(changes[0].at)
    _check_poll_limit(world, batch)
    return batch


def check_provider(world: World, id: str, provider: str) -> None:
    """Raise ApiError 404 for a batch that was created with another provider."""
    batch = world.repository.batches.get(id)
    # For a batch that does not exist, or is not visible yet, the view raises the error.
    if batch is not None and batch.rules.provider != provider and world.now() >= batch.visible_at:
        raise api_error("no_such_batch", id=id)


def fast_forward_on_poll(world: World, at: float) -> None:
    """Move an on-poll clock to an instant that a client polls for."""
    if world.clock.mode == ON_POLL and world.now() < at:
        world.advance.fast_forward(at)


def _check_poll_limit(world: World, batch: Batch) -> None:
    limit, now = world.settings.poll_limit, world.now()
    is_stuck = now - batch.created_at > _PATIENCE_SECONDS and not batch.timeline.after(now)
    count = world.clock.count_poll(batch.id, go_on=is_stuck)
    if limit is not None and count >= limit:
        name = "polled_for_days" if is_stuck else "clock_not_moving"
        error = api_error(name, id=batch.id, count=count, status=batch.shown_status(now))
        error.headers = {"x-should-retry": "false"}
        raise error
