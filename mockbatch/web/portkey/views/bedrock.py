"""Amazon Bedrock's model invocation jobs, as the gateway shows them.

Source: the gateway's src/providers/bedrock (createBatch.ts, retrieveBatch.ts, listBatches.ts,
cancelBatch.ts, getBatchOutput.ts, uploadFile.ts) and the types there; measured against
@portkey-ai/gateway 1.15.2. The statuses and their meaning are those of the AWS SDK.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from mockbatch.typing import Json
from mockbatch.web.portkey.checks import EXCEPTION_HEADERS, GatewayError, failure_body
from mockbatch.web.portkey.views.view import (
    INPUT,
    MODEL,
    OUTPUT,
    Answer,
    View,
    compact,
    error_body,
    escape,
    file_in,
    first_error,
    folder_of,
    iso,
    milliseconds,
    remembered,
)

_ACCOUNT = "123456789012"
_REGION = "us-east-1"
_DAY_SECONDS = 24 * 3600
_NOT_FOUND = 404
_STATUSES = {
    "validating": "Validating",
    "in_progress": "InProgress",
    "finalizing": "InProgress",
    "completed": "Completed",
    "failed": "Failed",
    "cancelling": "Stopping",
    "cancelled": "Stopped",
    "expired": "Expired",
}
# S3's error; from memory.
_NO_SUCH_KEY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
    "<Message>The specified key does not exist.</Message></Error>"
)
_ENDS = ("completed_at", "failed_at", "cancelled_at", "expired_at")


class _Family(NamedTuple):
    """What the gateway's output lines have for the models of one vendor."""

    has_id: bool = False
    has_usage: bool = True
    #: The reasons to finish, by OpenAI's; from memory.
    reasons: Mapping[str, str] = {}


# By a part of the model's name, in the order in which the gateway looks for it.
_FAMILIES = {
    "llama2": _Family(),
    "llama3": _Family(),
    "titan": _Family(reasons={"stop": "FINISH", "length": "LENGTH"}),
    "mistral": _Family(has_usage=False),
    "anthropic": _Family(
        has_id=True,
        reasons={"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"},
    ),
    "ai21": _Family(has_id=True, has_usage=False, reasons={"stop": "endoftext"}),
    "cohere": _Family(has_usage=False, reasons={"stop": "COMPLETE", "length": "MAX_TOKENS"}),
    "amazon": _Family(reasons={"stop": "FINISH", "length": "LENGTH"}),
}


class Bedrock(View):
    """Amazon Bedrock."""

    provider = "bedrock"

    def job(self, batch: Mapping[str, Json], headers: Mapping[str, str]) -> dict[str, Json]:
        """Return a model invocation job; of a batch not made in this role, what is known."""
        region = headers.get("x-portkey-aws-region", _REGION)
        name = batch["id"].removeprefix("batch_")
        input = remembered(batch, INPUT, f"s3://mockbatch/{batch['input_file_id']}.jsonl")
        message = first_error(batch)
        end = next((batch[name] for name in _ENDS if batch.get(name)), None)
        times = [batch[name] for name in batch if name.endswith("_at") and name != "expires_at"]
        return {
            "jobArn": f"arn:aws:bedrock:{region}:{_ACCOUNT}:model-invocation-job/{name}",
            "modelId": remembered(batch, MODEL, batch.get("model") or "unknown"),
            "status": _status(batch),
            **({} if message is None else {"message": message}),
            "submitTime": iso(batch["created_at"]),
            "lastModifiedTime": iso(max(time for time in times if time)),
            **({} if end is None else {"endTime": iso(end)}),
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": input}},
            "outputDataConfig": {
                "s3OutputDataConfig": {"s3Uri": remembered(batch, OUTPUT, folder_of(input))}
            },
            "timeoutDurationInHours": 24,
            "jobExpirationTime": iso(batch.get("expires_at") or batch["created_at"] + _DAY_SECONDS),
        }

    def show(self, job: Mapping[str, Json]) -> dict[str, Json]:
        """Return what the gateway shows of a job; its end is called `finalizing_at`."""
        shown = self._show_listed(job)
        shown["status"] = re.sub("(?<!^)(?=[A-Z])", "_", job["status"]).lower()
        if "message" in job:
            error = {"code": "failed", "message": job["message"]}
            shown["errors"] = {"object": "list", "data": [error]}
            shown["failed_at"] = milliseconds(job["lastModifiedTime"])
        return shown

    def _show_listed(self, job: Mapping[str, Json]) -> dict[str, Json]:
        return {
            "id": escape(job["jobArn"]),
            "object": "batch",
            "created_at": milliseconds(job["submitTime"]),
            "status": job["status"],
            "input_file_id": escape(job["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]),
            "output_file_id": escape(job["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]),
            "finalizing_at": milliseconds(job.get("endTime")),
            "expires_at": milliseconds(job["jobExpirationTime"]),
        }

    def show_list(self, jobs: list[dict[str, Json]], *, has_more: bool) -> dict[str, Json]:  # noqa: ARG002
        """Return the list, in which the gateway leaves the statuses as they are."""
        return {"data": [self._show_listed(job) for job in jobs], "object": "list"}

    def show_created(self, job: Mapping[str, Json]) -> dict[str, Json]:
        """Return the id, and nothing else."""
        return {"id": escape(job["jobArn"]), "object": "batch"}

    def show_cancelled(self, id: str) -> dict[str, Json]:
        """Return a success with the id, which is not escaped here."""
        return {"status": "success", "object": "batch", "id": unquote(id)}

    def show_error(self, status: int, message: str) -> Answer:
        """Return the message of Bedrock's error."""
        return Answer(status, error_body(self.provider, message))

    def show_output_error(self, status: int, message: str) -> Answer:  # noqa: ARG002
        """Return the whole body of Bedrock's error in a message."""
        return Answer(500, error_body(self.provider, compact({"message": message})))

    def show_missing_output(self, job: Mapping[str, Json]) -> Answer:  # noqa: ARG002
        """Return the error of S3."""
        return self._failed(_NO_SUCH_KEY)

    def check_output(self, job: Mapping[str, Json]) -> Answer | None:
        """Return an error if the gateway does not know the vendor of the model."""
        return None if _family(job["modelId"]) else self._failed("Invalid model slug")

    def _failed(self, message: str) -> Answer:
        error = {"message": message, "type": None, "param": None, "code": 500}
        return Answer(500, {"error": error, "provider": self.provider})

    def show_line(self, line: Mapping[str, Json], job: Mapping[str, Json]) -> Json:
        """Return a line; that of an error is only what Bedrock writes of it, without an id."""
        response, family = line["response"], _family(job["modelId"])
        if response is None or response["status_code"] != 200:
            error = (line["error"] if response is None else response["body"]["error"]) or {}
            status = 400 if response is None else response["status_code"]
            message = {"errorCode": status, "errorMessage": error.get("message", "")}
            return {**message, "expired": False, "retryable": False}
        body = response["body"]
        id = {"id": body["id"]} if family and family.has_id else {}
        request = {"request_id": body["id"]} if family and family.has_id else {}
        shown = {"status_code": 200, **request, "body": _completion(body, job["modelId"])}
        return {**id, "custom_id": line["custom_id"], "response": shown, "error": None}

    def batch_id(self, id: str) -> str:
        """Return OpenAI's id of a job, from its ARN or the last part of it."""
        return "batch_" + unquote(id).rpartition("/")[2]

    def metadata(self, body: Mapping[str, Json]) -> dict[str, str] | Answer:
        """Return what to remember; a model is required by the gateway, the rest by Bedrock."""
        if not body.get("model"):
            raise GatewayError(500, failure_body("Model is required"), EXCEPTION_HEADERS)
        for name, member in (("input_file_id", "inputDataConfig"), ("role_arn", "roleArn")):
            if not isinstance(body.get(name), str):
                return self.show_error(400, f"mockbatch: {member} is required, from `{name}`")
        input = unquote(body["input_file_id"])
        config = body.get("output_data_config")
        output = config.get("s3Uri") if isinstance(config, dict) else None
        return {
            MODEL: str(body["model"]),
            INPUT: input,
            OUTPUT: output if isinstance(output, str) else folder_of(input),
        }

    def file_id(self, input: str) -> str:
        """Return the id in the key of an object in S3."""
        return file_in(unquote(input))

    def check_upload(self, headers: Mapping[str, str], filename: str) -> Answer | None:
        """Return an error if the bucket or the model is missing, or the file is not JSONL."""
        model = headers.get("x-portkey-aws-bedrock-model", "")
        if not headers.get("x-portkey-aws-s3-bucket") or not model:
            message = (
                "Please make sure you have x-portkey-aws-s3-bucket and "
                "x-portkey-aws-bedrock-model headers provided."
            )
            return Answer(400, failure_body(message))
        if _family(model) is None:
            return self._failed("Invalid model slug")
        if not filename.endswith(".jsonl"):
            return self._failed("Invalid file extension, only jsonl files are supported")
        return None

    def show_stored(self, file: Mapping[str, Json], id: str, now: float) -> dict[str, Json]:  # noqa: ARG002
        """Return a file; its size is a string, and its time of creation is in `createdAt`."""
        return {
            "object": "file",
            "id": id,
            "purpose": "",
            "filename": unquote(id),
            "bytes": str(file["bytes"]),
            "createdAt": file["created_at"],
            "status": "processed",
            "status_details": None,
        }

    def show_file_error(self, status: int, message: str) -> Answer:
        """Return S3's error within the gateway's own message."""
        text = _NO_SUCH_KEY if status == _NOT_FOUND else message
        body = {"type": "provider_error", "code": status, "param": None}
        return Answer(500, {**body, "message": f"bedrock error: {text}", "provider": "bedrock"})

    def show_file(self, file: Mapping[str, Json], headers: Mapping[str, str]) -> dict[str, Json]:
        """Return a file, named by its URI in S3."""
        uri = f"s3://{headers['x-portkey-aws-s3-bucket']}/{file['id']}.jsonl"
        return {
            "id": escape(uri),
            "object": "file",
            "created_at": file["created_at"],
            "filename": uri,
            "purpose": headers.get("x-portkey-file-purpose", "batch"),
            "bytes": file["bytes"],
            "status": "processed",
            "status_details": "",
        }


def _status(batch: Mapping[str, Json]) -> str:
    """Return the status of a job; one that ran out of time may have completed in part."""
    if batch["status"] == "expired" and batch["request_counts"]["completed"]:
        return "PartiallyCompleted"
    return _STATUSES[batch["status"]]


def _family(model: str) -> _Family | None:
    return next((family for name, family in _FAMILIES.items() if name in model), None)


def _completion(body: Mapping[str, Json], model: str) -> dict[str, Json]:
    """Return a chat completion as the gateway makes it from the model's own answer."""
    family = _family(model) or _Family()
    is_claude = "anthropic" in model
    choices = []
    for choice in body["choices"]:
        message = {"role": "assistant", "content": choice["message"]["content"] or ""}
        if is_claude and choice["message"].get("tool_calls"):
            message["tool_calls"] = choice["message"]["tool_calls"]
        reason = family.reasons.get(choice["finish_reason"], choice["finish_reason"])
        if is_claude:
            shown = {"message": message, "index": choice["index"], "logprobs": None}
        else:
            shown = {"index": choice["index"], "message": message}
        choices.append({**shown, "finish_reason": reason})
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {
        "id": body["id"] if family.has_id else str(1000 * body["created"]),
        "object": "chat.completion",
        "created": body["created"],
        "model": model,
        "provider": "bedrock",
        "choices": choices,
        "usage": {name: body["usage"][name] if family.has_usage else 0 for name in names},
    }
