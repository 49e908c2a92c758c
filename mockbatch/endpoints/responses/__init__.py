"""`/v1/responses`."""

from mockbatch.endpoints.responses.endpoint import ENDPOINT

__all__ = ["ENDPOINT"]
