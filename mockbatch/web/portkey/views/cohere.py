"""Cohere's embed jobs, as the gateway shows them.

Source: the gateway's src/providers/cohere (createBatch.ts, retrieveBatch.ts, listBatches.ts,
cancelBatch.ts, getBatchOutput.ts, uploadFile.ts, embed.ts, types.ts); measured against
@portkey-ai/gateway 1.15.2, but for the lines of the output, which are read from the source.
"""

from collections.abc import Mapping

from mockbatch.files.file import BATCH
from mockbatch.ids import Seed, uuid
from mockbatch.typing import Json
from mockbatch.web.portkey.views.view import (
    EMBEDDINGS,
    INPUT,
    MODEL,
    Answer,
    View,
    compact,
    error_body,
    first_error,
    iso,
    milliseconds,
    remembered,
)

# That an expired batch has failed is a guess: Cohere has no status for it.
_STATUSES = {
    "validating": "processing",
    "in_progress": "processing",
    "finalizing": "processing",
    "completed": "complete",
    "failed": "failed",
    "cancelling": "cancelling",
    "cancelled": "cancelled",
    "expired": "failed",
}
_TRUNCATE, _NAME = "truncate", "name"
_META = {"api_version": {"version": "1"}}


class Cohere(View):
    """Cohere."""

    provider = "cohere"

    def endpoint_of(self, model: str) -> str:  # noqa: ARG002
        """Return the only endpoint that has batches."""
        return EMBEDDINGS

    def job(self, batch: Mapping[str, Json], headers: Mapping[str, str]) -> dict[str, Json]:  # noqa: ARG002
        """Return an embed job; of a batch not made in this role, what is known."""
        output = batch.get("output_file_id")
        warnings = [] if first_error(batch) is None else [first_error(batch)]
        return {
            "job_id": batch["id"],
            "status": _STATUSES[batch["status"]],
            "created_at": iso(batch["created_at"]),
            "input_dataset_id": remembered(batch, INPUT, batch["input_file_id"]),
            **({} if output is None else {"output_dataset_id": output}),
            "model": remembered(batch, MODEL, batch.get("model") or "unknown"),
            "truncate": remembered(batch, _TRUNCATE, "END"),
            "name": remembered(batch, _NAME, ""),
            "meta": {**_META, "warnings": warnings} if warnings else _META,
        }

    def show(self, job: Mapping[str, Json]) -> dict[str, Json]:
        """Return what the gateway shows of a job, whose `meta` it calls the metadata."""
        output = job.get("output_dataset_id")
        return {
            "id": job["job_id"],
            "object": "batch",
            "created_at": milliseconds(job["created_at"]),
            "status": job["status"],
            "input_file_id": job["input_dataset_id"],
            **({} if output is None else {"output_file_id": output}),
            "metadata": job["meta"],
            "model": job["model"],
            "truncate": job["truncate"],
            "name": job["name"],
        }

    def show_list(self, jobs: list[dict[str, Json]], *, has_more: bool) -> dict[str, Json]:  # noqa: ARG002
        """Return the list, without a word on more."""
        return {"object": "list", "data": [self.show(job) for job in jobs]}

    def show_created(self, job: Mapping[str, Json]) -> dict[str, Json]:
        """Return a job that runs; here its time is in seconds."""
        created = milliseconds(job["created_at"]) or 0
        return {
            "id": job["job_id"],
            "object": "batch",
            "endpoint": "/v1/embed",
            "status": "in_progress",
            "created_at": created // 1000,
            "meta": job["meta"],
        }

    def show_cancelled(self, id: str) -> dict[str, Json]:
        """Return a success with the id as the client sent it."""
        return {"status": "success", "object": "batch", "id": id}

    def show_error(self, status: int, message: str) -> Answer:
        """Return the message of Cohere's error."""
        return Answer(status, error_body(self.provider, message))

    def show_output_error(self, status: int, message: str) -> Answer:
        """Return the whole body of Cohere's error in a message."""
        body = {
            "type": "provider_error",
            "code": status,
            "param": None,
            "message": f"cohere error: {compact({'message': message})}",
            "provider": self.provider,
        }
        return Answer(500, body)

    def show_missing_output(self, job: Mapping[str, Json]) -> Answer:  # noqa: ARG002
        """Return the gateway's own error."""
        error = {"message": "file not found", "type": None, "param": None, "code": 500}
        return Answer(500, {"error": error, "provider": self.provider})

    def show_line(self, line: Mapping[str, Json], job: Mapping[str, Json]) -> Json:  # noqa: ARG002
        """Return a line with an embedding, None for one that failed: those are not in a dataset."""
        response = line["response"]
        if response is None or response["status_code"] != 200:
            return None
        embedding = response["body"]["data"][0]["embedding"]
        data = [{"object": "embedding", "index": 0, "embedding": embedding}]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        body = {"object": "list", "data": data, "model": "", "usage": usage}
        shown = {"status_code": 200, "request_id": line["id"], "body": body}
        return {"id": line["id"], "custom_id": line["custom_id"], "response": shown}

    def batch_id(self, id: str) -> str:
        """Return the id, which is OpenAI's; of any other id one that is unknown."""
        return id if id.startswith("batch_") else f"batch_{id}"

    def metadata(self, body: Mapping[str, Json]) -> dict[str, str] | Answer:
        """Return what to remember; the gateway requires nothing, Cohere a model and a dataset."""
        for name, member in (("model", "model"), ("input_file_id", "dataset_id")):
            if not isinstance(body.get(name), str):
                return self.show_error(400, f"mockbatch: {member} is required, from `{name}`")
        given = {name: body[name] for name in (_TRUNCATE, _NAME) if isinstance(body.get(name), str)}
        return {MODEL: body["model"], INPUT: body["input_file_id"], **given}

    def check_upload(self, headers: Mapping[str, str], filename: str) -> Answer | None:  # noqa: ARG002
        """Accept every upload."""
        return None

    def check_read(self, called: str, id: str) -> str | None:  # noqa: ARG002
        """Return why mockbatch cannot return a content: the gateway does not ask for it."""
        if called != "GET content":
            return None
        return "the gateway asks for the root of Cohere's API, and what is there is not known"

    def show_stored(self, file: Mapping[str, Json], id: str, now: float) -> dict[str, Json]:  # noqa: ARG002
        """Return a dataset, whose size the gateway does not know."""
        is_input = file["purpose"] == BATCH
        return {
            "id": id,
            "object": "file",
            "bytes": 0,
            "created_at": 1000 * file["created_at"],
            "filename": f"portkey-{uuid(Seed.of(id))}" if is_input else file["filename"],
            "purpose": "embed-input" if is_input else "embed-result",
            "status": "processed",
            "status_details": "",
        }

    def show_file_error(self, status: int, message: str) -> Answer:
        """Return the message of Cohere's error."""
        return self.show_error(status, message)

    def show_file(self, file: Mapping[str, Json], headers: Mapping[str, str]) -> dict[str, Json]:  # noqa: ARG002
        """Return a file without a name and a purpose."""
        return {
            "id": file["id"],
            "object": "file",
            "created_at": file["created_at"],
            "filename": "",
            "purpose": "",
            "status": "uploaded",
        }
