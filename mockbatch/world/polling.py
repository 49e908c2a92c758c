"""What a client meets that retrieves an unfinished batch again and again."""

from mockbatch.batch.batch import Batch
from mockbatch.clock import ON_POLL
from mockbatch.errors import ApiError, api_error
from mockbatch.world.world import World


def retrieve_polled(world: World, id: str) -> Batch:
    """Return a batch to a client that waits for it.

    On an on-poll clock this moves time to the batch's next status change, and to where it
    can be found after saying once that it cannot; no receiver of webhooks is waited for.
    Raises ApiError 400 when a client has waited long while time stood still.
    """
    follows = world.clock.mode == ON_POLL
    try:
        batch = world.batch(id)
    except ApiError:
        if follows:
            world.advance.until_visible(id)
        raise
    if batch.is_final(world.now()):
        return batch
    if follows:
        coming = batch.timeline.after(world.now())
        if coming:
            world.advance.past(coming[0].at)
    _lose_patience(world, batch)
    return batch


def _lose_patience(world: World, batch: Batch) -> None:
    limit, times = world.settings.poll_limit, world.clock.count_poll(batch.id)
    if limit is not None and times >= limit:
        status = batch.status(world.now())
        error = api_error("clock_not_moving", id=batch.id, count=times, status=status)
        error.headers = {"x-should-retry": "false"}
        raise error
