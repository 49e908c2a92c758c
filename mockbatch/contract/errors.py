"""The exceptions of a contract run."""


class CannotCheckError(Exception):
    """The run cannot start: a bad argument, or no Batch API at the URL. The message says which."""


class BreachError(Exception):
    """The server does not keep the contract; the message says in what."""


class SkipError(Exception):
    """A case cannot be decided here; the message says why."""


class NoResponseError(OSError):
    """There was no response, or it was not HTTP."""


class ServerSilentError(NoResponseError):
    """No request is sent any more: too many have had no response."""
