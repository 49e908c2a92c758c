"""Tracks and deletes what a run creates on the server."""

import re

from mockbatch.contract.client import Client
from mockbatch.contract.errors import NoResponseError
from mockbatch.http_client import HttpResponse
from mockbatch.typing import Json

TERMINAL_STATUSES = ("completed", "failed", "expired", "cancelled")
_COLLECTIONS = ("/files", "/batches", "/uploads", "/webhook_endpoints", "/messages/batches")
_UNKNOWN = object()
_DELETED_STATUSES = (200, 204, 404)
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


class CreatedObjects:
    """The objects that requests have created, whether or not they should have.

    `clear` deletes all but the results of batches, which may not be written yet, and
    `delete_results` deletes those.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._paths: list[str] = []
        self._batches_with_results: list[str] = []
        self._undeleted: list[str] = []

    @property
    def remaining(self) -> list[str]:
        """The paths of objects that are not deleted yet, or could not be deleted."""
        return self._undeleted + self._paths + self._batches_with_results

    def track(self, method: str, path: str, response: HttpResponse) -> None:
        """Remember what a request has created, going by its response."""
        if method == "POST" and 200 <= response.status < 300:
            if path in _COLLECTIONS:
                self._add(path, _get(response, "id"))
            file = _get(response, "file")  # of a completed upload
            if isinstance(file, dict):
                self._add("/files", file.get("id"))

    def _add(self, collection: str, id: Json) -> None:
        if _is_id(id):
            self._paths.append(f"{collection}/{id}")

    def clear(self) -> None:
        """Cancel batches and uploads, delete files and webhook endpoints."""
        # The newest first, so that a batch is cancelled before its input file is deleted.
        while self._paths:
            path = self._paths[-1]
            if path.startswith("/batches/"):
                self._cancel_batch(path)
            elif path.startswith(("/uploads/", "/messages/batches/")):
                self._request("POST", f"{path}/cancel")  # an error if it is over: also good
            else:
                self._delete(path)
            self._paths.remove(path)

    def delete_results(self) -> None:
        """Delete the output and error files of the batches that `clear` has cancelled.

        A batch may write them some time after it was cancelled, so call this last.
        """
        while self._batches_with_results:
            self._delete_results_of(self._batches_with_results[-1])
            self._batches_with_results.pop()

    def _cancel_batch(self, path: str) -> None:
        batch = self._request("GET", path)
        if _get(batch, "status") not in TERMINAL_STATUSES:
            batch = self._request("POST", f"{path}/cancel")
        # A batch that never started has no results. Without a response we cannot know.
        if _get(batch, "in_progress_at", _UNKNOWN) is not None:
            self._batches_with_results.append(path)

    def _delete_results_of(self, path: str) -> None:
        batch = self._request("GET", path)
        if _get(batch, "status") not in TERMINAL_STATUSES:
            self._undeleted.append(path)
        for name in ("output_file_id", "error_file_id"):
            file = _get(batch, name)
            if _is_id(file):
                self._delete(f"/files/{file}")

    def _delete(self, path: str) -> None:
        response = self._request("DELETE", path)
        if response is None or response.status not in _DELETED_STATUSES:
            self._undeleted.append(path)

    def _request(self, method: str, path: str) -> HttpResponse | None:
        try:
            return self._client.send(method, path)
        except NoResponseError:
            return None


def _is_id(value: Json) -> bool:
    """Return whether a value can be part of a path without changing where the path leads."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _get(response: HttpResponse | None, name: str, default: Json = None) -> Json:
    try:
        return default if response is None else response.json()[name]
    except (ValueError, KeyError, TypeError):
        return default
