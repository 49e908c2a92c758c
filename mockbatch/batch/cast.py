"""The scripted replies of a batch: which of its lines say what, decided before they run."""

from dataclasses import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.plan import work
from mockbatch.replies.reply import Reply
from mockbatch.replies.script import Script, resolve


def cast(batch: Batch, script: Script, done: int = 0) -> Batch:
    """Return the batch with the replies of a script, but for the first `done` lines to run.

    These have had theirs. A function is called once for each of its lines, and what it
    returns is kept.
    """
    if batch.given.errors or not (script.entries or batch.replies):
        return batch
    order = batch.work.order
    kept = {line: batch.replies[line] for line in order[:done] if line in batch.replies}
    found = {line: _reply(batch, script, line) for line in order[done:]}
    replies = kept | {line: reply for line, reply in found.items() if reply is not None}
    failing = batch.pace.scenario.failing
    return replace(batch, replies=replies, work=work(batch.given, failing, batch.seed, replies))


def _reply(batch: Batch, script: Script, line: int) -> Reply | None:
    request = batch.given.request(line)
    found = script.find(request, line + 1, batch.endpoint, batch.id)
    reply = found if found is None or isinstance(found, Reply) else resolve(found, request)
    if reply is None or line not in batch.given.refused:
        return reply
    # What the endpoint refuses has no answer into which something could be put.
    return None if reply.said else reply
