"""Whether a world has room for more files and batches, within its limits."""

from mockbatch.batch.input_file import BatchInput
from mockbatch.limits import Limits
from mockbatch.repository import Repository


class Room:
    """Rejects what would exceed a limit; what exists already stays as it is."""

    def __init__(self, repository: Repository, limits: Limits) -> None:
        self._repository = repository
        self._limits = limits

    @property
    def used_bytes(self) -> int:
        """How many bytes the contents of the world have."""
        return self._repository.storage.used

    def check_file(self, size: int) -> None:
        """Raise ApiError 400 if one more file of this size would exceed a limit."""
        if len(self._repository.uploaded_files) >= self._limits.files:
            raise self._limits.error("files", "Delete some, or let them expire")
        self.check_bytes(size)

    def check_bytes(self, size: int) -> None:
        """Raise ApiError 400 if `size` more bytes do not fit, even after dropping all outputs."""
        if not self._repository.outputs.make_room(size):
            self._repository.storage.check_room(size)

    def check_batch(self, own_input: BatchInput | None) -> None:
        """Raise ApiError 400 if one more batch, or an input that is no file, exceeds a limit."""
        if len(self._repository.batches) >= self._limits.batches:
            raise self._limits.error("batches", "POST /_mock/reset removes all")
        if own_input is not None:
            self.check_bytes(own_input.content.size)
