"""The table of planted faults: what is wrong, which case catches it, and how it is planted."""

from collections.abc import Mapping

from tests.contract.broken import (
    BATCH,
    Fault,
    always,
    body,
    chatty,
    counted,
    deaf,
    errors_changed,
    header,
    heard,
    lines,
    members,
    misheard,
    refused,
    reversed_page,
    shifted,
    status,
    swapped_page,
    text,
    uploaded,
    without,
    without_length,
)

DIRECT: Mapping[str, Fault] = {
    # files
    "uploads are 201": Fault("files/upload", status("POST /files", 200, 201)),
    "the size is one byte off": Fault("files/upload", body("POST /files", shifted("bytes", by=1))),
    "a file lacks a member": Fault("files/upload", without("POST /files", "status_details")),
    "input files stay for ever": Fault(
        "files/thirty_days", members("POST /files", expires_at=None)
    ),
    "a download gains a newline": Fault(
        "files/content", text("GET /files/*/content", lambda content: content + "\n")
    ),
    "a download has a charset": Fault(
        "files/content_headers",
        header("GET /files/*/content", "Content-Type", "application/octet-stream; charset=utf-8"),
    ),
    "a deleted file stays": Fault(
        "files/delete", always("DELETE /files/*", 200, '{"object": "file", "deleted": true}')
    ),
    "an unknown file is a 400": Fault("files/unknown", status("GET /files/*", 404, 400)),
    "lists hold every purpose": Fault("files/list_by_purpose", deaf("GET /files", "purpose")),
    "an empty input is accepted": Fault("files/empty", status("POST /files", 400, 200)),
    "an upload needs a length": Fault("files/chunked", without_length("POST /files", 411)),
    "an upload of any size will do": Fault(
        "files/upload_of_other_size", status("POST /uploads/*/complete", 400, 200)
    ),
    "an upload goes on after its end": Fault(
        "files/upload_cancelled", always("POST /uploads/*/parts", 200, '{"id": "part_x"}')
    ),
    # batches
    "a batch is in progress at once": Fault(
        "batches/create", members("POST /batches", status="in_progress")
    ),
    "a member is missing, not null": Fault("batches/keys", without("POST /batches", "failed_at")),
    "a batch has an hour": Fault(
        "batches/one_day", body("POST /batches", shifted("expires_at", by=-82800))
    ),
    "time is in milliseconds": Fault(
        "batches/seconds",
        body("POST /batches", lambda batch: {**batch, "created_at": batch["created_at"] * 1000}),
    ),
    "no metadata is an object": Fault("batches/no_metadata", members("POST /batches", metadata={})),
    "no errors are a list": Fault("batches/nothing_yet", members("POST /batches", errors=[])),
    "no counts": Fault("batches/counts", members("POST /batches", request_counts=None)),
    "an endpoint is not known": Fault(
        "batches/endpoints",
        heard(
            "POST /batches",
            lambda sent: {**sent, "endpoint": sent["endpoint"].replace("videos", "films")},
        ),
    ),
    "metadata is not null": Fault(
        "batches/null_metadata",
        heard(
            "POST /batches",
            lambda sent: {**sent, "metadata": [] if sent.get("metadata", 0) is None else {}},
        ),
    ),
    # validation
    "any window will do": Fault(
        "validation/bad_window",
        heard(
            "POST /batches",
            lambda sent: {**sent, "completion_window": "24h"},
        ),
    ),
    "metadata is not looked at": Fault(
        "validation/metadata_of_texts",
        heard("POST /batches", lambda sent: {**sent, "metadata": {}}),
    ),
    "an error has no param": Fault(
        "validation/bad_endpoint",
        refused("POST /batches", lambda value: {"error": {**value["error"], "param": None}}),
    ),
    "a broken body is the server's fault": Fault(
        "validation/no_json", status("POST /batches", 400, 500)
    ),
    "a list can be a batch": Fault("validation/no_object", status("POST /batches", 400, 200)),
    "lines are counted from 0": Fault(
        "validation/broken_line",
        body(
            BATCH,
            errors_changed(
                lambda errors: [{**one, "line": (one["line"] or 0) - 1} for one in errors]
            ),
        ),
    ),
    "only the first fault is told": Fault(
        "validation/all_faults", body(BATCH, errors_changed(lambda errors: errors[:1]))
    ),
    "a failed batch counts lines": Fault(
        "validation/failed",
        body(BATCH, counted(lambda _: {"total": 1, "completed": 0, "failed": 1})),
    ),
    # pagination
    "lists take no notice of after": Fault("pagination/next_page", deaf("GET /batches", "after")),
    "lists take no notice of limit": Fault("pagination/page", deaf("GET /batches", "limit")),
    "any limit will do": Fault("pagination/limit_above", deaf("GET /batches", "limit")),
    "the oldest batch comes first": Fault(
        "pagination/next_page", body("GET /batches", reversed_page)
    ),
    "the oldest file comes first": Fault(
        "pagination/files_newest_first", body("GET /files", reversed_page)
    ),
    "any order will do": Fault("pagination/files_no_order", deaf("GET /files", "order")),
    "any number of files will do": Fault(
        "pagination/files_limit_above", deaf("GET /files", "limit")
    ),
    "files come in one order": Fault("pagination/files_oldest_first", deaf("GET /files", "order")),
    "there is never more": Fault("pagination/next_page", members("GET /batches", has_more=False)),
    "there is always more": Fault("pagination/last_page", members("GET /batches", has_more=True)),
    "batches are in no order": Fault("pagination/newest_first", body("GET /batches", swapped_page)),
    # errors
    "no key is needed": Fault(
        "errors/no_key", always("GET /batches", 200, '{"object": "list", "data": []}')
    ),
    "an unknown path is a page": Fault(
        "errors/unknown_url", always("GET /nope", 404, "<h1>Not Found</h1>", "text/html")
    ),
    "an error lacks its code": Fault(
        "errors/unknown_batch",
        refused(
            BATCH,
            lambda value: {"error": {k: v for k, v in value["error"].items() if k != "code"}},
        ),
    ),
    "an error is a text": Fault(
        "errors/no_batch_id", always("GET /batches/invalid", 400, '{"detail": "invalid id"}')
    ),
    "a wrong method is a page": Fault(
        "errors/wrong_method", always("PATCH /batches", 405, "<h1>Not Allowed</h1>", "text/html")
    ),
    "JSON is plain text": Fault(
        "errors/json", header("GET /batches", "Content-Type", "text/plain; charset=utf-8")
    ),
    "answers have no id": Fault("errors/request_id", header("GET /batches", "x-request-id", None)),
    # output
    "status_code is a text": Fault(
        "output/results",
        lines(lambda line: {**line, "response": {**line["response"], "status_code": "200"}}),
    ),
    "a custom_id is lost": Fault("output/results", lines(lambda line: {**line, "custom_id": "x"})),
    "bodies are texts": Fault(
        "output/bodies",
        lines(lambda line: {**line, "response": {**line["response"], "body": "Hi."}}),
    ),
    "the last newline is missing": Fault(
        "output/newline", text("GET /files/*/content", lambda content: content.rstrip("\n"))
    ),
    "results are named output.jsonl": Fault(
        "output/output_file", members("GET /files/file-*", filename="output.jsonl")
    ),
    "a refused line has an error of its own": Fault(
        "output/error_file",
        lines(lambda line: {**line, "error": {"code": "400", "message": "Bad request."}}),
    ),
    "no tokens are counted": Fault("output/usage", members(BATCH, usage=None)),
    "files that are not there are empty texts": Fault(
        "output/nobody_failed",
        body(BATCH, lambda batch: {**batch, "error_file_id": batch["error_file_id"] or ""}),
    ),
    "the results come too early": Fault(
        "output/not_before_the_end",
        body(BATCH, lambda batch: {**batch, "output_file_id": batch["output_file_id"] or "file-x"}),
    ),
    "expired lines count as failed": Fault(
        "output/expired",
        body(
            BATCH,
            counted(lambda counts: {**counts, "failed": counts["total"] - counts["completed"]}),
        ),
    ),
    "a response is a chat": Fault("output/responses", lines(chatty)),
    "results stay for ever": Fault("output/thirty_days", members("GET /files/*", expires_at=None)),
    "results stay for a month, whatever is asked": Fault(
        "output/kept_as_asked",
        heard(
            "POST /batches",
            lambda sent: {k: v for k, v in sent.items() if k != "output_expires_after"},
        ),
    ),
    "a line without a newline is none": Fault(
        "output/last_line", uploaded(lambda content: content[: content.rfind(b"\n") + 1])
    ),
    # cancel
    "a cancel is 202": Fault("cancel/cancel", status("POST /batches/*/cancel", 200, 202)),
    "what is not there can be cancelled": Fault(
        "cancel/unknown", status("POST /batches/*/cancel", 404, 200)
    ),
    "what is no batch is not found": Fault(
        "cancel/no_batch_id", status("POST /batches/*/cancel", 400, 404)
    ),
    "a batch cannot be cancelled": Fault(
        "cancel/cancel", status("POST /batches/*/cancel", 200, 409)
    ),
    "a second cancel counts": Fault(
        "cancel/seen", body("POST /batches/*/cancel", shifted("cancelling_at", by=1))
    ),
    "a completed batch can be cancelled": Fault(
        "cancel/completed", status("POST /batches/*/cancel", 409, 200)
    ),
    "lines that never ran count as failed": Fault(
        "cancel/half_done",
        body(
            BATCH,
            counted(lambda counts: {**counts, "failed": counts["total"] - counts["completed"]}),
        ),
    ),
    # webhooks
    "the secret is never told": Fault(
        "webhooks/create", without("POST /webhook_endpoints", "signing_secret")
    ),
    "endpoints are not listed": Fault(
        "webhooks/list", always("GET /webhook_endpoints", 200, '{"object": "list", "data": []}')
    ),
    "a deleted endpoint stays": Fault(
        "webhooks/delete", always("DELETE /webhook_endpoints/*", 200, '{"deleted": true}')
    ),
    "an endpoint can be nowhere": Fault(
        "webhooks/no_url", status("POST /webhook_endpoints", 400, 200)
    ),
    "a failure is not told": Fault(
        "webhooks/failed",
        heard("POST /webhook_endpoints", lambda sent: {**sent, "event_types": ["batch.expired"]}),
    ),
    "the secret is shown again": Fault(
        "webhooks/secret_once", members("GET /webhook_endpoints/*", signing_secret="whsec_c2VjcmV0")
    ),
    "an endpoint cannot be changed": Fault(
        "webhooks/update", heard("POST /webhook_endpoints/whe_*", lambda _: {"name": "other"})
    ),
}

# With these the server is called as Portkey's gateway.
GATEWAY: Mapping[str, Fault] = {
    "no provider is told": Fault(
        "portkey/headers", header("GET /batches", "x-portkey-provider", None)
    ),
    "no provider is needed": Fault("portkey/no_provider", status("GET /batches", 400, 200)),
    "any provider will do": Fault("portkey/bad_provider", status("GET /batches", 400, 200)),
    "a config is not read": Fault("portkey/config", misheard("X-Portkey-Config", "{}")),
    "a key needs its Bearer": Fault("portkey/key_without_bearer", misheard("Authorization", "")),
    "a window is needed": Fault(
        "portkey/default_window",
        heard("POST /batches", lambda sent: {"completion_window": "", **sent}),
    ),
    "options are passed on": Fault(
        "portkey/options_dropped",
        heard(
            "POST /batches",
            lambda sent: {**sent, "metadata": sent.get("portkey_options") and {"options": {}}},
        ),
    ),
    "a broken body is the client's fault": Fault(
        "portkey/no_json", status("POST /batches", 500, 400)
    ),
    "a wrong type is a 415": Fault("portkey/wrong_type", status("POST /batches", 400, 415)),
    "a wrong method is a 405": Fault("portkey/wrong_method", status("PUT /batches", 404, 405)),
    "a trace id is lost": Fault(
        "portkey/trace_id", header("GET /batches", "x-portkey-trace-id", "")
    ),
    "an error is the provider's own": Fault(
        "portkey/error",
        refused(
            BATCH,
            lambda value: {
                **value,
                "error": {
                    **value["error"],
                    "message": value["error"]["message"].removeprefix("openai error: "),
                },
            },
        ),
    ),
    "there is no output of a batch": Fault(
        "portkey/output", always("GET /batches/*/output", 404, '{"error": null}')
    ),
}

# What a scenario of the mock itself can break, in all of its lines where it is about lines.
SCENARIOS: Mapping[str, str] = {
    "webhook_bad_signature": "webhooks/completed",
    "webhook_lost": "webhooks/completed",
    "counts_null": "batches/counts",
    "errors_as_list": "batches/nothing_yet",
    "metadata_empty": "batches/no_metadata",
    "metadata_null": "batches/create",
    "nulls_absent": "batches/keys",
    "duplicate_lines": "output/results",
    "garbage_line": "output/results",
    "missing_lines": "output/results",
    "no_final_newline": "output/newline",
    "status_code_zero": "output/results",
    "usage_missing": "output/bodies",
    "unknown_status": "output/not_before_the_end",
    "cancel_loses_race": "cancel/half_done",
}
