"""`/v1/responses`.

- `endpoint`: checks the request and builds the response.
- `requested_output`: what a request asks for: text, JSON of a schema, or tool calls.
- `input_items`: the items of the input.
- `output_items`: the items of the output, and their ids.
- `scripted`: puts a scripted reply into the response.
- `stream`: the response in events.
"""

from mockbatch.endpoints.responses.endpoint import ENDPOINT

__all__ = ["ENDPOINT"]
