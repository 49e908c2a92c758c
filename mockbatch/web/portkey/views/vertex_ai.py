"""Google Vertex AI's batch prediction jobs, as the gateway shows them.

Source: the gateway's src/providers/google-vertex-ai (createBatch.ts, retrieveBatch.ts,
listBatches.ts, cancelBatch.ts, getBatchOutput.ts, uploadFile.ts, utils.ts); measured against
@portkey-ai/gateway 1.15.2. The members and states of a job are those of Google's documents.
"""

from collections.abc import Mapping
from urllib.parse import unquote

from mockbatch.typing import Json
from mockbatch.web.portkey.views.vertex_output import show_line
from mockbatch.web.portkey.views.view import (
    CHAT,
    EMBEDDINGS,
    INPUT,
    MODEL,
    OUTPUT,
    Answer,
    View,
    compact,
    escape,
    file_in,
    first_error,
    folder_of,
    iso,
    milliseconds,
    remembered,
)

# The state of a job, and what the gateway makes of it.
_STATES = {
    "validating": ("JOB_STATE_PENDING", "validating"),
    "in_progress": ("JOB_STATE_RUNNING", "in_progress"),
    "finalizing": ("JOB_STATE_RUNNING", "in_progress"),
    "completed": ("JOB_STATE_SUCCEEDED", "completed"),
    "failed": ("JOB_STATE_FAILED", "failed"),
    "cancelling": ("JOB_STATE_CANCELLING", "cancelling"),
    "cancelled": ("JOB_STATE_CANCELLED", "cancelled"),
    "expired": ("JOB_STATE_EXPIRED", "expired"),
}
_SHOWN = dict(_STATES.values())
# The member with the time at which a job in a state ended. An expired one has failed, by a slip.
_END = {
    "JOB_STATE_FAILED": "failed_at",
    "JOB_STATE_SUCCEEDED": "completed_at",
    "JOB_STATE_CANCELLED": "cancelled_at",
    "JOB_STATE_EXPIRED": "failed_at",
}
_ENDS = ("completed_at", "failed_at", "cancelled_at", "expired_at")
# The files that Google writes the lines of an output into.
_OUTPUT_NAMES = {CHAT: "predictions.jsonl", EMBEDDINGS: "000000000000.jsonl"}
# The codes of gRPC for a job that failed or was cancelled.
_FAILED, _CANCELLED = 3, 1
_STATUS_NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND"}
_UNFINISHED = ("validating", "in_progress", "finalizing", "cancelling")


class VertexAi(View):
    """Google Vertex AI."""

    provider = "vertex-ai"

    def endpoint_of(self, model: str) -> str:
        """Return the endpoint that the gateway reads from the name of a model."""
        return EMBEDDINGS if "embedding" in model else CHAT

    def job(self, batch: Mapping[str, Json], headers: Mapping[str, str]) -> dict[str, Json]:
        """Return a batch prediction job; of a batch not made in this role, what is known."""
        project = headers.get("x-portkey-vertex-project-id", "mockbatch")
        region = headers.get("x-portkey-vertex-region", "us-central1")
        input = remembered(batch, INPUT, f"gs://mockbatch/{batch['input_file_id']}.jsonl")
        prefix = remembered(batch, OUTPUT, folder_of(input))
        created = iso(batch["created_at"])
        state, _ = _STATES[batch["status"]]
        started, end = batch.get("in_progress_at"), _end(batch)
        directory = f"{prefix.rstrip('/')}/prediction-model-{created}"
        has_output = batch.get("output_file_id") or batch.get("error_file_id")
        model = remembered(batch, MODEL, batch.get("model") or "unknown")
        error = _error(batch)
        return {
            "name": f"projects/{project}/locations/{region}/batchPredictionJobs/{_number(batch)}",
            "model": _model_path(model),
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [input]}},
            "outputConfig": {
                "predictionsFormat": "jsonl",
                "gcsDestination": {"outputUriPrefix": prefix},
            },
            **({"outputInfo": {"gcsOutputDirectory": directory}} if has_output else {}),
            "state": state,
            **({} if error is None else {"error": error}),
            "createTime": created,
            **({} if started is None else {"startTime": iso(started)}),
            **({} if end is None else {"endTime": iso(end)}),
            "updateTime": iso(end or started or batch["created_at"]),
            **_statistics(batch),
        }

    def show(self, job: Mapping[str, Json]) -> dict[str, Json]:
        """Return what the gateway shows of a job; a job ends when it was last changed."""
        prefix = job["outputConfig"]["gcsDestination"]["outputUriPrefix"]
        output, endpoint = prefix, self.endpoint_of(job["model"])
        if "outputInfo" in job:
            name = _OUTPUT_NAMES[endpoint]
            output = f"{job['outputInfo']['gcsOutputDirectory']}/{name}"
        end, errors = _END.get(job["state"]), {}
        if "error" in job:
            errors = {"errors": {"object": "list", "data": [job["error"]]}}
        return {
            "id": job["name"].rpartition("/")[2],
            "object": "batch",
            "endpoint": endpoint,
            "input_file_id": escape(job["inputConfig"]["gcsSource"]["uris"][0]),
            "completion_window": None,
            "status": _SHOWN[job["state"]],
            "output_file_id": escape(output),
            "error_file_id": escape(prefix),
            "created_at": milliseconds(job["createTime"]),
            **({} if end is None else {end: milliseconds(job["updateTime"])}),
            "in_progress_at": milliseconds(job.get("startTime")),
            "request_counts": _show_counts(job.get("completionStats")),
            **errors,
        }

    def show_list(self, jobs: list[dict[str, Json]], *, has_more: bool) -> dict[str, Json]:
        """Return a page; `after` would have to be a token that the gateway does not return."""
        shown = [self.show(job) for job in jobs]
        ids = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {}
        return {"data": shown, "object": "list", **ids, "has_more": has_more}

    def show_created(self, job: Mapping[str, Json]) -> dict[str, Json]:
        """Return the same as for a retrieval."""
        return self.show(job)

    def show_cancelled(self, id: str) -> dict[str, Json]:  # noqa: ARG002
        """Return Google's answer, which is an empty object."""
        return {}

    def show_error(self, status: int, message: str) -> Answer:
        """Return Google's error unchanged."""
        name = _STATUS_NAMES.get(status, "FAILED_PRECONDITION")
        return Answer(status, {"error": {"code": status, "message": message, "status": name}})

    def show_list_error(self, status: int, message: str) -> Answer:
        """Return the whole body of Google's error in a message."""
        _, body = self.show_error(status, message)
        text = f"Invalid response received from {self.provider}: {compact(body)}"
        error = {"message": text, "type": None, "param": None, "code": None}
        return Answer(status, {"error": error, "provider": self.provider})

    def show_output_error(self, status: int, message: str) -> Answer:  # noqa: ARG002
        """Return an error that says nothing."""
        return Answer(500, {})

    def show_missing_output(self, job: Mapping[str, Json]) -> Answer:  # noqa: ARG002
        """Return an error that says nothing."""
        return Answer(500, {})

    def show_line(self, line: Mapping[str, Json], job: Mapping[str, Json]) -> Json:
        """Return a line; that of an error has what Google writes of it as its `error`.

        A batch of embeddings has no lines: by mistake, the gateway looks for the file that only
        batches of chat completions have.
        """
        if self.endpoint_of(job["model"]) == EMBEDDINGS:
            return None
        return show_line(line, job["name"].rpartition("/")[2])

    def batch_id(self, id: str) -> str:
        """Return OpenAI's id of a job, which is in its number after a digit that keeps zeros."""
        digits = f"{int(id):x}" if id.isascii() and id.isdigit() else ""
        return f"batch_{digits[1:] if digits.startswith('1') else id}"

    def metadata(self, body: Mapping[str, Json]) -> dict[str, str] | Answer:
        """Return what to remember; the gateway requires nothing, Google a model and an input."""
        for name, member in (("model", "model"), ("input_file_id", "inputConfig")):
            if not isinstance(body.get(name), str):
                return self.show_error(400, f"mockbatch: {member} is required, from `{name}`")
        input = unquote(body["input_file_id"])
        prefix = body.get("output_data_config")
        output = unquote(prefix) if isinstance(prefix, str) else folder_of(input)
        return {MODEL: body["model"], INPUT: input, OUTPUT: output}

    def file_id(self, input: str) -> str:
        """Return the id in the name of an object in Cloud Storage."""
        return file_in(unquote(input))

    def check_upload(self, headers: Mapping[str, str], filename: str) -> Answer | None:  # noqa: ARG002
        """Return an error if the bucket or the model is missing."""
        is_plain = headers.get("x-portkey-file-purpose") == "upload"
        has_model = is_plain or headers.get("x-portkey-provider-model")
        if has_model and headers.get("x-portkey-vertex-storage-bucket-name"):
            return None
        message = (
            "Invalid request, please provide `x-portkey-provider-model` and "
            "`x-portkey-vertex-storage-bucket-name` in the request headers"
        )
        body = {"success": False, "error": message, "param": None, "provider": self.provider}
        return Answer(400, body)

    def check_read(self, called: str, id: str) -> str | None:
        """Return why mockbatch cannot answer a request about stored files, None if it can."""
        if called == "DELETE":
            return "it is not known how Cloud Storage answers a DELETE of no object"
        return super().check_read(called, id)

    def show_stored(self, file: Mapping[str, Json], id: str, now: float) -> dict[str, Json]:
        """Return a file; by mistake, the gateway gives the time of the response as `createdAt`."""
        return {
            "bytes": file["bytes"],
            "updatedAt": 1000 * file["created_at"],
            "createdAt": 1000 * int(now),
            "id": id,
            "filename": unquote(id).rpartition("/")[2],
            "purpose": None,
            "status": "processed",
        }

    def show_file_error(self, status: int, message: str) -> Answer:  # noqa: ARG002
        """Return the gateway's own error, whatever Google's is."""
        return Answer(500, {"html-message": "Message: File not found Cause: NA Name: Error"})

    def show_file(self, file: Mapping[str, Json], headers: Mapping[str, str]) -> dict[str, Json]:
        """Return a file; its size is that of the whole form, and it was `create_at`."""
        bucket = headers["x-portkey-vertex-storage-bucket-name"]
        return {
            "id": escape(f"gs://{bucket}/{file['id']}.jsonl"),
            "object": "file",
            "create_at": 1000 * file["created_at"],
            "purpose": headers.get("x-portkey-file-purpose", file["purpose"]),
            "bytes": int(headers.get("content-length", "0")),
            "status": "processed",
        }


def _number(batch: Mapping[str, Json]) -> str:
    """Return the number of a job: a one and the hexadecimal id of the batch, which is longer.

    An id with other digits stays as it is.
    """
    id: str = batch["id"].removeprefix("batch_")
    try:
        return str(int(f"1{id}", 16)) if id.isalnum() and id == id.lower() else id
    except ValueError:
        return id


def _end(batch: Mapping[str, Json]) -> Json:
    return next((batch[name] for name in _ENDS if batch.get(name)), None)


def _model_path(model: str) -> str:
    """Return the resource name of a model, as the gateway writes it."""
    known = ("anthropic", "meta", "endpoints", "mistralai", "google")
    provider, _, name = model.partition(".")
    if provider in known and name:
        return f"publishers/{provider}/models/{name}"
    return f"publishers/google/models/{model}"


def _error(batch: Mapping[str, Json]) -> dict[str, Json] | None:
    """Return the error of a job that failed or was cancelled; its text is mockbatch's own."""
    if batch["status"] == "cancelled":
        return {"code": _CANCELLED, "message": "The job was cancelled."}
    message = first_error(batch)
    return None if message is None else {"code": _FAILED, "message": message}


def _statistics(batch: Mapping[str, Json]) -> dict[str, Json]:
    """Return the counts of a job, which it has once it runs."""
    counts = batch["request_counts"]
    if batch.get("in_progress_at") is None:
        return {}
    missing = counts["total"] - counts["completed"] - counts["failed"]
    stats = {
        "successfulCount": str(counts["completed"]),
        "failedCount": str(counts["failed"]),
        "incompleteCount": str(missing),
    }
    return {"completionStats": stats}


def _show_counts(stats: Mapping[str, str] | None) -> dict[str, Json]:
    if stats is None:
        return {"total": 0}
    total = sum(int(count) for count in stats.values())
    return {"total": total, "completed": stats["successfulCount"], "failed": stats["failedCount"]}
