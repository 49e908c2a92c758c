"""Finds and reads the input of a new batch."""

from math import inf

from msgspec.structs import replace

from mockbatch.batch.create import BatchRequest
from mockbatch.batch.input_file import BatchInput, first_errors, missing_input, read_input
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.model_list import ModelList
from mockbatch.files.file import BATCH
from mockbatch.limits import Limits
from mockbatch.repository import Repository


def find_batch_input(
    request: BatchRequest,
    repository: Repository,
    now: float,
    limits: Limits,
    models: ModelList,
    organization: str,
) -> tuple[BatchInput, float]:
    """Return the input of a new batch, and the instant at which its file expires."""
    if request.input is not None:
        return request.input, inf
    file = repository.uploaded_files.get(request.input_file_id)
    if file is None or file.purpose != BATCH or not file.visible(now):
        return missing_input(request.input_file_id, organization), inf
    endpoint, url = endpoints()[request.endpoint], request.terms.line_url
    found = read_input(file.content, endpoint, limits, models, url)
    batch_input = replace(found, errors=first_errors(found.errors))
    return batch_input, inf if file.expires_at is None else file.expires_at
