"""The planted faults: what is wrong, which case has to catch it, and how to plant it."""

from collections.abc import Mapping

from tests.contract.planting import (
    BATCH,
    PlantedFault,
    add_to,
    also,
    always_respond,
    as_chat_completion,
    change_batch_errors,
    change_batches,
    change_body,
    change_counts,
    change_errors,
    change_input_files,
    change_request_body,
    change_result_lines,
    change_status,
    has_limit_above,
    has_limit_within,
    ignore_parameters,
    only_if,
    reject_chunked,
    remove_member,
    replace_request_header,
    reverse_page,
    set_header,
    set_members,
    with_milliseconds,
)

# Each of these cases compares a download with its upload.
ALL_CONTENTS = also(
    "files/content_in_utf_8",
    "files/content_with_cr_lf",
    "files/content_without_newline",
    "files/upload_in_parts",
)
# Each of these cases cancels a batch.
ALL_CANCELS = also(
    "cancel/cancelled",
    "cancel/empty_object",
    "cancel/half_done",
    "cancel/json_without_body",
    "cancel/never_begun",
    "cancel/never_ran",
    "cancel/seen",
    "cancel/twice",
    "webhooks/cancelled",
)

OPENAI: Mapping[str, PlantedFault] = {
    # files
    "an upload is a 201": PlantedFault("files/upload", change_status("POST /files", 200, 201)),
    "the size is one byte off": PlantedFault(
        "files/upload", change_body("POST /files", add_to("bytes", by=1)), also("files/bytes")
    ),
    "a file lacks a member": PlantedFault(
        "files/upload", remove_member("POST /files", "status_details")
    ),
    "input files never expire": PlantedFault(
        "files/thirty_days",
        only_if(
            lambda request: "expires_after[seconds]" not in request.form,
            set_members("POST /files", expires_at=None),
        ),
    ),
    "a download gains a newline": PlantedFault(
        "files/content", change_input_files(lambda content: content + "\n"), ALL_CONTENTS
    ),
    "a download has a charset": PlantedFault(
        "files/content_headers",
        set_header(
            "GET /files/*/content", "Content-Type", "application/octet-stream; charset=utf-8"
        ),
        also("output/media_type"),
    ),
    "a deleted file stays": PlantedFault(
        "files/delete",
        always_respond("DELETE /files/*", 200, '{"object": "file", "deleted": true}'),
        also("files/delete_twice"),
    ),
    "an unknown file is a 400": PlantedFault(
        "files/unknown", change_status("GET /files/*", 404, 400), also("files/delete")
    ),
    "lists ignore the purpose": PlantedFault(
        "files/list_by_purpose", ignore_parameters("GET /files", "purpose")
    ),
    "an empty input is accepted": PlantedFault(
        "files/empty",
        only_if(
            lambda request: any(not file.read() for file in request.files.values()),
            change_status("POST /files", 400, 200),
        ),
    ),
    "an upload needs a Content-Length": PlantedFault(
        "files/chunked", reject_chunked("POST /files", 411)
    ),
    "an upload may have any size": PlantedFault(
        "files/upload_of_other_size", change_status("POST /uploads/*/complete", 400, 200)
    ),
    "a cancelled upload accepts parts": PlantedFault(
        "files/upload_cancelled", change_status("POST /uploads/*/parts", 400, 200)
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
        change_body("POST /batches", with_milliseconds),
        also(
            "batches/retrieve",
            "cancel/cancel",
            "cancel/cancelled",
            "output/completed",
            "output/echo",
        ),
    ),
    "missing metadata is an object": PlantedFault(
        "batches/no_metadata",
        change_body("POST /batches", lambda batch: {**batch, "metadata": batch["metadata"] or {}}),
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
            lambda body: {
                **body,
                **({"endpoint": "/v1/films"} if body.get("endpoint") == "/v1/videos" else {}),
            },
        ),
        also("preparations/videos_batch"),
    ),
    "null metadata is rejected": PlantedFault(
        "batches/null_metadata",
        change_request_body(
            "POST /batches",
            lambda body: {**body, "metadata": []} if body.get("metadata", 0) is None else body,
        ),
    ),
    # validation
    "any completion window is accepted": PlantedFault(
        "validation/bad_window",
        change_request_body(
            "POST /batches",
            lambda body: {
                **body,
                **({"completion_window": "24h"} if "completion_window" in body else {}),
            },
        ),
    ),
    "metadata is not checked": PlantedFault(
        "validation/metadata_values_are_strings",
        change_request_body(
            "POST /batches",
            lambda body: {
                **body,
                "metadata": {k: str(v) for k, v in (body.get("metadata") or {}).items()} or None,
            },
        ),
    ),
    "an error has no param": PlantedFault(
        "validation/bad_endpoint",
        change_errors("POST /batches", lambda value: {"error": {**value["error"], "param": None}}),
        also(
            "validation/bad_window",
            "validation/metadata_values_are_strings",
            "validation/no_endpoint",
            "validation/no_input_file",
            "validation/no_window",
        ),
    ),
    "a broken body is a 500": PlantedFault(
        "validation/not_json",
        only_if(
            lambda request: request.get_json(force=True, silent=True) is None,
            change_status("POST /batches", 400, 500),
        ),
    ),
    "a list is accepted as a batch": PlantedFault(
        "validation/not_an_object",
        only_if(
            lambda request: isinstance(request.get_json(force=True, silent=True), list),
            change_status("POST /batches", 400, 200),
        ),
    ),
    "lines are counted from 0": PlantedFault(
        "validation/broken_line",
        change_body(
            BATCH,
            change_batch_errors(
                lambda errors: [
                    {**error, "line": error["line"] - 1}
                    if error["code"] == "invalid_json_line"
                    else error
                    for error in errors
                ]
            ),
        ),
    ),
    "only the first error is listed": PlantedFault(
        "validation/all_errors", change_body(BATCH, change_batch_errors(lambda errors: errors[:1]))
    ),
    "a failed batch counts its lines": PlantedFault(
        "validation/failed",
        change_batches(
            "failed", change_counts(lambda _: {"total": 1, "completed": 0, "failed": 1})
        ),
    ),
    # pagination
    "lists ignore after": PlantedFault(
        "pagination/next_page",
        ignore_parameters("GET /batches", "after"),
        also("pagination/unknown_cursor"),
    ),
    "lists ignore limit": PlantedFault(
        "pagination/page",
        only_if(has_limit_within(100), ignore_parameters("GET /batches", "limit")),
        also("pagination/last_page", "pagination/next_page"),
    ),
    "any limit is accepted": PlantedFault(
        "pagination/limit_above",
        only_if(has_limit_above(100), ignore_parameters("GET /batches", "limit")),
    ),
    "the oldest batch comes first": PlantedFault(
        "pagination/next_page",
        change_body("GET /batches", reverse_page),
        also("pagination/newest_first"),
    ),
    "the oldest file comes first": PlantedFault(
        "pagination/files_newest_first",
        only_if(
            lambda request: "order" not in request.args, change_body("GET /files", reverse_page)
        ),
    ),
    "any order is accepted": PlantedFault(
        "pagination/files_unknown_order",
        only_if(
            lambda request: request.args.get("order") not in ("asc", "desc"),
            ignore_parameters("GET /files", "order"),
        ),
    ),
    "any number of files is accepted": PlantedFault(
        "pagination/files_limit_above",
        only_if(has_limit_above(10_000), ignore_parameters("GET /files", "limit")),
    ),
    "files have only one order": PlantedFault(
        "pagination/files_oldest_first",
        only_if(
            lambda request: request.args.get("order") == "asc",
            ignore_parameters("GET /files", "order"),
        ),
    ),
    "has_more is always false": PlantedFault(
        "pagination/next_page", set_members("GET /batches", has_more=False)
    ),
    "has_more is always true": PlantedFault(
        "pagination/last_page", set_members("GET /batches", has_more=True)
    ),
    "batches are unordered": PlantedFault(
        "pagination/newest_first",
        only_if(
            lambda request: request.args.get("limit") == "100",
            change_body("GET /batches", reverse_page),
        ),
    ),
    # errors
    "a request needs no key": PlantedFault(
        "errors/no_key",
        only_if(
            lambda request: "Authorization" not in request.headers,
            always_respond("GET /batches", 200, '{"object": "list", "data": []}'),
        ),
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
        "errors/request_id",
        set_header("GET /batches", "x-request-id", None),
        also("errors/request_id_of_an_error"),
    ),
    # bodies, and files again
    "a response is a chat completion": PlantedFault(
        "bodies/responses", change_result_lines(as_chat_completion)
    ),
    "a download begins with a byte order mark": PlantedFault(
        "files/content", change_input_files(lambda content: "\ufeff" + content), ALL_CONTENTS
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
        "cancel/cancel", change_status("POST /batches/*/cancel", 200, 409), ALL_CANCELS
    ),
    "a second cancel changes the timestamp": PlantedFault(
        "cancel/seen", change_body("POST /batches/*/cancel", add_to("cancelling_at", by=1))
    ),
    "a completed batch can be cancelled": PlantedFault(
        "cancel/completed",
        change_status("POST /batches/*/cancel", 409, 200),
        also("cancel/failed", "cancel/too_late_changes_nothing"),
    ),
    "lines that never ran count as failed": PlantedFault(
        "cancel/half_done",
        change_batches(
            "cancelled",
            change_counts(
                lambda counts: {**counts, "failed": counts["total"] - counts["completed"]}
            ),
        ),
    ),
    # webhooks
    "the secret is never returned": PlantedFault(
        "webhooks/create",
        remove_member("POST /webhook_endpoints", "signing_secret"),
        also("preparations/webhook_endpoint", "webhooks/rotate"),
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
            "POST /webhook_endpoints",
            lambda body: (
                {
                    **body,
                    "event_types": [t for t in body["event_types"] if t != "batch.failed"],
                }
                if "event_types" in body
                else body
            ),
        ),
        also("webhooks/create", "webhooks/secret_once"),
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
        "portkey/no_provider",
        only_if(
            lambda request: "x-portkey-provider" not in request.headers,
            change_status("GET /batches", 400, 200),
        ),
    ),
    "any provider is accepted": PlantedFault(
        "portkey/bad_provider",
        only_if(
            lambda request: request.headers.get("x-portkey-provider") not in (None, "openai"),
            change_status("GET /batches", 400, 200),
        ),
    ),
    "a config is ignored": PlantedFault(
        "portkey/config", replace_request_header("X-Portkey-Config", "{}")
    ),
    "a key needs the prefix Bearer": PlantedFault(
        "portkey/key_without_bearer",
        only_if(
            lambda request: not request.headers.get("Authorization", "").startswith("Bearer"),
            replace_request_header("Authorization", ""),
        ),
    ),
    "a completion window is required": PlantedFault(
        "portkey/default_window",
        change_request_body("POST /batches", lambda body: {"completion_window": "", **body}),
    ),
    "Portkey's options are passed to the provider": PlantedFault(
        "portkey/options_dropped",
        change_request_body(
            "POST /batches",
            lambda body: (
                {**body, "metadata": {"options": {}}} if "portkey_options" in body else body
            ),
        ),
    ),
    "a broken body is a 400": PlantedFault(
        "portkey/not_json", change_status("POST /batches", 500, 400)
    ),
    "a wrong media type is a 415": PlantedFault(
        "portkey/wrong_type",
        only_if(
            lambda request: request.mimetype != "application/json",
            change_status("POST /batches", 400, 415),
        ),
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
        also("errors/unknown_batch"),
    ),
    "a batch has no output route": PlantedFault(
        "portkey/output",
        always_respond("GET /batches/*/output", 404, '{"error": null}'),
        also("portkey/output_of_failed", "portkey/output_too_early"),
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
