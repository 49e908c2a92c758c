"""Batches that a test creates without a client, and the input and results that it reads."""

from collections.abc import Mapping

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.create import parse_request
from mockbatch.batch.output_file import write_output
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.files.file import BATCH
from mockbatch.typing import Json
from mockbatch.world.world import World


def submit_batch(world: World, body: Mapping[str, Json]) -> Batch:
    """Upload the input of a batch and create it; `body` has schema submit_batch.json."""
    members = {name: body[name] for name in ("endpoint", "metadata") if name in body}
    # Checked first, so that a bad request leaves no file behind.
    request = parse_request({**members, "input_file_id": "-", "completion_window": "24h"})
    # A lone surrogate is legal in JSON, and makes a file that is not UTF-8.
    content = Content.of(body["input"].encode("utf-8", "surrogatepass"))
    try:
        file = world.upload(content, "in.jsonl", BATCH, None)
    except ApiError as error:
        # The service names no parameter for the content of a file; here it is a member. With a
        # store that cannot be used, the request is not at fault.
        if error.status < 500:
            error.param = error.param or "input"
        raise
    try:
        return world.create_batch(request._replace(input_file_id=file.id))
    except ApiError:
        world.delete_file(file.id)
        raise


def read_input(world: World, id: str) -> dict[str, str]:
    """Return the text of the input file of a batch, even if it has been deleted since."""
    return {"input": _decode(world.batch(id).input.content)}


def read_results(world: World, id: str) -> dict[str, str | None]:
    """Return the texts of a batch's output and error file as clients see them, None without one."""
    batch = world.batch_json(world.batch(id))
    return {
        "output": _text(world, batch["output_file_id"]),
        "errors": _text(world, batch["error_file_id"]),
    }


def read_openai_results(world: World, id: str) -> dict[str, str | None]:
    """Return the same, with results that are no files in lines of OpenAI's form."""
    batch = world.batch(id)
    texts = read_results(world, id)
    if batch.rules.results_seconds is None or texts["output"] is None:
        return texts
    as_openai = replace(batch, rules=batch.rules._replace(output_line=None))
    files = write_output(as_openai, validate=False, marks=world.settings.marks)
    return {**texts, "output": _decode(files.output)}


def _text(world: World, file_id: str | None) -> str | None:
    if file_id is None:
        return None
    return _decode(world.file(file_id).content)


def _decode(content: Content) -> str:
    return b"".join(content.chunks(0, content.size)).decode(errors="replace")
