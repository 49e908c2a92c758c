"""`/v1/chat/completions`."""

from mockbatch.endpoints.chat_completions.endpoint import ENDPOINT

__all__ = ["ENDPOINT"]
