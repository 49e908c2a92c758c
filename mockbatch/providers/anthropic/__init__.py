"""Anthropic: POST /v1/messages and Message Batches.

provider.json        which requests are Anthropic's
models, models.json  its models
versions             the versions of the API
errors, error_messages.json  the envelope of errors, and their texts with their evidence
wording              violations of a schema, in Pydantic's words
ids                  identifiers
batches              Message Batches: what a client may ask for, and the object
listing              pages of batches
results              the lines of results
scenarios            which scenarios a Message Batch can have
rate_limits          the headers of rate limits
messages/            POST /v1/messages, and the lines of a batch
schemas/             its JSON Schemas
"""

from collections.abc import Mapping

from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.providers.anthropic import ids
from mockbatch.providers.anthropic.batches import RULES
from mockbatch.providers.anthropic.errors import envelope, translate
from mockbatch.providers.provider import Provider
from mockbatch.typing import Json


class Anthropic(Provider):
    """Anthropic's API, as recorded in 2025 and 2026."""

    name = "anthropic"
    batch_rules = RULES

    def error(self, error: ApiError, request_id: str) -> tuple[int, dict[str, Json]]:
        """Return the status and the body with which Anthropic reports an error."""
        own = translate(error)
        return own.status, envelope(own.type, own.message, request_id)

    def headers(self, organization: str, milliseconds: int, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """Return the headers that every response has, as recorded in 2026."""
        return {
            "request-id": request_id,
            "anthropic-organization-id": ids.organization_id(organization),
            "anthropic-workspace-id": "wrkspc_01mockbatch",
        }

    def request_id(self, openai_id: str) -> str:
        """Return the id of a request: `req_011C` and 20 characters."""
        return ids.request_id(Seed.of("request", openai_id))


PROVIDER = Anthropic()
