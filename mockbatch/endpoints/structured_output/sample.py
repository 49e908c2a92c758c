"""A schema that a client sent, ready for many replies: made once for all who send it."""

import json
from functools import lru_cache

from mockbatch.endpoints.structured_output.alternatives import Document, NoSampleError
from mockbatch.endpoints.structured_output.depth import MinimumDepth
from mockbatch.endpoints.structured_output.generator import SampleGenerator
from mockbatch.ids import Seed
from mockbatch.typing import Json

# Which draw, and whether a brief one, is tried after which.
_ATTEMPTS = tuple((number, brief) for number in range(4) for brief in (False, True))


class SchemaSampler:
    """What replies to a schema look like. One value of it is known to fit from the beginning."""

    def __init__(self, schema: Json) -> None:
        # Few clients send schemas, and loading what judges by them takes long.
        from mockbatch.validation.client_schema import ClientSchema

        self._document = Document(schema)
        self._heights = MinimumDepth(self._document)
        self._judge = ClientSchema(schema)
        self._known = self._first_value()

    def value(self, asked: str, place: int = 0) -> Json:
        """Return the value for what was asked, in the reply of that place from 0."""
        steps = self._judge.steps()
        for number, brief in _ATTEMPTS[:3]:
            try:
                made = self._made(asked, place, number, brief=brief)
            except (NoSampleError, RecursionError):
                continue
            if self._judge.breach(made, steps) is None:
                return made
        return self._known

    def text(self, asked: str, place: int = 0) -> str:
        """Return the value as JSON, as compact as the service writes it."""
        return compact_json(self.value(asked, place))

    def _made(self, asked: str, place: int, number: int, *, brief: bool) -> Json:
        random = Seed.of("structured", asked, place, number).random()
        return SampleGenerator(self._document, self._heights, random, asked, place).make(
            brief=brief
        )

    def _first_value(self) -> Json:
        """Return the first of some values that fits; raises CannotMakeError that tells why not."""
        failure = NoSampleError("no value was found")
        steps = self._judge.steps()
        for number, brief in _ATTEMPTS:
            try:
                made = self._made("", 0, number, brief=brief)
            except NoSampleError as error:
                failure = error
                continue
            breach = self._judge.breach(made, steps)
            if breach is None:
                return made
            failure = NoSampleError(*breach)
        raise failure


def compact_json(value: Json) -> str:
    """Return a value as the service writes it: compact, and in its own letters."""
    made = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Half a surrogate pair, from the names of a schema, is JSON only as an escape.
    return made if made.isascii() or _is_utf_8(made) else json.dumps(value, separators=(",", ":"))


def _is_utf_8(made: str) -> bool:
    return made.encode("utf-8", "replace").decode("utf-8") == made


def get_sampler(schema: Json) -> SchemaSampler:
    """Return the shape of a JSON Schema; raises CannotMakeError if no value of it was found."""
    found = _cached_sampler(json.dumps(schema))
    if isinstance(found, NoSampleError):
        raise NoSampleError(str(found), found.place)
    return found


@lru_cache(maxsize=64)
def _cached_sampler(sent: str) -> SchemaSampler | NoSampleError:
    try:
        return SchemaSampler(json.loads(sent))
    except NoSampleError as error:
        return error.with_traceback(None)
    except RecursionError:
        return NoSampleError("it is nested too deeply")
