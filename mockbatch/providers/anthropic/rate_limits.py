"""The headers of rate limits that a live call has.

Source: a recorded response of POST /v1/messages of August 2025, with its limits and their order.
Mockbatch limits no call: each says that what it used itself is gone. Recorded responses about
Message Batches have none of these headers.
"""

from collections.abc import Mapping
from datetime import datetime, timezone

from mockbatch.endpoints.endpoint import Tokens

_REQUESTS_PER_MINUTE = 1000
_INPUT_TOKENS_PER_MINUTE, _OUTPUT_TOKENS_PER_MINUTE = 80_000, 16_000


def rate_limit_headers(tokens: Tokens, now: float) -> Mapping[str, str]:
    """Return the `anthropic-ratelimit-*` headers after one call that used these tokens."""
    total = _INPUT_TOKENS_PER_MINUTE + _OUTPUT_TOKENS_PER_MINUTE
    limits = {
        "input-tokens": (_INPUT_TOKENS_PER_MINUTE, tokens.input),
        "output-tokens": (_OUTPUT_TOKENS_PER_MINUTE, tokens.output),
        "requests": (_REQUESTS_PER_MINUTE, 1),
        "tokens": (total, tokens.input + tokens.output),
    }
    headers = {}
    for name, (limit, used) in limits.items():
        reset = datetime.fromtimestamp(int(now + 60 * min(used, limit) / limit), timezone.utc)
        headers[f"anthropic-ratelimit-{name}-limit"] = str(limit)
        headers[f"anthropic-ratelimit-{name}-remaining"] = str(max(limit - used, 0))
        headers[f"anthropic-ratelimit-{name}-reset"] = reset.strftime("%Y-%m-%dT%H:%M:%SZ")
    return headers
