"""Groq: OpenAI's batches with other windows and ids. No traffic of it was recorded.

batches     what a client may ask for, and the batch object
files       the file object
wording     the body of its errors
"""

from collections.abc import Mapping

from mockbatch.errors import ApiError
from mockbatch.providers.groq import wording
from mockbatch.providers.groq.batches import RULES
from mockbatch.providers.provider import Provider
from mockbatch.typing import Json


class Groq(Provider):
    """Groq."""

    name = "groq"
    batch_rules = RULES

    def error(self, error: ApiError, request_id: str) -> tuple[int, dict[str, Json]]:  # noqa: ARG002
        """Return an error with a message, a type, and the others that it has."""
        return wording.http_error(error)

    def headers(
        self,
        organization: str,  # noqa: ARG002
        milliseconds: int,  # noqa: ARG002
        request_id: str,
    ) -> Mapping[str, str]:
        """Return the headers of every response; the name is from memory."""
        return {"x-request-id": request_id}


PROVIDER = Groq()
