"""The scripted replies of a batch: which of its lines say what, decided before they run."""

from dataclasses import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.plan import accepts_reply, execution_order, plan_replies
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.scripting.script import Script


def apply_script(batch: Batch, script: Script, done: int = 0) -> Batch:
    """Return the batch with the replies of a script, but for the first `done` lines to run.

    These have had theirs. A function is called once for each of its lines, and what it
    returns is kept.
    """
    can_never_run = batch.input.has_errors_of_its_own or batch.schedule.scenario.validation
    if can_never_run or not (script.entries or batch.replies):
        return batch
    order = batch.execution_order.order
    replies = plan_replies(batch.input, batch.endpoint, batch.schedule.scenario, batch.seed)
    for line in order[done:] if script.entries else ():
        reply = _reply(batch, script, line)
        if reply is not None:
            replies[line] = reply
    for line in order[:done]:
        replies.pop(line, None)
        if line in batch.replies:
            replies[line] = batch.replies[line]
    return replace(
        batch, replies=replies, execution_order=execution_order(batch.input, batch.seed, replies)
    )


def _reply(batch: Batch, script: Script, line: int) -> Reply | None:
    request = batch.input.read_request(line)
    reply = script.reply(request, line + 1, batch.endpoint, batch.id)
    if reply is None or not accepts_reply(batch.input, batch.endpoint, line, reply):
        return None
    return reply
