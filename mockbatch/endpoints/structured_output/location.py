"""Where a schema stands in a request, and how it is refused there."""

from dataclasses import dataclass, replace

from mockbatch.endpoints.structured_output.alternatives import NoSampleError
from mockbatch.endpoints.structured_output.sample import SchemaSampler, get_sampler
from mockbatch.endpoints.structured_output.strict import SchemaIssue
from mockbatch.errors import ApiError, NoReplyPossibleError, api_error
from mockbatch.typing import Json


@dataclass(frozen=True, slots=True)
class SchemaLocation:
    """Where a schema stands: `what` it is of, in OpenAI's words, its `param` and their `code`."""

    what: str
    param: str
    code: str | None

    def check(self, fault: SchemaIssue | None) -> None:
        """Raise the ApiError of what is wrong with the schema here."""
        if fault is not None:
            raise self._refusal(fault.name, **fault.fields)

    def shape(self, schema: Json) -> SchemaSampler:
        """Return what replies to the schema look like; raises ApiError 400 if none is found."""
        try:
            return get_sampler(schema)
        except NoSampleError as error:
            raise self.cannot_make(error) from error

    def cannot_make(self, error: NoSampleError) -> NoReplyPossibleError:
        """Return the refusal of a schema for which no value was found."""
        found = self._refusal("no_sample_possible", reason=error, location=error.place)
        return NoReplyPossibleError(
            found.status, found.message, found.type, found.param, found.code
        )

    def _refusal(self, name: str, **fields: object) -> ApiError:
        return replace(api_error(name, what=self.what, **fields), param=self.param, code=self.code)
