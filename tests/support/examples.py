"""How many examples Hypothesis tries: all in continuous integration, a tenth in `make test`."""

from typing import Any

from hypothesis import settings

# What Hypothesis tries by default, and so without a profile that says otherwise.
_ALL = 100


def examples(count: int, **options: Any) -> settings:
    """Return settings for so many examples, or the share of them that the profile asks for."""
    share = settings.default.max_examples / _ALL
    return settings(max_examples=max(1, round(count * share)), **options)
