"""What a server is told of webhooks at the start."""

from typing import NamedTuple

from mockbatch.webhooks.target import Target


class WebhookSettings(NamedTuple):
    """What the webhooks of a world begin with.

    `target` is where every world sends its events, signed with `secret`. `allowed_hosts` may
    be called beside this machine. A receiver has `timeout` seconds of real time to answer.
    """

    target: Target | None = None
    secret: str | None = None
    allowed_hosts: frozenset[str] = frozenset()
    timeout: float = 5
