"""How the webhooks of a world begin."""

from typing import NamedTuple

from mockbatch.webhooks.target import Target


class WebhookSettings(NamedTuple):
    """The webhook settings with which a server starts.

    Every world begins with an endpoint at `target`, signed with `secret`, if there is a target.
    Endpoints may be on this machine or at `allowed_hosts` (names and addresses). A receiver has
    `timeout_seconds` of real time to respond.
    """

    target: Target | None = None
    secret: str | None = None
    allowed_hosts: frozenset[str] = frozenset()
    timeout_seconds: float = 5
