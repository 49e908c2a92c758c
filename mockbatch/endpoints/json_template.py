"""The pattern of many texts: JSON in which only a few values differ."""

import json
import re
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii

from mockbatch.typing import Json

# The names and indexes that lead to a value.
Place = tuple[str | int, ...]

_GAP = re.compile(r'"\\u0000(\d+)\\u0000"')


class JsonTemplate:
    """JSON text with gaps, as `pattern` makes it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def filled(self, values: tuple[str | int, ...]) -> str:
        """Return the text with these values in its gaps, in the order of their places.

        Texts are `escaped`, unless nothing in them needs it.
        """
        return self._text % values


def escaped(text: str) -> str:
    """Return a text as it stands between quotes in JSON."""
    return encode_basestring_ascii(text)[1:-1]


def pattern(value: Json, places: Sequence[Place], end: str) -> JsonTemplate | None:
    """Return the text of a value, and an end, with gaps at places, in the order of the text.

    None if something else in it looks like a gap.
    """
    gapped = value
    for number, place in enumerate(places):
        gapped = _with(gapped, place, f"\0{number}\0")
    text = json.dumps(gapped)
    if [int(number) for number in _GAP.findall(text)] != list(range(len(places))):
        return None
    gaps = ['"%s"' if isinstance(_at(value, place), str) else "%s" for place in places]
    return JsonTemplate(_GAP.sub(lambda gap: gaps[int(gap[1])], text.replace("%", "%%")) + end)


def _at(value: Json, place: Place) -> Json:
    for step in place:
        value = value[step]
    return value


def _with(value: Json, place: Place, new: Json) -> Json:
    """Return a value in which another stands at a place."""
    if not place:
        return new
    step, *rest = place
    changed = value.copy()
    changed[step] = _with(value[step], tuple(rest), new)
    return changed
