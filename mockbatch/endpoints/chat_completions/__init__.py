"""`/v1/chat/completions`.

- `endpoint`: builds the response.
- `request`: rejects what the service rejects.
- `requested_output`: what a request asks for: text, JSON of a schema, or tool calls.
- `message`: the message of a choice.
- `scripted`: puts a scripted reply into the response.
- `stream`: the response in chunks.
"""

from mockbatch.endpoints.chat_completions.endpoint import ENDPOINT

__all__ = ["ENDPOINT"]
