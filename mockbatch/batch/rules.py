"""How the provider of a batch treats it, and what its client requested beside OpenAI's fields.

The defaults are OpenAI's.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from mockbatch.batch.input_file import BatchInput
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.files.content import Content
from mockbatch.files.file import FileRules
from mockbatch.ids import Seed, batch_id
from mockbatch.scenarios.scenario import Scenario
from mockbatch.typing import Json

if TYPE_CHECKING:
    from mockbatch.batch.batch import Batch

OPENAI = "openai"
DAY_SECONDS = 24 * 3600


class BatchRules(NamedTuple):
    """What a provider does with every batch.

    `schema` is that of the batch object. `new_id(seed, created_at)` mints the id of a batch, and
    `files` are the rules of its files. At the end of the window a batch `expires`, or goes on. In
    the statuses of `empty_files` a batch has both files, even if no line is in them. `output_line`
    makes the line of its files from a line of OpenAI's, and `batch_error` an entry of a batch's
    `errors`; None for the same.

    With a `results_seconds`, all lines are in one file of results, as compact JSON. It is no file
    among others, and lives that long from the creation of the batch. Without `has_webhooks` no
    event announces the end. Without `has_quotas` a batch neither counts towards OpenAI's quotas nor
    is refused by them. On a cancel the line that is running is completed if
    `finishes_running_line`. `adapt` returns a scenario as it is for this provider, or raises the
    ApiError of one that cannot be. `find_endpoint(path, terms)` returns what answers the lines.
    `read_input(content, terms)` returns the input of a batch that is loaded, None if it is read
    as OpenAI's. `status_names` are the provider's names of statuses, where they differ, and
    `name_counts(batch, now)` returns the counts under the provider's names.
    """

    provider: str = OPENAI
    schema: str = "batch"
    new_id: Callable[[Seed, int], str] = batch_id
    files: FileRules = FileRules()
    expires: bool = True
    empty_files: frozenset[str] = frozenset()
    output_line: Callable[[dict[str, Json]], dict[str, Json]] | None = None
    batch_error: Callable[[Mapping[str, Json]], dict[str, Json]] | None = None
    results_seconds: int | None = None
    has_webhooks: bool = True
    has_quotas: bool = True
    finishes_running_line: bool = True
    adapt: Callable[[Scenario], Scenario] = lambda scenario: scenario
    read_input: "Callable[[Content, BatchTerms], BatchInput] | None" = None
    find_endpoint: "Callable[[str, BatchTerms], Endpoint]" = lambda path, _: endpoints()[path]
    status_names: Mapping[str, str] = MappingProxyType({})
    name_counts: "Callable[[Batch, float], dict[str, int]] | None" = None

    def shown_name(self, status: str) -> str:
        """Return the provider's name of a status."""
        return self.status_names.get(status, status)

    def expiry_seconds(self, terms: "BatchTerms") -> int | None:
        """Return the seconds after which a batch with these terms expires, None for never."""
        return terms.window_seconds if self.expires else None


OPENAI_RULES = BatchRules()


class BatchTerms(Struct, frozen=True):
    """What one batch was created with.

    `window` is the completion window in the words of the client. `line_url` is the URL of each
    line, None for the path of the batch's endpoint. `shown` are members that the batch object
    repeats. With an `error`, it fails with this one, whatever is in its input.
    """

    window: str = "24h"
    window_seconds: int = DAY_SECONDS
    line_url: str | None = None
    shown: Mapping[str, Json] = field(default_factory=dict)
    error: dict[str, Json] | None = None


OPENAI_TERMS = BatchTerms()
