"""Azure OpenAI, as its documents and public reports describe it; no traffic of it was recorded.

batches     what a client may ask for, and the batch object
files       the file object, which is pending at first
filters     what the content filter adds to a chat completion
listing     the filter and the order of the list of batches
wording     the codes and texts of its errors, from messages.json
"""

from collections.abc import Mapping

from mockbatch.errors import ApiError
from mockbatch.providers.azure import wording
from mockbatch.providers.azure.batches import RULES
from mockbatch.providers.provider import Provider
from mockbatch.typing import Json


class Azure(Provider):
    """Azure OpenAI."""

    name = "azure"
    batch_rules = RULES

    def error(self, error: ApiError, request_id: str) -> tuple[int, dict[str, Json]]:  # noqa: ARG002
        """Return an error with a code and a message, and nothing else."""
        return wording.http_error(error)

    def headers(
        self,
        organization: str,  # noqa: ARG002
        milliseconds: int,  # noqa: ARG002
        request_id: str,
    ) -> Mapping[str, str]:
        """Return the headers of every response; from memory, but for apim-request-id."""
        return {
            "apim-request-id": request_id,
            "x-request-id": request_id,
            "x-ms-region": "East US",
            "x-content-type-options": "nosniff",
        }

    def request_id(self, openai_id: str) -> str:
        """Return a UUID."""
        digits = openai_id.removeprefix("req_")
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


PROVIDER = Azure()
