"""Where a schema is in a request, and the errors that name the place."""

from msgspec import Struct

from mockbatch.endpoints.structured_output.alternatives import NoSampleError
from mockbatch.endpoints.structured_output.sample import SchemaSampler, get_sampler
from mockbatch.endpoints.structured_output.strict import TOO_COSTLY, SchemaIssue
from mockbatch.errors import ApiError, NoReplyPossibleError, api_error
from mockbatch.typing import Json


class SchemaLocation(Struct, frozen=True):
    """Where a schema is, as OpenAI's messages say it.

    `owner` is what has the schema, such as "function 'f'". `param` and `code` are those of
    errors about it.
    """

    owner: str
    param: str
    code: str | None

    def check(self, issue: SchemaIssue | None) -> None:
        """Raise the ApiError of an issue with the schema, if there is one."""
        if issue is None:
            return
        error = self._error(issue.name, **issue.fields)
        raise _no_reply_possible(error) if issue.name == TOO_COSTLY else error

    def get_sampler(self, schema: Json) -> SchemaSampler:
        """Return the sampler of the schema; ApiError 400 if no value of it can be generated."""
        try:
            return get_sampler(schema)
        except NoSampleError as error:
            raise self.no_sample_error(error) from error

    def no_sample_error(self, error: NoSampleError) -> NoReplyPossibleError:
        """Return the error for a schema for which no value could be generated."""
        found = self._error("no_sample_possible", reason=error, location=error.path)
        return _no_reply_possible(found)

    def _error(self, name: str, **fields: object) -> ApiError:
        error = api_error(name, what=self.owner, **fields)
        error.param, error.code = self.param, self.code
        return error


def _no_reply_possible(error: ApiError) -> NoReplyPossibleError:
    return NoReplyPossibleError(error.status, error.message, error.type, error.param, error.code)
