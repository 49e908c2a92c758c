"""Every failure that the API tells of, worded once, and where its wording comes from.

The table is wordings.json, a line for each, so that a correction is one line. Tests hold
observed texts to the letter, remembered ones only to their status, code and param.
"""

import json
from collections.abc import Mapping
from importlib import resources
from typing import NamedTuple

INVALID_REQUEST = "invalid_request_error"

# Where a text comes from.
OBSERVED = "observed"  # in recorded traffic, or quoted from it by those who met it
REMEMBERED = "remembered"  # known to exist, its exact wording unverified
OURS = "mockbatch"  # only a mock can say it


class Wording(NamedTuple):
    """One failure: `status` as in HTTP (0 for one that no answer has), texts with {fields}."""

    status: int
    code: str | None
    param: str | None
    message: str
    source: str
    type: str = INVALID_REQUEST


def _read() -> Mapping[str, Wording]:
    path = resources.files("mockbatch").joinpath("wordings.json")
    groups = json.loads(path.read_bytes())
    return {name: Wording(**row) for group in groups.values() for name, row in group.items()}


WORDINGS: Mapping[str, Wording] = _read()
