"""Pages of the files of a world, at a cost that hardly depends on how many files it has."""

from itertools import islice

from mockbatch.errors import api_error
from mockbatch.files.file import BATCH_OUTPUT, File
from mockbatch.pagination import Page
from mockbatch.repository import Repository


def list_page(
    repository: Repository,
    now: float,
    purpose: str | None,
    limit: int,
    after: str | None,
    *,
    newest_first: bool,
) -> Page[File]:
    """Return a page of the files that exist at an instant, by time of creation."""

    def find(id: str) -> File | None:
        file = repository.find_file(id, now)
        return file if file is not None and file.is_listed else None

    ids = _candidates(repository, now, purpose)
    if newest_first:
        ids.reverse()
    start = 0
    if after is not None:
        if after not in ids or find(after) is None:
            raise api_error("unknown_cursor", id=after)
        start = ids.index(after) + 1
    # Files of batches are computed, so only as many as the page shows, and one to see if there
    # are more.
    found = (file for file in map(find, ids[start:]) if file is not None)
    files = list(islice(found, limit + 1))
    return Page(files[:limit], len(files) > limit)


def _candidates(repository: Repository, now: float, purpose: str | None) -> list[str]:
    """Return the ids of all files that may be listed, by time of creation."""
    uploaded = list(repository.uploaded_files.values())
    created = {file.id: file.created_at for file in uploaded if purpose in (None, file.purpose)}
    if purpose in (None, BATCH_OUTPUT):
        for id, (batch_id, _) in list(repository.batch_of_file.items()):
            ended_at = repository.batches[batch_id].timeline.end.at
            if ended_at <= now:
                created[id] = ended_at
    return sorted(created, key=created.__getitem__)
