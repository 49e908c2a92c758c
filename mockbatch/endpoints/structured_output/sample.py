"""Samplers: a schema that a client sent, prepared once to generate values for many prompts."""

import json
from functools import lru_cache

from mockbatch.endpoints.structured_output.alternatives import (
    Document,
    NoSampleError,
    TooCostlyError,
)
from mockbatch.endpoints.structured_output.depth import MinimumDepth
from mockbatch.endpoints.structured_output.generator import SampleGenerator
from mockbatch.endpoints.text import marked_replies
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.step_budget import (
    BudgetSpentError,
    StepBudget,
    generation_budget,
    preparation_budget,
    remember_work,
)

#: Longer schemas are prepared each time, because the memory for keeping them would be large.
MAX_CACHED_CHARACTERS = 1 << 18
_TOO_COSTLY = "it takes too long to find a value"
# How many characters of a schema one step reads.
_CHARACTERS_PER_STEP = 20
# The attempts to generate a value, in order: the number of the draw, and whether to generate
# only what is required.
_ATTEMPTS = tuple((number, minimal) for number in range(4) for minimal in (False, True))


class SchemaSampler:
    """Generates values of a schema, each checked by jsonschema.

    One value is generated and checked beforehand, and used where other attempts fail.
    """

    def __init__(self, schema: Json, size: int, budget: StepBudget) -> None:
        """Prepare a schema of `size` characters; NoSampleError if no value of it was found."""
        # Imported here because few clients send schemas, and it loads jsonschema.
        from mockbatch.validation.client_schema import ClientSchema

        try:
            budget.spend(size // _CHARACTERS_PER_STEP)
            self._document = Document(schema, budget)
            self._depths = MinimumDepth(self._document)
            self._schema = ClientSchema(schema)
            self._fallback = self._find_first_value(budget)
        except (BudgetSpentError, NoSampleError) as error:
            if not budget.is_spent:
                raise
            raise TooCostlyError(_TOO_COSTLY) from error
        # For parts that only later values need: their cost is not charged to the present client.
        self._document.budget = StepBudget()

    def generate(self, prompt: str, index: int = 0) -> Json:
        """Return the value for a prompt, in reply `index`, counted from 0."""
        budget = generation_budget()
        for number, minimal in _ATTEMPTS[:3]:
            try:
                value = self._draw(prompt, index, number, budget, minimal=minimal)
            except (BudgetSpentError, NoSampleError, RecursionError):
                continue
            if self._schema.first_violation(value, budget) is None:
                return value
        return self._fallback

    def generate_text(self, prompt: str, index: int = 0) -> str:
        """Return the value for a prompt as JSON, as compact as the service writes it."""
        return compact_json(self.generate(prompt, index))

    def _draw(
        self, prompt: str, index: int, number: int, budget: StepBudget, *, minimal: bool
    ) -> Json:
        random = Seed.of("structured", prompt, index, number).random()
        generator = SampleGenerator(self._document, self._depths, random, prompt, index, budget)
        return generator.generate(minimal=minimal)

    def _find_first_value(self, budget: StepBudget) -> Json:
        """Return the first of some values that fits; NoSampleError says why none does."""
        failure = NoSampleError("no value was found")
        for number, minimal in _ATTEMPTS:
            try:
                # It serves many requests, and so it must not have the mark of one.
                with marked_replies(""):
                    value = self._draw("", 0, number, budget, minimal=minimal)
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
    """Return the sampler of a JSON Schema; raises NoSampleError if no value of it was found.

    It is a TooCostlyError if the budget for it is spent, and then not remembered: the budget of
    another client may suffice.
    """
    text, budget = json.dumps(schema), preparation_budget()
    is_long = len(text) > MAX_CACHED_CHARACTERS
    find = _cached_sampler.__wrapped__ if is_long else _cached_sampler
    try:
        result = remember_work("sampler", find, budget, text)
    except BudgetSpentError as error:
        raise TooCostlyError(_TOO_COSTLY) from error
    if isinstance(result, NoSampleError):
        raise NoSampleError(str(result), result.path)
    return result


@lru_cache(maxsize=64)
def _cached_sampler(schema_json: str) -> tuple[SchemaSampler | NoSampleError, int]:
    """Return the sampler of a schema, or why it has none, and the steps that this took."""
    budget = preparation_budget()
    left = budget.steps_left
    result = _make_sampler(schema_json, budget)
    return result, left - budget.steps_left


def _make_sampler(schema_json: str, budget: StepBudget) -> SchemaSampler | NoSampleError:
    try:
        return SchemaSampler(json.loads(schema_json), len(schema_json), budget)
    except TooCostlyError:
        raise
    except NoSampleError as error:
        return error.with_traceback(None)
    except RecursionError:
        return NoSampleError("it is nested too deeply")
