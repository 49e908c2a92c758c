"""Assigns the user's scripted replies to the lines of a batch that have not run yet."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.deferred import Deferred
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.plan import accepts_reply, execution_order, plan_replies
from mockbatch.endpoints import known_endpoint
from mockbatch.endpoints.reply_limit import ReplyLimit
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.scripting.script import Script


def script_replies(
    script: Script, batch_input: BatchInput, endpoint: str, batch_id: str, lines: Iterable[int]
) -> dict[int, Reply]:
    """Return the script's replies by line, for these lines of a batch.

    Calls a function in the script once for each of its lines, in their order.
    """
    replies, limit = {}, ReplyLimit()
    for line in lines if script.entries else ():
        request = batch_input.read_request(line)
        reply = script.reply(request, line + 1, endpoint, batch_id)
        if reply is not None and accepts_reply(batch_input, endpoint, line, reply):
            read_body = partial(request.__getitem__, "body")
            replies[line] = limit.apply(known_endpoint(endpoint), reply, read_body)
    return replies


def prepare_script(batch: Batch, script: Script, done: int = 0) -> Callable[[int], Batch]:
    """Compute the replies of another script to all but the first `done` lines of a batch.

    Returns a fast function, which returns the batch with these replies. Lines that are done by
    the time of its call keep their own.
    """
    scenario = batch.schedule.scenario
    can_never_run = batch.input.has_errors_of_its_own or scenario.validation
    if can_never_run or not (script.entries or batch.replies):
        return lambda _: batch
    order = batch.execution_order.order
    planned = plan_replies(batch.input, batch.endpoint, scenario, batch.seed)
    scripted = script_replies(script, batch.input, batch.endpoint, batch.id, order[done:])

    def apply(done: int) -> Batch:
        executed = set(order[:done])
        kept = {line: reply for line, reply in batch.replies.items() if line in executed}
        new = {line: reply for line, reply in (planned | scripted).items() if line not in executed}
        replies = new | kept
        execution = Deferred.of(execution_order(order, batch.input, replies))
        return replace(batch, replies=replies, execution=execution)

    return apply


def prepare_scripts(
    batches: Iterable[Batch], script: Script, now: float
) -> Callable[[float], Iterator[Batch]]:
    """Compute the replies of another script for all batches that have not ended.

    Returns a fast function, which yields those that have not ended by the time of its call.
    """
    prepared = [
        (batch, prepare_script(batch, script, batch.timeline.done(now)))
        for batch in batches
        if not batch.is_final(now)
    ]

    def apply(later: float) -> Iterator[Batch]:
        for batch, apply_to in prepared:
            if not batch.is_final(later):
                yield apply_to(batch.timeline.done(later))

    return apply


def apply_script(batch: Batch, script: Script, done: int = 0) -> Batch:
    """Return the batch with the replies of another script; the first `done` lines keep theirs."""
    return prepare_script(batch, script, done)(done)
