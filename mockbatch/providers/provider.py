"""What the rest of the package asks a provider for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from mockbatch.batch.rules import BatchRules
from mockbatch.errors import ApiError
from mockbatch.typing import Json


class Provider(ABC):
    """One provider besides OpenAI, with what differs from OpenAI on the wire.

    `name` is that of its folder. A provider has no state: everything that clients change is in
    their world.
    """

    name: str
    #: What it does with its batches and files.
    batch_rules: BatchRules

    @abstractmethod
    def error(self, error: ApiError, request_id: str) -> tuple[int, dict[str, Json]]:
        """Return the status and the body with which this provider reports an error.

        `error` may come from code that all providers share, and is then in OpenAI's words. Its
        `name` and `fields` say which error it is.
        """

    @abstractmethod
    def headers(self, organization: str, milliseconds: int, request_id: str) -> Mapping[str, str]:
        """Return the headers that every response has."""

    def request_id(self, openai_id: str) -> str:
        """Return the id of a request in this provider's form, made from one of OpenAI's form."""
        return openai_id
