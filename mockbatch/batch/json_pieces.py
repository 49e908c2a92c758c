"""Cuts the JSON text of a document where values are to be filled in."""

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
    """Return the JSON text around the values at `paths`, cut at each of them.

    The paths are in the order of the text. Pieces keep the quotes around a string. Returns None
    if the value already contains text that looks like a placeholder.
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
