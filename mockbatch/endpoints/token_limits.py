"""What the limits of a model on tokens reject.

The mock counts the tokens of a text roughly. So it rejects texts only if they are clearly too
long: half as long again as the limit by its count, or more words than the limit. Lists of tokens
and the numbers that a request names are compared exactly. A model without limits in models.json
rejects nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

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


def count_prompt_tokens(prompt: Prompt) -> int:
    """Return the number of tokens in a prompt."""
    return text.count_tokens(prompt) if isinstance(prompt, str) else len(prompt)


def count_above_limit(prompts: Sequence[Prompt], limit: int) -> int | None:
    """Return the number of tokens in prompts if it is above a limit, None if it may not be."""
    count = sum(map(count_prompt_tokens, prompts))
    if texts := [prompt for prompt in prompts if isinstance(prompt, str)]:
        return count_text_above_limit(texts, count, limit)
    return count if count > limit else None


def count_text_above_limit(texts: Iterable[str], count: int, limit: int | None) -> int | None:
    """Return the number of tokens in texts if it is clearly above a limit, None if it may not be.

    `count` is their number by the mock's count, which may include more than the texts. Each word
    is at least one token, since OpenAI's tokenizers split a text at its white space first
    (tiktoken's encodings).
    """
    # A token is four characters by the mock's count, so two words at most.
    if limit is None or 2 * count <= limit:
        return None
    words = sum(len(each.split()) for each in texts)
    return max(count, words) if words > limit or count > limit * 3 // 2 else None


def check_prompts(
    limits: TokenLimits, prompts: Iterable[Prompt], completion_tokens: int = 0
) -> None:
    """Reject a prompt that does not fit into the context window together with its completion."""
    limit = limits.max_prompt_tokens(completion_tokens)
    if limit is None:
        return
    for prompt in prompts:
        count = count_above_limit([prompt], limit)
        if count is not None:
            raise api_error(
                "prompt_too_long",
                limit=limits.context_window,
                requested=count + completion_tokens,
                prompt_tokens=count,
                completion_tokens=completion_tokens,
            )
