"""The ApiErrors for a store that cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager

from mockbatch.errors import ApiError, api_error
from mockbatch.stores.store import WAIT_SECONDS

RETRY_AFTER_SECONDS = 1
#: The name of the error for a world that cannot be read.
DAMAGED = "damaged_world"
#: The name of the error for a store that hangs.
TIMEOUT = "state_timeout"
#: The name of the error for a change that may or may not have been stored.
UNCERTAIN = "change_uncertain"

#: The name of the error for a content that is not where it should be.
MISSING = "content_missing"

#: The names of the errors that say that nothing was changed.
REFUSALS = frozenset({"state_unavailable", TIMEOUT, "state_full"})


class StoreUnreachableError(ValueError):
    """A store cannot be reached now, but may be there later."""


def state_unavailable(reason: object) -> ApiError:
    """Return the ApiError 503 for a request that could not read or change its world."""
    return _to_be_retried(api_error("state_unavailable", reason=str(reason).rstrip(".")))


def state_timeout() -> ApiError:
    """Return the ApiError 503 for a request that has waited for the store in vain."""
    return _to_be_retried(api_error(TIMEOUT, seconds=f"{WAIT_SECONDS:g}"))


def change_uncertain() -> ApiError:
    """Return the ApiError 503 for a change that may or may not have been stored."""
    return _to_be_retried(api_error(UNCERTAIN))


@contextmanager
def after_a_change() -> Iterator[None]:
    """Replace an ApiError that says that nothing was changed: an earlier step was."""
    try:
        yield
    except ApiError as error:
        if error.name in REFUSALS:
            raise change_uncertain() from error
        raise


def damaged_world() -> ApiError:
    """Return the ApiError 503 for a world that cannot be read; trying again is no use."""
    return api_error(DAMAGED)


def damaged_store(reason: object) -> ApiError:
    """Return the ApiError 503 for a store that is damaged as a whole; trying again is no use."""
    return api_error("damaged_store", reason=str(reason).rstrip("."))


def _to_be_retried(error: ApiError) -> ApiError:
    error.headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return error


def state_full(reason: object) -> ApiError:
    """Return the ApiError 507 for a change that the store has no room for."""
    return api_error("state_full", reason=str(reason).rstrip("."))


def content_missing(place: str) -> ApiError:
    """Return the ApiError 503 for a file whose content is not in its place, such as `store`."""
    return api_error(MISSING, place=place)


def content_unreadable(reason: str) -> ApiError:
    """Return the ApiError 500 for a file whose content is damaged; trying again is no use."""
    return api_error("content_unreadable", reason=reason)
