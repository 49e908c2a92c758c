"""How large the response to one request may be: a few bytes can ask for millions of objects.

These limits are mockbatch's own. Writing the largest response within them takes about a second.
"""

from typing import NamedTuple

from mockbatch.errors import ApiError, NoReplyPossibleError, api_error

#: Choices, each tool call counted as one.
MAX_CHOICES = 2_048
#: The log probabilities of tokens and of their alternatives, in all choices together.
MAX_LOGPROBS = 60_000
#: The numbers in all vectors: those of the most inputs for the longest vectors of OpenAI's models.
MAX_NUMBERS = 2_048 * 3_072


class ResponseShape(NamedTuple):
    """What multiplies a text: how many choices have it, and how many log probabilities a token."""

    choices: int = 1
    logprobs_per_token: int = 0

    def check(self, calls: int, tokens: int) -> None:
        """Raise NoReplyPossibleError if choices with so many calls or tokens are too much."""
        choices = self.choices * max(calls, 1)
        logprobs = self.choices * self.logprobs_per_token * tokens
        if choices > MAX_CHOICES:
            error = api_error("too_many_choices", choices=choices, limit=MAX_CHOICES)
        elif logprobs > MAX_LOGPROBS:
            error = api_error("too_many_logprobs", count=logprobs, limit=MAX_LOGPROBS)
        else:
            return
        raise _no_reply_possible(error)


def check_numbers(count: int) -> None:
    """Raise NoReplyPossibleError if the vectors of a response would have too many numbers."""
    if count > MAX_NUMBERS:
        raise _no_reply_possible(api_error("too_many_numbers", count=count, limit=MAX_NUMBERS))


def _no_reply_possible(error: ApiError) -> NoReplyPossibleError:
    return NoReplyPossibleError(error.status, error.message, error.type, error.param, error.code)
