"""Response headers that ask a client to retry."""

from collections.abc import Mapping

from mockbatch.typing import Json

DEFAULT_MS = 10
# The SDK retries these by itself, unless a header of the response forbids it.
_RETRIED = frozenset({408, 409, 429, *range(500, 600)})


def with_default(document: Mapping[str, Json], status: int) -> dict[str, Json]:
    """Return a fault's document with the default of `retry_after_ms`, if its status is retried.

    It gets none if the user has set a Retry-After, which the SDK would then ignore.
    """
    own = {name.lower() for name in document.get("headers", {})}
    if status not in _RETRIED or own & {"retry-after", "retry-after-ms"}:
        return dict(document)
    return {"retry_after_ms": DEFAULT_MS, **document}


def with_retry_after(
    headers: Mapping[str, str], milliseconds: float | None, own: Mapping[str, str]
) -> dict[str, str]:
    """Return the headers of a response, in lower case; the user's `own` replace others."""
    waits = {} if milliseconds is None else {"retry-after-ms": f"{milliseconds:.15g}"}
    return {name.lower(): value for name, value in {**headers, **waits}.items()} | {
        name.lower(): value for name, value in own.items()
    }
