"""Azure OpenAI's batches: what a client may ask for, and the batch object."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest, scenario_from_metadata
from mockbatch.batch.rules import BatchRules, BatchTerms
from mockbatch.batch.timeline import COMPLETED, FAILED
from mockbatch.endpoints import endpoints
from mockbatch.errors import api_error
from mockbatch.ids import Seed, uuid
from mockbatch.jsonio import parse
from mockbatch.providers.azure import files, filters
from mockbatch.providers.azure.wording import azure_error, batch_error, translate_batch_error
from mockbatch.scenarios.scenario import Scenario
from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items
from mockbatch.validation.schema import schema

_WINDOW = "24h"
# The scenarios in which a batch expires.
_EXPIRING = ("expired_empty", "expired_partial", "lines_in_both_files", "slow_then_expire")


def batch_id(seed: Seed, _created_at: int) -> str:
    """Return `batch_` and a version 4 UUID, as in all documented samples but the oldest."""
    return "batch_" + uuid(seed)


def output_line(line: dict[str, Json]) -> dict[str, Json]:
    """Return a line of the files in the form of the guide's sample, which has no `id`."""
    response = line["response"]
    shown = response and {
        "body": filters.with_filter_results(response["body"]),
        "request_id": response["request_id"],
        "status_code": response["status_code"],
    }
    return {"custom_id": line["custom_id"], "response": shown, "error": line["error"]}


def adapt(scenario: Scenario) -> Scenario:
    """Return a scenario as it is; ApiError 400 if it is about the end of the window."""
    if scenario.name in _EXPIRING:
        reason = "its batches continue after 24 hours"
        raise api_error(
            "scenario_not_for_provider", name=scenario.name, provider="Azure OpenAI", reason=reason
        )
    return scenario


#: A batch goes on after 24 hours, and a completed or failed one always has both files.
RULES = BatchRules(
    provider="azure",
    schema="azure/batch",
    new_id=batch_id,
    files=files.RULES,
    expires=False,
    empty_files=frozenset({COMPLETED, FAILED}),
    output_line=output_line,
    batch_error=translate_batch_error,
    adapt=adapt,
)


class CreateBody(NamedTuple):
    """The body of a request to create a batch: its input is a file or a blob."""

    endpoint: str
    input_file_id: str | None
    input_blob: str | None
    output_folder: str | None
    window: str
    metadata: dict[str, str] | None
    output_seconds: int | None

    @property
    def blob_name(self) -> str | None:
        """The last part of the blob's URL, None without a blob."""
        return self.input_blob and urlsplit(self.input_blob).path.rpartition("/")[2]


def parse_body(body: Json) -> CreateBody:
    """Read the body of a request; ApiError 400 names what is wrong with it."""
    schema("azure/create_batch").check(body)
    body = schema("azure/create_batch").coerce_integers(body)
    parsed = CreateBody(
        endpoint=body["endpoint"],
        input_file_id=body.get("input_file_id"),
        input_blob=body.get("input_blob"),
        output_folder=(body.get("output_folder") or {}).get("url"),
        window=body["completion_window"],
        metadata=body.get("metadata"),
        output_seconds=(body.get("output_expires_after") or {}).get("seconds"),
    )
    if endpoint_path(parsed.endpoint) is None:
        supported = join_items([f"'{path}'" for path in endpoints()])
        value = parsed.endpoint
        raise api_error("unsupported_value", param="endpoint", value=value, supported=supported)
    if (parsed.input_file_id is None) == (parsed.input_blob is None):
        raise azure_error("two_inputs")
    if parsed.input_blob is not None and parsed.output_folder is None:
        raise azure_error("no_output_folder")
    if parsed.input_blob is not None and parsed.metadata:
        raise azure_error("metadata_with_blob")
    return parsed


def endpoint_path(name: str) -> str | None:
    """Return the path of an endpoint that is named with or without `/v1`, None if unknown."""
    path = name if name.startswith("/v1/") else f"/v1{name}"
    return path if path in endpoints() else None


def batch_request(body: CreateBody, file_id: str | None, first_line: bytes) -> BatchRequest:
    """Return the batch to create; `file_id` is its input, None for a blob that is not there.

    The lines are for the endpoint that the first of them names, whatever the request says: as
    reported, lines with `/v1/responses` run in a batch of `/chat/completions`.
    """
    url = _url_of(first_line)
    path = endpoint_path(url or "")
    shown: dict[str, Json] = {"endpoint": body.endpoint}
    if body.input_blob is not None:
        shown |= {"input_blob": body.input_blob, "output_folder": body.output_folder}
    return BatchRequest(
        file_id or "",
        path or endpoint_path(body.endpoint) or "",
        body.metadata,
        body.output_seconds,
        scenario_from_metadata(body.metadata or {}),
        RULES,
        BatchTerms(
            window=body.window,
            line_url=url if path else None,
            shown=shown,
            error=_known_error(body, file_id),
        ),
    )


def _url_of(line: bytes) -> str | None:
    try:
        request = parse(line)
    except ValueError:
        return None
    url = request.get("url") if isinstance(request, dict) else None
    return url if isinstance(url, str) else None


def _known_error(body: CreateBody, file_id: str | None) -> dict[str, Json] | None:
    """Return the error that such a batch fails with, whatever is in its input."""
    if body.window != _WINDOW:
        return batch_error("other_window")
    if file_id is None:
        return batch_error("unreadable_blob", name=body.blob_name)
    return None


def batch_json(batch: Batch, openai: Mapping[str, Json]) -> dict[str, Json]:
    """Return the batch object, schema azure/batch.json, made from OpenAI's of the same instant.

    Source: the keys and their order are those of the guide to batches; a failed batch has both
    files there, a `completed_at` and no `failed_at`.
    """
    shown = batch.terms.shown
    has_blobs = "input_blob" in shown
    status = openai["status"]
    has_both = status in RULES.empty_files
    ids = batch.planned_file_ids() if has_both else {}
    file_ids = {
        kind: None if has_blobs else ids.get(kind, openai[f"{kind}_file_id"])
        for kind in ("output", "error")
    }
    counts = openai["request_counts"]
    return {
        "id": batch.id,
        "completion_window": batch.terms.window,
        "created_at": openai["created_at"],
        "endpoint": shown.get("endpoint", openai["endpoint"]),
        "input_file_id": None if has_blobs else openai["input_file_id"],
        "object": "batch",
        "status": status,
        "cancelled_at": openai["cancelled_at"],
        "cancelling_at": openai["cancelling_at"],
        "completed_at": openai["failed_at"] if status == FAILED else openai["completed_at"],
        "error_file_id": file_ids["error"],
        "errors": _errors(openai["errors"]),
        "expired_at": openai["expired_at"],
        "expires_at": openai["expires_at"],
        "failed_at": None,
        "finalizing_at": openai["finalizing_at"],
        "in_progress_at": openai["in_progress_at"],
        "metadata": openai["metadata"],
        "output_file_id": file_ids["output"],
        "request_counts": {name: counts[name] for name in ("completed", "failed", "total")},
        **(_blobs(batch, has_ended=batch.timeline.end.status == status) if has_blobs else {}),
    }


def _errors(errors: Mapping[str, Json] | None) -> Json:
    if errors is None:
        return None
    return {**errors, "data": [translate_batch_error(error) for error in errors["data"]]}


def _blobs(batch: Batch, *, has_ended: bool) -> dict[str, Json]:
    """Return the URLs of the blobs, those of the results only once the batch has ended.

    Both are then named, whether or not the service has written them.
    """
    shown = batch.terms.shown
    folder = f"{str(shown['output_folder']).rstrip('/')}/{uuid(batch.seed.child('folder'))}"
    return {
        "error_blob": f"{folder}/errors.jsonl" if has_ended else "",
        "input_blob": shown["input_blob"],
        "output_blob": f"{folder}/results.jsonl" if has_ended else "",
    }
