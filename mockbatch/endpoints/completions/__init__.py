"""`/v1/completions`.

- `endpoint`: checks the request, builds the response, and puts a scripted reply into it.
- `stream`: the response in chunks.
"""

from mockbatch.endpoints.completions.endpoint import ENDPOINT

__all__ = ["ENDPOINT"]
