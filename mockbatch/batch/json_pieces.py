"""The JSON of a value in pieces, between which other values of the same places fit."""

import copy
import json
import re
from collections.abc import Sequence
from functools import reduce
from operator import getitem

from mockbatch.typing import Json

# The names and indexes that lead to a value in a JSON document.
JsonPath = tuple[str | int, ...]

_GAP = re.compile(r'"\\u0000(\d+)\\u0000"')


def split_json(value: Json, paths: Sequence[JsonPath]) -> list[str] | None:
    """Return the JSON of a value in pieces, without the values at the paths between them.

    The paths are in the order of the text. The quotes of a string stay: escaped text fits
    between them. Returns None if something else in the value looks like a gap.
    """
    gapped = copy.deepcopy(value)
    strings = []
    for number, (*steps, last) in enumerate(paths):
        parent = reduce(getitem, steps, gapped)
        if isinstance(parent[last], str):
            strings.append(number)
        parent[last] = f"\0{number}\0"
    pieces = _GAP.split(json.dumps(gapped))
    if [int(number) for number in pieces[1::2]] != list(range(len(paths))):
        return None
    literals = pieces[::2]
    for number in strings:
        literals[number] += '"'
        literals[number + 1] = '"' + literals[number + 1]
    return literals
