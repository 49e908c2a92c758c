"""`/v1/completions`."""

from mockbatch.endpoints.completions.endpoint import ENDPOINT

__all__ = ["ENDPOINT"]
