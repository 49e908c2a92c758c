"""What the limits of a model on tokens reject.

The mock counts the tokens of a text roughly. So it rejects texts only if they are clearly too
long: half as long again as the limit. Lists of tokens and the numbers that a request names are
compared exactly. A model without limits in models.json rejects nothing.
"""

from collections.abc import Iterable, Mapping

from mockbatch.endpoints import text
from mockbatch.endpoints.models import TokenLimits
from mockbatch.errors import api_error
from mockbatch.typing import Json

# A text, or a list of tokens.
Prompt = str | list[int]


def check_output_limit(limits: TokenLimits, body: Mapping[str, Json], *params: str) -> None:
    """Reject a request that asks for more output than the model generates."""
    limit = limits.max_output_tokens
    for param in params:
        value = body.get(param)
        if limit is not None and value is not None and value > limit:
            raise api_error("output_limit_too_large", param=param, value=int(value), limit=limit)


def tolerate(limit: int) -> int:
    """Return the most tokens that a text may have by the mock's count."""
    return limit * 3 // 2


def max_text_tokens(limits: TokenLimits, completion_tokens: int = 0) -> int | None:
    """Return the most tokens that a text may have by the mock's count, None for any number.

    `completion_tokens` are those that the request reserves for the completion.
    """
    limit = limits.max_prompt_tokens(completion_tokens)
    return None if limit is None else tolerate(limit)


def count_prompt_tokens(prompt: Prompt) -> int:
    """Return the number of tokens in a prompt."""
    return text.count_tokens(prompt) if isinstance(prompt, str) else len(prompt)


def check_prompts(
    limits: TokenLimits, prompts: Iterable[Prompt], completion_tokens: int = 0
) -> None:
    """Reject a prompt that does not fit into the context window together with its completion."""
    limit = limits.max_prompt_tokens(completion_tokens)
    if limit is None:
        return
    for prompt in prompts:
        count = count_prompt_tokens(prompt)
        if count > (tolerate(limit) if isinstance(prompt, str) else limit):
            raise api_error(
                "prompt_too_long",
                limit=limits.context_window,
                requested=count + completion_tokens,
                prompt_tokens=count,
                completion_tokens=completion_tokens,
            )
