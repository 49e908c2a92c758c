"""The planted faults: what is wrong, which case has to catch it, and how to plant it."""

from collections.abc import Mapping

from tests.contract.planting import (
    BATCH,
    PlantedFault,
    add_to,
    always_respond,
    as_chat_completion,
    change_batch_errors,
    change_body,
    change_counts,
    change_errors,
    change_request_body,
    change_result_lines,
    change_status,
    change_text,
    ignore_parameters,
    move_first_to_end,
    reject_chunked,
    remove_member,
    replace_request_header,
    reverse_page,
    set_header,
    set_members,
)

OPENAI: Mapping[str, PlantedFault] = {
    # files
    "an upload is a 201": PlantedFault("files/upload", change_status("POST /files", 200, 201)),
    "the size is one byte off": PlantedFault(
        "files/upload", change_body("POST /files", add_to("bytes", by=1))
    ),
    "a file lacks a member": PlantedFault(
        "files/upload", remove_member("POST /files", "status_details")
    ),
    "input files never expire": PlantedFault(
        "files/thirty_days", set_members("POST /files", expires_at=None)
    ),
    "a download gains a newline": PlantedFault(
        "files/content", change_text("GET /files/*/content", lambda content: content + "\n")
    ),
    "a download has a charset": PlantedFault(
        "files/content_headers",
        set_header(
            "GET /files/*/content", "Content-Type", "application/octet-stream; charset=utf-8"
        ),
    ),
    "a deleted file stays": PlantedFault(
        "files/delete",
        always_respond("DELETE /files/*", 200, '{"object": "file", "deleted": true}'),
    ),
    "an unknown file is a 400": PlantedFault(
        "files/unknown", change_status("GET /files/*", 404, 400)
    ),
    "lists ignore the purpose": PlantedFault(
        "files/list_by_purpose", ignore_parameters("GET /files", "purpose")
    ),
    "an empty input is accepted": PlantedFault(
        "files/empty", change_status("POST /files", 400, 200)
    ),
    "an upload needs a Content-Length": PlantedFault(
        "files/chunked", reject_chunked("POST /files", 411)
    ),
    "an upload may have any size": PlantedFault(
        "files/upload_of_other_size", change_status("POST /uploads/*/complete", 400, 200)
    ),
    "a cancelled upload accepts parts": PlantedFault(
        "files/upload_cancelled", always_respond("POST /uploads/*/parts", 200, '{"id": "part_x"}')
    ),
    # batches
    "a batch is in progress at once": PlantedFault(
        "batches/create", set_members("POST /batches", status="in_progress")
    ),
    "a member is missing, not null": PlantedFault(
        "batches/keys", remove_member("POST /batches", "failed_at")
    ),
    "a batch expires after an hour": PlantedFault(
        "batches/one_day", change_body("POST /batches", add_to("expires_at", by=-82800))
    ),
    "timestamps are in milliseconds": PlantedFault(
        "batches/seconds",
        change_body(
            "POST /batches", lambda batch: {**batch, "created_at": batch["created_at"] * 1000}
        ),
    ),
    "missing metadata is an object": PlantedFault(
        "batches/no_metadata", set_members("POST /batches", metadata={})
    ),
    "missing errors are a list": PlantedFault(
        "batches/nothing_yet", set_members("POST /batches", errors=[])
    ),
    "counts are missing": PlantedFault(
        "batches/counts", set_members("POST /batches", request_counts=None)
    ),
    "an endpoint is unknown": PlantedFault(
        "batches/endpoints",
        change_request_body(
            "POST /batches",
            lambda body: {**body, "endpoint": body["endpoint"].replace("videos", "films")},
        ),
    ),
    "null metadata is rejected": PlantedFault(
        "batches/null_metadata",
        change_request_body(
            "POST /batches",
            lambda body: {**body, "metadata": [] if body.get("metadata", 0) is None else {}},
        ),
    ),
    # validation
    "any completion window is accepted": PlantedFault(
        "validation/bad_window",
        change_request_body(
            "POST /batches",
            lambda body: {**body, "completion_window": "24h"},
        ),
    ),
    "metadata is not checked": PlantedFault(
        "validation/metadata_values_are_strings",
        change_request_body("POST /batches", lambda body: {**body, "metadata": {}}),
    ),
    "an error has no param": PlantedFault(
        "validation/bad_endpoint",
        change_errors("POST /batches", lambda value: {"error": {**value["error"], "param": None}}),
    ),
    "a broken body is a 500": PlantedFault(
        "validation/not_json", change_status("POST /batches", 400, 500)
    ),
    "a list is accepted as a batch": PlantedFault(
        "validation/not_an_object", change_status("POST /batches", 400, 200)
    ),
    "lines are counted from 0": PlantedFault(
        "validation/broken_line",
        change_body(
            BATCH,
            change_batch_errors(
                lambda errors: [{**error, "line": (error["line"] or 0) - 1} for error in errors]
            ),
        ),
    ),
    "only the first error is listed": PlantedFault(
        "validation/all_errors", change_body(BATCH, change_batch_errors(lambda errors: errors[:1]))
    ),
    "a failed batch counts its lines": PlantedFault(
        "validation/failed",
        change_body(BATCH, change_counts(lambda _: {"total": 1, "completed": 0, "failed": 1})),
    ),
    # pagination
    "lists ignore after": PlantedFault(
        "pagination/next_page", ignore_parameters("GET /batches", "after")
    ),
    "lists ignore limit": PlantedFault(
        "pagination/page", ignore_parameters("GET /batches", "limit")
    ),
    "any limit is accepted": PlantedFault(
        "pagination/limit_above", ignore_parameters("GET /batches", "limit")
    ),
    "the oldest batch comes first": PlantedFault(
        "pagination/next_page", change_body("GET /batches", reverse_page)
    ),
    "the oldest file comes first": PlantedFault(
        "pagination/files_newest_first", change_body("GET /files", reverse_page)
    ),
    "any order is accepted": PlantedFault(
        "pagination/files_unknown_order", ignore_parameters("GET /files", "order")
    ),
    "any number of files is accepted": PlantedFault(
        "pagination/files_limit_above", ignore_parameters("GET /files", "limit")
    ),
    "files have only one order": PlantedFault(
        "pagination/files_oldest_first", ignore_parameters("GET /files", "order")
    ),
    "has_more is always false": PlantedFault(
        "pagination/next_page", set_members("GET /batches", has_more=False)
    ),
    "has_more is always true": PlantedFault(
        "pagination/last_page", set_members("GET /batches", has_more=True)
    ),
    "batches are unordered": PlantedFault(
        "pagination/newest_first", change_body("GET /batches", move_first_to_end)
    ),
    # errors
    "a request needs no key": PlantedFault(
        "errors/no_key", always_respond("GET /batches", 200, '{"object": "list", "data": []}')
    ),
    "an unknown path is a web page": PlantedFault(
        "errors/unknown_url", always_respond("GET /nope", 404, "<h1>Not Found</h1>", "text/html")
    ),
    "an error lacks its code": PlantedFault(
        "errors/unknown_batch",
        change_errors(
            BATCH,
            lambda value: {"error": {k: v for k, v in value["error"].items() if k != "code"}},
        ),
    ),
    "an error is a string": PlantedFault(
        "errors/not_a_batch_id",
        always_respond("GET /batches/invalid", 400, '{"detail": "invalid id"}'),
    ),
    "a wrong method is a web page": PlantedFault(
        "errors/wrong_method",
        always_respond("PATCH /batches", 405, "<h1>Not Allowed</h1>", "text/html"),
    ),
    "JSON has the media type text/plain": PlantedFault(
        "errors/json", set_header("GET /batches", "Content-Type", "text/plain; charset=utf-8")
    ),
    "responses have no id": PlantedFault(
        "errors/request_id", set_header("GET /batches", "x-request-id", None)
    ),
    # bodies, and files again
    "a response is a chat completion": PlantedFault(
        "bodies/responses", change_result_lines(as_chat_completion)
    ),
    "a download begins with a byte order mark": PlantedFault(
        "files/content", change_text("GET /files/*/content", lambda content: "\ufeff" + content)
    ),
    # cancel
    "a cancel is 202": PlantedFault(
        "cancel/cancel", change_status("POST /batches/*/cancel", 200, 202)
    ),
    "an unknown batch can be cancelled": PlantedFault(
        "cancel/unknown", change_status("POST /batches/*/cancel", 404, 200)
    ),
    "an id that is not a batch's is a 404": PlantedFault(
        "cancel/not_a_batch_id", change_status("POST /batches/*/cancel", 400, 404)
    ),
    "a batch cannot be cancelled": PlantedFault(
        "cancel/cancel", change_status("POST /batches/*/cancel", 200, 409)
    ),
    "a second cancel changes the timestamp": PlantedFault(
        "cancel/seen", change_body("POST /batches/*/cancel", add_to("cancelling_at", by=1))
    ),
    "a completed batch can be cancelled": PlantedFault(
        "cancel/completed", change_status("POST /batches/*/cancel", 409, 200)
    ),
    "lines that never ran count as failed": PlantedFault(
        "cancel/half_done",
        change_body(
            BATCH,
            change_counts(
                lambda counts: {**counts, "failed": counts["total"] - counts["completed"]}
            ),
        ),
    ),
    # webhooks
    "the secret is never returned": PlantedFault(
        "webhooks/create", remove_member("POST /webhook_endpoints", "signing_secret")
    ),
    "endpoints are not listed": PlantedFault(
        "webhooks/list",
        always_respond("GET /webhook_endpoints", 200, '{"object": "list", "data": []}'),
    ),
    "a deleted endpoint stays": PlantedFault(
        "webhooks/delete", always_respond("DELETE /webhook_endpoints/*", 200, '{"deleted": true}')
    ),
    "an endpoint needs no URL": PlantedFault(
        "webhooks/no_url", change_status("POST /webhook_endpoints", 400, 200)
    ),
    "a failed batch sends no event": PlantedFault(
        "webhooks/failed",
        change_request_body(
            "POST /webhook_endpoints", lambda body: {**body, "event_types": ["batch.expired"]}
        ),
    ),
    "the secret is returned again": PlantedFault(
        "webhooks/secret_once",
        set_members("GET /webhook_endpoints/*", signing_secret="whsec_c2VjcmV0"),
    ),
    "an endpoint cannot be changed": PlantedFault(
        "webhooks/update",
        change_request_body("POST /webhook_endpoints/whe_*", lambda _: {"name": "other"}),
    ),
}

# Faults of a server that is called as Portkey's gateway.
GATEWAY: Mapping[str, PlantedFault] = {
    "a response names no provider": PlantedFault(
        "portkey/headers", set_header("GET /batches", "x-portkey-provider", None)
    ),
    "a request needs no provider": PlantedFault(
        "portkey/no_provider", change_status("GET /batches", 400, 200)
    ),
    "any provider is accepted": PlantedFault(
        "portkey/bad_provider", change_status("GET /batches", 400, 200)
    ),
    "a config is ignored": PlantedFault(
        "portkey/config", replace_request_header("X-Portkey-Config", "{}")
    ),
    "a key needs the prefix Bearer": PlantedFault(
        "portkey/key_without_bearer", replace_request_header("Authorization", "")
    ),
    "a completion window is required": PlantedFault(
        "portkey/default_window",
        change_request_body("POST /batches", lambda body: {"completion_window": "", **body}),
    ),
    "Portkey's options are passed to the provider": PlantedFault(
        "portkey/options_dropped",
        change_request_body(
            "POST /batches",
            lambda body: {**body, "metadata": body.get("portkey_options") and {"options": {}}},
        ),
    ),
    "a broken body is a 400": PlantedFault(
        "portkey/not_json", change_status("POST /batches", 500, 400)
    ),
    "a wrong media type is a 415": PlantedFault(
        "portkey/wrong_type", change_status("POST /batches", 400, 415)
    ),
    "a wrong method is a 405": PlantedFault(
        "portkey/wrong_method", change_status("PUT /batches", 404, 405)
    ),
    "a trace id is lost": PlantedFault(
        "portkey/trace_id", set_header("GET /batches", "x-portkey-trace-id", "")
    ),
    "an error does not name the provider": PlantedFault(
        "portkey/error",
        change_errors(
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
    "a batch has no output route": PlantedFault(
        "portkey/output", always_respond("GET /batches/*/output", 404, '{"error": null}')
    ),
}

# Scenarios of mockbatch that break a case.
SCENARIOS: Mapping[str, str] = {
    "webhook_bad_signature": "webhooks/completed",
    "webhook_lost": "webhooks/completed",
    "counts_null": "batches/counts",
    "errors_as_list": "batches/nothing_yet",
    "metadata_empty": "batches/no_metadata",
    "metadata_null": "batches/create",
    "nulls_absent": "batches/keys",
    "duplicate_lines": "output/results",
    "garbage_line": "output/json_lines",
    "missing_lines": "output/results",
    "no_final_newline": "output/newline",
    "status_code_zero": "output/line_response",
    "usage_missing": "bodies/chat_usage",
    "unknown_status": "output/not_before_the_end",
    "cancel_loses_race": "cancel/half_done",
}
