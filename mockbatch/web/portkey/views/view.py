"""What the gateway needs to know of a provider whose batches it translates."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import quote, unquote

from mockbatch.typing import Json

#: Where a provider's batch keeps what OpenAI's has no member for: in its metadata.
MODEL, INPUT, OUTPUT = "model", "input_uri", "output_uri"
CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"
#: The prefix of the ids of uploaded files, which the files that providers write do not have.
UPLOADED = "file-"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_HTTP_ERROR = 400


class Answer(NamedTuple):
    """A response of the gateway: its status, and its body as JSON."""

    status: int
    body: Json

    @property
    def is_error(self) -> bool:
        """Whether the status is that of an error."""
        return self.status >= _HTTP_ERROR


class View(ABC):
    """How the gateway shows the batches and files of one provider.

    A `batch` is OpenAI's object of it, a `job` the provider's. `headers` are those of the request.
    """

    provider: str

    def endpoint_of(self, model: str) -> str:  # noqa: ARG002
        """Return the endpoint of batches for a model; the gateway ignores the one in a request."""
        return CHAT

    @abstractmethod
    def job(self, batch: Mapping[str, Json], headers: Mapping[str, str]) -> dict[str, Json]:
        """Return the provider's object of a batch."""

    @abstractmethod
    def show(self, job: Mapping[str, Json]) -> dict[str, Json]:
        """Return what the gateway shows of a job."""

    @abstractmethod
    def show_list(self, jobs: list[dict[str, Json]], *, has_more: bool) -> dict[str, Json]:
        """Return what the gateway shows of a list of jobs."""

    @abstractmethod
    def show_created(self, job: Mapping[str, Json]) -> dict[str, Json]:
        """Return what the gateway answers when a job is created."""

    @abstractmethod
    def show_cancelled(self, id: str) -> dict[str, Json]:
        """Return what the gateway answers when the job is cancelled that a client calls `id`."""

    @abstractmethod
    def show_error(self, status: int, message: str) -> Answer:
        """Return the gateway's answer to an error of the provider."""

    def show_list_error(self, status: int, message: str) -> Answer:
        """Return the gateway's answer to an error of the provider's list."""
        return self.show_error(status, message)

    @abstractmethod
    def show_output_error(self, status: int, message: str) -> Answer:
        """Return the answer to `/output` when the provider does not return the batch."""

    def check_output(self, job: Mapping[str, Json]) -> Answer | None:  # noqa: ARG002
        """Return the error if the gateway cannot read the output of a job, None if it can."""
        return None

    @abstractmethod
    def show_missing_output(self, job: Mapping[str, Json]) -> Answer:
        """Return the answer to `/output` when there is no output."""

    @abstractmethod
    def show_line(self, line: Mapping[str, Json], job: Mapping[str, Json]) -> Json:
        """Return a line of the output, made from a line of OpenAI's."""

    @abstractmethod
    def batch_id(self, id: str) -> str:
        """Return OpenAI's id of the batch that a client calls `id`."""

    @abstractmethod
    def metadata(self, body: Mapping[str, Json]) -> dict[str, str] | Answer:
        """Return what to remember of a request to create a batch, or the error in it."""

    def file_id(self, input: str) -> str:
        """Return the id of the file that a client calls `input`."""
        return input

    def check_read(self, called: str, id: str) -> str | None:
        """Return why mockbatch cannot answer a request about stored files, None if it can.

        `called` is `GET`, `DELETE`, or `GET content` of the file that a client calls `id`, and
        `GET` of an empty id is a list.
        """
        if called == "GET" and file_in(unquote(id)).startswith(UPLOADED):
            return None
        return f"mockbatch does not have what {self.provider} and the gateway write into storage"

    @abstractmethod
    def show_stored(self, file: Mapping[str, Json], id: str, now: float) -> dict[str, Json]:
        """Return the gateway's answer to a read of an uploaded file that a client calls `id`."""

    @abstractmethod
    def show_file_error(self, status: int, message: str) -> Answer:
        """Return the gateway's answer if the file cannot be read or deleted."""

    @abstractmethod
    def check_upload(self, headers: Mapping[str, str], filename: str) -> Answer | None:
        """Return the error that an upload is refused with, None if it is not."""

    @abstractmethod
    def show_file(self, file: Mapping[str, Json], headers: Mapping[str, str]) -> dict[str, Json]:
        """Return the gateway's answer to an upload."""


def remembered(batch: Mapping[str, Json], name: str, otherwise: str) -> str:
    """Return what the metadata of a batch has under a name, for batches made in this role."""
    found = (batch.get("metadata") or {}).get(name)
    return otherwise if found is None else str(found)


def iso(seconds: float) -> str:
    """Return a time as these providers write it."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime(_TIME)


def milliseconds(time: str | None) -> int | None:
    """Return a time as the gateway writes it, None for one that is missing."""
    if time is None:
        return None
    return 1000 * int(datetime.strptime(time, _TIME).replace(tzinfo=timezone.utc).timestamp())


def escape(text: str) -> str:
    """Return a text as JavaScript's encodeURIComponent does."""
    return quote(text, safe="!'()*~")


def folder_of(uri: str) -> str:
    """Return the folder of a file, as the gateway derives it from the URI."""
    return "/".join(uri.split("/")[:-1]) + "/"


def file_in(uri: str) -> str:
    """Return the id of the file that this role stores under a URI."""
    return uri.rpartition("/")[2].removesuffix(".jsonl")


def first_error(batch: Mapping[str, Json]) -> str | None:
    """Return the message of the first error of a failed batch, None for others."""
    errors = (batch.get("errors") or {}).get("data") or []
    return str(errors[0]["message"]) if errors else None


def error_body(provider: str, message: str) -> dict[str, Json]:
    """Return the gateway's error about a provider's."""
    error = {"message": f"{provider} error: {message}", "type": None, "param": None, "code": None}
    return {"error": error, "provider": provider}


def compact(value: Json) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
