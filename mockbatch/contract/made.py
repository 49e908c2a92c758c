"""What a run has made on the server, so that nothing stays behind."""

from collections.abc import Iterable
from typing import Any

from mockbatch.contract.client import Answer, Client, NoAnswerError

Json = Any

ENDS = ("completed", "failed", "expired", "cancelled")
_GONE = (200, 204, 404)


class Made:
    """Notes what requests make, whether or not they should have, and takes it away again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._paths: list[str] = []
        self._ending: list[str] = []

    def note(self, method: str, path: str, answer: Answer) -> None:
        """Look at the answer to a request for something new."""
        if method == "POST" and 200 <= answer.status < 300:
            id = _member(answer, "id")
            if path in ("/files", "/batches", "/uploads", "/webhook_endpoints") and _is_id(id):
                self._paths.append(f"{path}/{id}")
            file = _member(answer, "file")  # of an upload
            if isinstance(file, dict) and _is_id(file.get("id")):
                self._paths.append(f"/files/{file['id']}")

    def inherit(self, other: "Made") -> None:
        """Take over what another has cleared, to finish it."""
        self._ending += other._ending

    def clear(self) -> list[str]:
        """Cancel what runs, delete files and the rest; return the paths of what is left."""
        # The newest first: a batch is cancelled before its input goes.
        made, self._paths = self._paths[::-1], []
        left = []
        for path in made:
            if path.startswith("/batches/"):
                self._end(path)
            elif path.startswith("/uploads/"):
                self._call("POST", f"{path}/cancel")  # refused when it is over, which is as well
            elif self._status("DELETE", path) not in _GONE:
                left.append(path)
        return left

    def finish(self) -> list[str]:
        """Delete the results of what was cancelled; return what is left.

        Some may be written only when a batch has been cancelled, a while after it was asked.
        """
        ending, self._ending = self._ending, []
        return [left for path in ending for left in self._results(path)]

    def _end(self, path: str) -> None:
        batch = self._call("GET", path)
        if batch is None or _member(batch, "status") not in ENDS:
            self._call("POST", f"{path}/cancel")
        self._ending.append(path)

    def _results(self, path: str) -> Iterable[str]:
        batch = self._call("GET", path)
        if batch is None or _member(batch, "status") not in ENDS:
            # What has not begun leaves no results.
            if batch is None or _member(batch, "in_progress_at") is not None:
                yield path
            return
        for name in ("output_file_id", "error_file_id"):
            file = _member(batch, name)
            if _is_id(file) and self._status("DELETE", f"/files/{file}") not in _GONE:
                yield f"/files/{file}"

    def _status(self, method: str, path: str) -> int | None:
        answer = self._call(method, path)
        return None if answer is None else answer.status

    def _call(self, method: str, path: str) -> Answer | None:
        try:
            return self._client.send(method, path)
        except NoAnswerError:
            return None


def _is_id(value: Json) -> bool:
    return isinstance(value, str) and value.isascii() and value.replace("-", "").isidentifier()


def _member(answer: Answer, name: str) -> Json:
    try:
        return answer.json()[name]
    except (ValueError, KeyError, TypeError):
        return None
