"""What a run has made on the server, so that nothing stays behind."""

import re

from mockbatch.contract.client import Client, HttpResponse, NoResponseError
from mockbatch.typing import Json

TERMINAL_STATUSES = ("completed", "failed", "expired", "cancelled")
_COLLECTIONS = ("/files", "/batches", "/uploads", "/webhook_endpoints")
_UNKNOWN = object()
_GONE = (200, 204, 404)
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


class CreatedObjects:
    """Notes what requests make, whether or not they should have, and takes it away again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._paths: list[str] = []
        self._ended: list[str] = []
        self._kept: list[str] = []

    @property
    def remaining(self) -> list[str]:
        """The paths of what is there still: not taken away yet, or not to be taken away."""
        return self._kept + self._paths + self._ended

    def track(self, method: str, path: str, answer: HttpResponse) -> None:
        """Look at the answer to a request for something new."""
        if method == "POST" and 200 <= answer.status < 300:
            if path in _COLLECTIONS:
                self._note(path, _member(answer, "id"))
            file = _member(answer, "file")  # of an upload
            if isinstance(file, dict):
                self._note("/files", file.get("id"))

    def _note(self, collection: str, id: Json) -> None:
        if _is_id(id):
            self._paths.append(f"{collection}/{id}")

    def clear(self) -> None:
        """Cancel what runs, delete files and the rest; the results of batches stay."""
        # The newest first: a batch is cancelled before its input goes.
        while self._paths:
            path = self._paths[-1]
            if path.startswith("/batches/"):
                self._end(path)
            elif path.startswith("/uploads/"):
                self._call("POST", f"{path}/cancel")  # refused when it is over, which is as well
            else:
                self._delete(path)
            self._paths.remove(path)

    def finish(self) -> None:
        """Delete the results of batches.

        Some may be written only when a batch has been cancelled, a while after it was asked.
        """
        while self._ended:
            self._finish(self._ended[-1])
            self._ended.pop()

    def _end(self, path: str) -> None:
        batch = self._call("GET", path)
        if _member(batch, "status") not in TERMINAL_STATUSES:
            batch = self._call("POST", f"{path}/cancel")
        # What has not begun leaves no results; of what does not answer nobody knows.
        if _member(batch, "in_progress_at", _UNKNOWN) is not None:
            self._ended.append(path)

    def _finish(self, path: str) -> None:
        batch = self._call("GET", path)
        if _member(batch, "status") not in TERMINAL_STATUSES:
            self._kept.append(path)
        for name in ("output_file_id", "error_file_id"):
            file = _member(batch, name)
            if _is_id(file):
                self._delete(f"/files/{file}")

    def _delete(self, path: str) -> None:
        answer = self._call("DELETE", path)
        if answer is None or answer.status not in _GONE:
            self._kept.append(path)

    def _call(self, method: str, path: str) -> HttpResponse | None:
        try:
            return self._client.send(method, path)
        except NoResponseError:
            return None


def _is_id(value: Json) -> bool:
    """Tell whether a path with it leads to nothing else."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _member(answer: HttpResponse | None, name: str, default: Json = None) -> Json:
    try:
        return default if answer is None else answer.json()[name]
    except (ValueError, KeyError, TypeError):
        return default
