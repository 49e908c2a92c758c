"""Planted faults in ended batches and their results: each breaks one case of the whole contract."""

from collections.abc import Callable, Mapping

from werkzeug.wrappers import Response

from mockbatch.typing import Json
from tests.contract.planting import (
    PlantedFault,
    Respond,
    add_to,
    change_batches,
    change_counts,
    change_responses,
    change_result_files,
    change_result_lines,
    change_results,
    change_uploaded_file,
)

THIRTY_DAYS = 30 * 24 * 3600


def change_result_downloads(change: Callable[[Response], None]) -> Respond:
    """Change the downloads of output and error files."""

    def change_response(response: Response) -> None:
        if b'"response":' in response.get_data():
            change(response)

    return change_responses("GET /files/*/content", change_response)


def change_line_responses(change: Callable[[Json], Json]) -> Respond:
    """Change the response in each line that has one."""
    return change_result_lines(
        lambda line: {**line, "response": line["response"] and change(line["response"])}
    )


def set_content_type(response: Response) -> None:
    """Name the lines what they are."""
    response.headers["Content-Type"] = "application/jsonl"


def remove_lone_result(response: Response) -> None:
    """Treat the results of a batch of one chat completion as gone."""
    if response.get_data().count(b"\n") == 1 and b'"chat.completion"' in response.get_data():
        response.status_code = 404


def set_file_id(name: str, value: str, count: str) -> Respond:
    """Set the id of a file that a completed batch lacks, because a count of it is zero."""
    return change_batches(
        "completed",
        lambda batch: batch if batch["request_counts"][count] else {**batch, name: value},
    )


def count_others_as_failed(counts: Mapping[str, int]) -> Json:
    """Count the lines that never ran as failed."""
    return {**counts, "failed": counts["total"] - counts["completed"]}


def count_none_as_failed(counts: Mapping[str, int]) -> Json:
    """Count all lines as completed, but for a batch in which all have failed."""
    total = counts["total"]
    return {**counts, "completed": total, "failed": 0} if counts["completed"] else counts


def never_expire_by_default(file: Json) -> Json:
    """Remove the expiry unless a batch has requested another."""
    is_default = file["expires_at"] == file["created_at"] + THIRTY_DAYS
    return {**file, "expires_at": None} if is_default else file


OUTPUT: Mapping[str, PlantedFault] = {
    "a completed batch has failed, too": PlantedFault(
        "output/completed",
        change_batches("completed", lambda batch: {**batch, "failed_at": batch["created_at"]}),
    ),
    "a batch is finalizing before it is in progress": PlantedFault(
        "output/timestamps_in_order",
        change_batches(
            "completed", lambda batch: {**batch, "finalizing_at": batch["in_progress_at"] - 1}
        ),
    ),
    "failed lines count as completed": PlantedFault(
        "output/counts", change_batches("completed", change_counts(count_none_as_failed))
    ),
    "a completed batch forgets its input file": PlantedFault(
        "output/echo", change_batches("completed", lambda batch: {**batch, "input_file_id": "x"})
    ),
    "usage is missing": PlantedFault(
        "output/usage", change_batches("completed", lambda batch: {**batch, "usage": None})
    ),
    "the total of a batch is not a sum": PlantedFault(
        "output/usage_total",
        change_batches(
            "completed",
            lambda batch: {**batch, "usage": add_to("total_tokens", by=1)(batch["usage"])},
        ),
    ),
    "a batch has another model": PlantedFault(
        "output/model", change_batches("completed", lambda batch: {**batch, "model": "other"})
    ),
    "a custom_id is wrong": PlantedFault(
        "output/results",
        change_result_lines(lambda line: {**line, "custom_id": f"{line['custom_id']}x"}),
    ),
    "a line is not JSON": PlantedFault(
        "output/json_lines", change_results(lambda text: f"{text}oops\n")
    ),
    "the id of a line is a number": PlantedFault(
        "output/line", change_result_lines(lambda line: {**line, "id": 1})
    ),
    "a line has no id": PlantedFault(
        "output/line",
        change_result_lines(lambda line: {name: line[name] for name in line if name != "id"}),
    ),
    "a line with a response has an error of its own": PlantedFault(
        "output/line_error",
        change_result_lines(
            lambda line: {**line, "error": {"code": "x"} if line["response"] else line["error"]}
        ),
    ),
    "status_code is a string": PlantedFault(
        "output/line_response",
        change_line_responses(
            lambda response: {**response, "status_code": str(response["status_code"])}
        ),
    ),
    "a response has no request_id": PlantedFault(
        "output/line_response",
        change_line_responses(lambda response: {**response, "request_id": None}),
    ),
    "ids of lines are UUIDs": PlantedFault(
        "output/line_ids",
        change_result_lines(lambda line: {**line, "id": line["id"].removeprefix("batch_req_")}),
    ),
    "the last newline is missing": PlantedFault(
        "output/newline", change_results(lambda text: text.removesuffix("\n"))
    ),
    "results have CR LF for each LF": PlantedFault(
        "output/newline", change_results(lambda text: text.replace("\n", "\r\n"))
    ),
    "results are JSONL by their media type": PlantedFault(
        "output/media_type", change_result_downloads(set_content_type)
    ),
    "the size of results is one byte off": PlantedFault(
        "output/size", change_result_files(add_to("bytes", by=1))
    ),
    "results are named output.jsonl": PlantedFault(
        "output/output_file",
        change_result_files(lambda file: {**file, "filename": "output.jsonl"}),
    ),
    "results never expire": PlantedFault(
        "output/thirty_days", change_result_files(never_expire_by_default)
    ),
    "results expire after a month, whatever was requested": PlantedFault(
        "output/expires_as_requested",
        change_result_files(lambda file: {**file, "expires_at": file["created_at"] + THIRTY_DAYS}),
    ),
    "a failed request is a 422": PlantedFault(
        "output/error_file",
        change_line_responses(
            lambda response: {
                **response,
                "status_code": {400: 422}.get(response["status_code"], response["status_code"]),
            }
        ),
    ),
    "an output file is named that does not exist": PlantedFault(
        "output/all_requests_failed", set_file_id("output_file_id", "file-x", "completed")
    ),
    "the id of a missing error file is an empty string": PlantedFault(
        "output/no_request_failed", set_file_id("error_file_id", "", "failed")
    ),
    "the results appear too early": PlantedFault(
        "output/not_before_the_end",
        change_batches("in_progress", lambda batch: {**batch, "output_file_id": "file-x"}),
    ),
    "a last line without a newline is ignored": PlantedFault(
        "output/last_line",
        change_uploaded_file(lambda content: content[: content.rfind(b"\n") + 1] or content),
    ),
    "results are gone once the input file is": PlantedFault(
        "output/input_deleted", change_result_downloads(remove_lone_result)
    ),
    "expired lines count as failed": PlantedFault(
        "output/expired", change_batches("expired", change_counts(count_others_as_failed))
    ),
}
