"""The exceptions of a contract run."""


class CannotCheckError(Exception):
    """The run cannot start: a bad argument, or no Batch API at the URL. The message says which."""


class BreachError(Exception):
    """The server breaks the contract; the message says how."""


class SkipError(Exception):
    """A case cannot be decided here; the message says why."""


class NoResponseError(OSError):
    """There was no response, or it was not HTTP."""


class ServerSilentError(NoResponseError):
    """The run sends no further requests: too many have had no response."""
