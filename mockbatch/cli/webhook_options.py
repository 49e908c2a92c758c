"""The options of `mockbatch serve` about webhooks."""

import argparse
from typing import TYPE_CHECKING

from mockbatch.cli.options import Options, positive

if TYPE_CHECKING:
    from mockbatch.webhooks.settings import WebhookSettings


def add_to(options: Options) -> None:
    """Add the options."""
    add = options.add
    add("--webhook-url", metavar="URL", help="every world sends its webhooks there")
    add("--webhook-secret", metavar="SECRET", help="whsec_...: signs what is sent there")
    add(
        "--webhook-allow-host",
        action="append",
        metavar="HOST",
        help="webhooks may go there, not to this machine only; repeatable",
    )
    add("--webhook-timeout", default=5.0, type=positive, help="seconds a receiver has to answer")


def settings(arguments: argparse.Namespace) -> "WebhookSettings":
    """Return what the options say; ValueError when it cannot be."""
    from mockbatch.errors import ApiError
    from mockbatch.ids import Seed
    from mockbatch.webhooks import signature
    from mockbatch.webhooks import target as address
    from mockbatch.webhooks.settings import WebhookSettings

    url, given = arguments.webhook_url, arguments.webhook_secret
    try:
        allowed = frozenset(map(address.host, arguments.webhook_allow_host or []))
    except ValueError as error:
        raise ValueError(f"--webhook-allow-host: {error}") from None
    if url is None:
        if given:
            raise ValueError("--webhook-secret is of no use without --webhook-url")
        return WebhookSettings(allowed_hosts=allowed, timeout=arguments.webhook_timeout)
    try:
        target = address.target(url, None, "--webhook-url")
    except ApiError as error:
        raise ValueError(str(error)) from None
    secret = given or signature.secret(Seed.of(arguments.seed))
    try:
        signature.key(secret)
    except ValueError as error:
        raise ValueError(f"--webhook-secret: {error}") from None
    return WebhookSettings(target, secret, allowed, arguments.webhook_timeout)
