"""How large the response to one request may be: a few bytes can ask for millions of objects.

These limits are mockbatch's own. Writing the largest response within them takes about a second.
"""

from typing import NamedTuple

from mockbatch.errors import NoReplyPossibleError, api_error

#: Choices, each tool call counted as one.
MAX_CHOICES = 2_048
#: The log probabilities of tokens and of their alternatives, in all choices together.
MAX_LOGPROBS = 60_000


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
        raise NoReplyPossibleError(error.status, error.message, error.type, error.param, error.code)
