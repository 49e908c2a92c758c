"""Reads a script from a file: entries as JSON, or a real output file to replay."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from mockbatch.endpoints.scripted_reply import RecordedBody, Reply
from mockbatch.errors import ApiError
from mockbatch.jsonio import parse as parse_json
from mockbatch.scripting.match import Match
from mockbatch.scripting.script import Entry, Script, parse
from mockbatch.typing import Json


def entries_from_output_file(lines: Iterable[bytes]) -> Iterator[Entry]:
    """Yield an entry for each line of a real output or error file, to replay it.

    Raises ValueError that names the line.
    """
    for number, line in enumerate(lines, 1):
        if not line.isspace():
            try:
                yield _parse_recorded_line(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error


def load_script(path: str) -> Script:
    """Return the script in a file: a JSON list of entries, or a real `.jsonl` to replay.

    Raises ValueError with one line that says what is wrong and where.
    """
    try:
        if path.endswith(".jsonl"):
            with Path(path).open("rb") as lines:
                return Script(tuple(entries_from_output_file(lines)))
        document = parse_json(Path(path).read_bytes())
        if not isinstance(document, list):
            raise ValueError('it is not a list of {"match": ..., "reply": ...}')
        entries = (parse(entry, f"[{index}]") for index, entry in enumerate(document))
        return Script(tuple(entries))
    except (ApiError, OSError, ValueError) as error:
        location = f" at {error.param}" if isinstance(error, ApiError) else ""
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValueError(" ".join(f"{path}{location}: {reason}".split())) from error


def _parse_recorded_line(line: bytes) -> Entry:
    """Return the entry that replays a line; ValueError if it is not a line of such a file."""
    value = parse_json(line)
    if not isinstance(value, dict) or not isinstance(value.get("custom_id"), str):
        raise ValueError("it has no custom_id, as lines of output and error files have")
    response, error = value.get("response"), value.get("error")
    if not response and not error:
        hint = "; it is one of an input file" if "url" in value else ""
        raise ValueError(f"it has neither a response nor an error{hint}")
    document: dict[str, Json] = {"raw": True}
    if response:
        status_code = response.get("status_code") if isinstance(response, dict) else None
        if type(status_code) is not int or not 0 <= status_code < 600 or "body" not in response:
            raise ValueError("its response has no status_code and body")
        if status_code != 200:
            document["status_code"] = status_code
        document["body"] = RecordedBody(line)
    if error:
        if not isinstance(error, dict):
            raise ValueError("its error is not an object")
        document["error"] = error
    match = Match.for_custom_id(value["custom_id"])
    return Entry(match, replace(Reply.from_valid_document(document), match=match))
