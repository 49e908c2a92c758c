"""Samplers: a schema that a client sent, prepared once to generate values for many prompts."""

import json
from functools import lru_cache

from mockbatch.endpoints.structured_output.alternatives import Document, NoSampleError
from mockbatch.endpoints.structured_output.depth import MinimumDepth
from mockbatch.endpoints.structured_output.generator import SampleGenerator
from mockbatch.ids import Seed
from mockbatch.typing import Json

# The attempts to generate a value, in order: the number of the draw, and whether to generate
# only what is required.
_ATTEMPTS = tuple((number, minimal) for number in range(4) for minimal in (False, True))


class SchemaSampler:
    """Generates values of a schema, each checked by jsonschema.

    One value is generated and checked beforehand, and used where other attempts fail.
    """

    def __init__(self, schema: Json) -> None:
        """Prepare a schema; raises NoSampleError if no value of it was found."""
        # Imported here because few clients send schemas, and it loads jsonschema.
        from mockbatch.validation.client_schema import ClientSchema

        self._document = Document(schema)
        self._depths = MinimumDepth(self._document)
        self._schema = ClientSchema(schema)
        self._fallback = self._find_first_value()

    def generate(self, prompt: str, index: int = 0) -> Json:
        """Return the value for a prompt, in reply `index`, counted from 0."""
        budget = self._schema.new_budget()
        for number, minimal in _ATTEMPTS[:3]:
            try:
                value = self._draw(prompt, index, number, minimal=minimal)
            except (NoSampleError, RecursionError):
                continue
            if self._schema.first_violation(value, budget) is None:
                return value
        return self._fallback

    def generate_text(self, prompt: str, index: int = 0) -> str:
        """Return the value for a prompt as JSON, as compact as the service writes it."""
        return compact_json(self.generate(prompt, index))

    def _draw(self, prompt: str, index: int, number: int, *, minimal: bool) -> Json:
        random = Seed.of("structured", prompt, index, number).random()
        generator = SampleGenerator(self._document, self._depths, random, prompt, index)
        return generator.generate(minimal=minimal)

    def _find_first_value(self) -> Json:
        """Return the first of some values that fits; NoSampleError says why none does."""
        failure = NoSampleError("no value was found")
        budget = self._schema.new_budget()
        for number, minimal in _ATTEMPTS:
            try:
                value = self._draw("", 0, number, minimal=minimal)
            except NoSampleError as error:
                failure = error
                continue
            violation = self._schema.first_violation(value, budget)
            if violation is None:
                return value
            failure = NoSampleError(*violation)
        raise failure


def compact_json(value: Json) -> str:
    """Return a value as the service writes it: without spaces, non-ASCII characters unescaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Half a surrogate pair, from the names of a schema, is JSON only if escaped.
    return text if text.isascii() or _is_utf_8(text) else json.dumps(value, separators=(",", ":"))


def _is_utf_8(text: str) -> bool:
    return text.encode("utf-8", "replace").decode("utf-8") == text


def get_sampler(schema: Json) -> SchemaSampler:
    """Return the sampler of a JSON Schema; raises NoSampleError if no value of it was found."""
    result = _cached_sampler(json.dumps(schema))
    if isinstance(result, NoSampleError):
        raise NoSampleError(str(result), result.path)
    return result


@lru_cache(maxsize=64)
def _cached_sampler(schema_json: str) -> SchemaSampler | NoSampleError:
    try:
        return SchemaSampler(json.loads(schema_json))
    except NoSampleError as error:
        return error.with_traceback(None)
    except RecursionError:
        return NoSampleError("it is nested too deeply")
