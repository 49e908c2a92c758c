"""Every failure that the API tells of, worded once, and where its wording comes from.

A correction is one line here. Tests hold observed texts to the letter, remembered ones only
to their status, code and param.
"""

from collections.abc import Mapping
from dataclasses import dataclass

INVALID_REQUEST = "invalid_request_error"

# Where a text comes from.
OBSERVED = "observed"  # in recorded traffic, or quoted from it by those who met it
REMEMBERED = "remembered"  # known to exist, its exact wording unverified
OURS = "mockbatch"  # only a mock can say it


@dataclass(frozen=True, slots=True)
class Wording:
    """One failure: `status` as in HTTP (ignored in a batch's `errors`), texts with {fields}."""

    status: int
    code: str | None
    param: str | None
    message: str
    source: str
    type: str = INVALID_REQUEST


WORDINGS: Mapping[str, Wording] = {
    # --- any request
    "no_authorization": Wording(
        401, None, None, "Missing bearer or basic authentication in header", OBSERVED
    ),
    "wrong_key": Wording(
        401,
        "invalid_api_key",
        None,
        "Incorrect API key provided: {key}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        OBSERVED,
    ),
    "unknown_url": Wording(404, None, None, "Invalid URL ({method} {path})", OBSERVED),
    "wrong_method": Wording(
        405, "method_not_supported", None, "Not allowed to {method} on {path}.", REMEMBERED
    ),
    "not_json": Wording(
        400,
        None,
        None,
        "We could not parse the JSON body of your request. (HINT: This likely means you "
        "aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but "
        "what was sent was not valid JSON.)",
        REMEMBERED,
    ),
    "too_large": Wording(
        413, None, None, "The request is larger than the {limit} bytes allowed.", REMEMBERED
    ),
    "bad_request": Wording(400, None, None, "{detail}", OURS),
    "server_error": Wording(
        500,
        None,
        None,
        "The mock itself failed while it handled this request: a bug of mockbatch, not of "
        "your client. Its log says where.",
        OURS,
        type="server_error",
    ),
    # --- parameters
    "missing_parameter": Wording(
        400,
        "missing_required_parameter",
        "{param}",
        "Missing required parameter: '{param}'.",
        OBSERVED,
    ),
    "invalid_type": Wording(
        400,
        "invalid_type",
        "{param}",
        "Invalid type for '{param}': expected {expected}, but got {actual} instead.",
        OBSERVED,
    ),
    "unsupported_value": Wording(
        400,
        "invalid_value",
        "{param}",
        "Invalid value: '{value}'. Supported values are: {supported}.",
        OBSERVED,
    ),
    "only_value": Wording(
        400,
        "invalid_value",
        "{param}",
        "Invalid value: '{value}'. Value must be {supported}.",
        REMEMBERED,
    ),
    "invalid_value": Wording(400, "invalid_value", "{param}", "Invalid '{param}': {why}.", OURS),
    "unknown_parameter": Wording(
        400, "unknown_parameter", "{param}", "Unknown parameter: '{param}'.", REMEMBERED
    ),
    "above_maximum": Wording(
        400,
        "integer_above_max_value",
        "{param}",
        "Invalid '{param}': integer above maximum value. Expected a value <= {limit}, but got "
        "{value} instead.",
        OBSERVED,
    ),
    "below_minimum": Wording(
        400,
        "integer_below_min_value",
        "{param}",
        "Invalid '{param}': integer below minimum value. Expected a value >= {limit}, but got "
        "{value} instead.",
        REMEMBERED,
    ),
    "string_too_long": Wording(
        400,
        "string_above_max_length",
        "{param}",
        "Invalid '{param}': string too long. Expected a string with maximum length {limit}, but "
        "got a string with length {length} instead.",
        REMEMBERED,
    ),
    "string_too_short": Wording(
        400,
        "string_below_min_length",
        "{param}",
        "Invalid '{param}': string too short. Expected a string with minimum length {limit}, but "
        "got a string with length {length} instead.",
        REMEMBERED,
    ),
    "array_too_long": Wording(
        400,
        "array_above_max_length",
        "{param}",
        "Invalid '{param}': array too long. Expected an array with maximum length {limit}, but "
        "got an array with length {length} instead.",
        REMEMBERED,
    ),
    "array_too_short": Wording(
        400,
        "empty_array",
        "{param}",
        "Invalid '{param}': empty array. Expected an array with minimum length {limit}, but got "
        "an array with length {length} instead.",
        REMEMBERED,
    ),
    "too_many_properties": Wording(
        400,
        "object_above_max_properties",
        "{param}",
        "Invalid '{param}': too many properties. Expected an object with at most {limit} "
        "properties, but got an object with {length} properties instead.",
        REMEMBERED,
    ),
    "key_too_long": Wording(
        400,
        "string_above_max_length",
        "{param}",
        "Invalid key in '{param}': string too long. Expected a string with maximum length "
        "{limit}, but got a string with length {length} instead.",
        REMEMBERED,
    ),
    # --- files
    "no_such_file": Wording(404, None, "id", "No such File object: {id}", OBSERVED),
    "not_jsonl": Wording(
        400, None, None, "Invalid file format for Batch API. Must be .jsonl", OBSERVED
    ),
    "not_utf8": Wording(
        400, None, None, "Invalid file for Batch API. Must be utf-8 encoded", OBSERVED
    ),
    "input_too_large": Wording(
        413, None, None, "The batch input file is larger than the {limit} maximum", REMEMBERED
    ),
    "missing_part": Wording(400, None, None, "'{param}' is a required property", REMEMBERED),
    "bad_purpose": Wording(
        400, None, None, "'{value}' is not one of [{supported}] - 'purpose'", REMEMBERED
    ),
    # --- batches
    "no_such_batch": Wording(404, None, None, "No batch found with id '{id}'.", OBSERVED),
    "not_a_batch_id": Wording(
        400,
        "invalid_value",
        "batch_id",
        "Invalid 'batch_id': '{id}'. Expected an ID that begins with 'batch'.",
        OBSERVED,
    ),
    "cannot_cancel": Wording(
        409, None, None, "Cannot cancel a batch with status '{status}'.", OBSERVED
    ),
    "unknown_cursor": Wording(
        400, "invalid_value", "after", "Invalid 'after': no object with id '{id}'.", REMEMBERED
    ),
    # --- a batch's `errors`, found by validation
    "file_not_found": Wording(
        400,
        "invalid_request",
        "file_id",
        "Cannot find file {id}, or organization {organization} does not have access to it.",
        OBSERVED,
    ),
    "empty_file": Wording(
        400, "empty_file", None, "The input file contains no requests.", REMEMBERED
    ),
    "too_many_lines": Wording(
        400,
        "too_many_tasks",
        None,
        "The input file contains more than {limit} requests.",
        REMEMBERED,
    ),
    "too_many_embedding_inputs": Wording(
        400,
        "too_many_tasks",
        None,
        "The input file contains more than {limit} embedding inputs.",
        REMEMBERED,
    ),
    "invalid_json_line": Wording(
        400, "invalid_json_line", None, "This line is not parseable as valid JSON.", OBSERVED
    ),
    "line_not_an_object": Wording(
        400, "invalid_json_line", None, "This line is not a JSON object.", REMEMBERED
    ),
    "invalid_method": Wording(
        400, "invalid_method", "method", "The method must be 'POST'.", REMEMBERED
    ),
    "invalid_url": Wording(
        400,
        "invalid_url",
        "url",
        "The URL provided for this request does not match the batch endpoint.",
        OBSERVED,
    ),
    "no_model": Wording(
        400, "invalid_request", "body.model", "Model parameter is required.", OBSERVED
    ),
    "no_messages": Wording(
        400,
        "missing_required_parameter",
        "body.messages",
        "Missing required parameter: 'messages'.",
        OBSERVED,
    ),
    "streaming_unsupported": Wording(
        400,
        "streaming_unsupported",
        "body.stream",
        "{product}: Streaming is not supported in the Batch API.",
        OBSERVED,
    ),
    "mismatched_model": Wording(
        400,
        "mismatched_model",
        "body.model",
        "The model '{model}' for this request does not match the rest of the batch. Each batch "
        "must contain requests for a single model.",
        REMEMBERED,
    ),
    "duplicate_custom_id": Wording(
        400,
        "duplicate_custom_id",
        "custom_id",
        "The custom_id '{custom_id}' for this request is a duplicate of another request. The "
        "custom_id parameter must be unique for each request in a batch.",
        REMEMBERED,
    ),
    # --- lines that never ran
    "batch_expired": Wording(
        0,
        "batch_expired",
        None,
        "This request could not be executed before the completion window expired.",
        OBSERVED,
    ),
    "batch_cancelled": Wording(
        0,
        "batch_cancelled",
        None,
        "This request could not be executed before the batch was cancelled.",
        REMEMBERED,
    ),
    # --- what only the mock says
    "illegal_command": Wording(409, "illegal_command", None, "{why}", OURS),
    "clock_is_past": Wording(
        409,
        "clock_is_past",
        "to",
        "The simulated clock stands at {now} and moves forward only; {to} is past. "
        "POST /_mock/reset begins anew.",
        OURS,
    ),
    "unreachable_status": Wording(
        409,
        "unreachable_status",
        "status",
        "Batch '{id}' will not become '{wanted}': {why}",
        OURS,
    ),
    "nothing_due": Wording(409, "nothing_due", "next_event", "Nothing is due in this world.", OURS),
    "unknown_scenario": Wording(
        400,
        "unknown_scenario",
        "{param}",
        "There is no scenario '{name}'. {near}",
        OURS,
    ),
    "foreign_caller": Wording(
        403,
        "foreign_caller",
        None,
        "The control API answers callers on this machine only, and the {header} header says "
        "'{value}'.",
        OURS,
    ),
    "which_world": Wording(
        400,
        "which_world",
        None,
        "This server holds several worlds: send the Authorization header of one of {keys}.",
        OURS,
    ),
    "not_the_owner": Wording(
        403,
        "not_the_owner",
        "all",
        "Only the key that `mockbatch serve` printed may reset every world.",
        OURS,
    ),
    "nobody_moves_the_clock": Wording(
        400,
        "nobody_moves_the_clock",
        None,
        "Batch '{id}' was retrieved {count} times while nobody moved the simulated clock: it will "
        "stay '{status}' for ever. Use skip_sleep() around the polling loop, move the clock with "
        'advance() or run_until(), or choose clock="on-poll".',
        OURS,
    ),
}
