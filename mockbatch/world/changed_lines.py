"""Which lines of a batch have a reply of a script, and which were distorted in its files."""

import json
from collections import Counter
from contextlib import suppress

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.output_file import write_output
from mockbatch.typing import Json

#: The files of a larger batch are not written again to compare them.
MAX_LINES = 1000


def find_changed_lines(batch: Batch, now: float) -> dict[str, list[str]]:
    """Return the custom_ids of both kinds of line, in order, schema changed_lines.json.

    A line that is absent from the files counts as distorted. Of a batch that has more than
    MAX_LINES lines, only the first that are scripted are named.
    """
    scripted = [
        _custom_id(_input_line(batch, index)) for index in sorted(batch.replies)[:MAX_LINES]
    ]
    return {"scripted": list(filter(None, scripted)), "distorted": _find_distorted(batch, now)}


def _find_distorted(batch: Batch, now: float) -> list[str]:
    scenario = batch.schedule.scenario
    is_small = batch.input.total <= MAX_LINES
    if scenario.output is None or not is_small or not batch.existing_file_ids(now):
        return []
    plain = replace(batch.schedule, scenario=replace(scenario, output=None))
    usual, shown = _lines(replace(batch, schedule=plain)), Counter(_lines(batch))
    # What a distortion adds has a line of its own, or one whose text is another one.
    changed = [*(Counter(usual) - shown), *(shown - Counter(usual))]
    return list(filter(None, dict.fromkeys(map(_custom_id, changed))))


def _lines(batch: Batch) -> list[bytes]:
    files = write_output(batch, validate=False)
    return [*files.output.lines(), *files.error.lines()]


def _input_line(batch: Batch, index: int) -> bytes:
    with suppress(OSError, ValueError):  # the file may be gone
        return batch.input.read_line(index)
    return b""


def _custom_id(line: bytes) -> str | None:
    with suppress(ValueError):
        document: Json = json.loads(line)
        if isinstance(document, dict) and isinstance(document.get("custom_id"), str):
            return str(document["custom_id"])
    return None
