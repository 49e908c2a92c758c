"""A batch with a guard against each misfortune; arguments name guards to leave out."""

import json
import sys
import time
import urllib.error
from collections.abc import Callable
from typing import Any, TypeVar

import api

OFF = set(sys.argv[1:])
RUN = "run-1"
DEADLINE_SECONDS = 26 * 3600
FINAL = {"completed", "failed", "expired", "cancelled"}
Result = TypeVar("Result")


def on(guard: str) -> bool:
    """Return whether a guard is in place."""
    return guard not in OFF


def patiently(call: Callable[[], Result], not_yet: tuple[int, ...] = ()) -> Result:
    """Return the result of a call, repeated while the server cannot answer it."""
    for attempt in range(8):
        try:
            return call()
        except urllib.error.HTTPError as error:
            if error.code not in (429, 500, 502, 503, *not_yet):
                raise
        except (OSError, json.JSONDecodeError):
            pass
        time.sleep(2**attempt)
    return call()


def find_batch() -> dict[str, Any] | None:
    """Return the batch of this run, if its creation got through after all."""
    batches = patiently(lambda: api.call_json("GET", "/batches?limit=100"))["data"]
    return next((one for one in batches if (one["metadata"] or {}).get("run") == RUN), None)


def create_once(file_id: str) -> dict[str, Any]:
    """Create a batch, or find the one that was created although the response was lost."""
    for attempt in range(8):
        try:
            return api.create(file_id, metadata={"run": RUN})
        except urllib.error.HTTPError as error:
            if error.code not in (400, 429, 500, 502, 503) or not on("retry create"):
                raise
        except OSError:
            pass
        time.sleep(10 * 2**attempt)
        found = find_batch() if on("find") else None
        if found:
            return found
    raise SystemExit("the batch cannot be created")


def retrieve(id: str) -> dict[str, Any]:
    """Retrieve a batch, which may not be visible yet."""
    if not on("retry poll"):
        return api.retrieve(id)
    return patiently(lambda: api.retrieve(id), (404,) if on("not visible") else ())


def wait(batch: dict[str, Any]) -> dict[str, Any]:
    """Wait for the end of a batch; cancel it at the deadline."""
    final = FINAL if on("expired") else FINAL - {"expired"}
    start, cancelled = time.time(), False
    while batch["status"] not in final:
        time.sleep(60)
        batch = retrieve(batch["id"])
        if on("deadline") and time.time() > start + DEADLINE_SECONDS and not cancelled:
            batch = patiently(lambda id=batch["id"]: api.call_json("POST", f"/batches/{id}/cancel"))
            cancelled = True
    return batch


def split(text: str) -> list[str]:
    """Return the lines of a file; only a line feed ends one."""
    return text.split("\n") if on("separators") else text.splitlines()


def read(file_id: str | None, expected: int) -> list[dict[str, Any]]:
    """Return the lines of a file, which is downloaded again if it is cut."""
    if not file_id:
        return []
    lines: list[dict[str, Any]] = []
    for _ in range(3):
        download = lambda: api.download(file_id)  # noqa: E731
        text = patiently(download) if on("retry download") else download()
        lines, broken = [], 0
        for line in split(text):
            if line.strip():
                try:
                    lines.append(json.loads(line))
                except json.JSONDecodeError:
                    if not on("broken line"):
                        raise
                    broken += 1
        if len(lines) >= expected or not on("cut"):
            break
    return lines


def main() -> None:
    """Print each answer, and name each question without one."""
    file_id = patiently(lambda: api.upload(api.input_lines(api.QUESTIONS)))
    batch = wait(create_once(file_id))
    if on("batch errors"):
        for error in (batch["errors"] or {}).get("data", []):
            print("the batch failed:", error["code"], error["message"])
    counts = batch["request_counts"]
    answers = {}
    for line in read(batch["output_file_id"], counts["completed"]):
        answers[line["custom_id"]] = api.text_of(line)
    reasons = {}
    if on("error file"):
        for line in read(batch["error_file_id"], counts["failed"]):
            reasons[line["custom_id"]] = line["error"] or line["response"]["body"]["error"]
    are_missing = on("absent") and len(answers) < counts["completed"]
    for id in api.QUESTIONS:
        if id in answers:
            print(id, answers[id])
        elif id in reasons or are_missing:
            print(id, "HAS NO ANSWER:", reasons.get(id, "it is in neither file"))


main()
