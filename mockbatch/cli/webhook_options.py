"""The options of `mockbatch serve` about webhooks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mockbatch.cli.options import errors_as_bad_parameter, parse_positive, serve_option

if TYPE_CHECKING:
    from mockbatch.webhooks.settings import WebhookSettings

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _parse_host(text: str) -> str:
    from mockbatch.webhooks.target import parse_host

    with errors_as_bad_parameter():
        return parse_host(text)


_OPTIONS = (
    serve_option("--webhook-url", metavar="URL", help="Send the webhooks of every world to URL."),
    serve_option(
        "--webhook-secret",
        metavar="SECRET",
        show_default="made from --seed",
        help="Sign these webhooks with this secret (whsec_...).",
    ),
    serve_option(
        "--webhook-allow-host",
        type=_parse_host,
        multiple=True,
        metavar="HOST",
        help="Allow webhooks to this host; by default they go to this machine only. Repeatable.",
    ),
    serve_option(
        "--webhook-timeout",
        type=parse_positive,
        default=5.0,
        metavar="SECONDS",
        help="How long a receiver may take to respond.",
    ),
)


def add_webhook_options(command: _Function) -> _Function:
    """Add the options to a command that is being declared."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command


def webhook_settings(
    url: str | None,
    secret: str | None,
    allowed_hosts: tuple[str, ...],
    timeout_seconds: float,
    seed: str,
) -> "WebhookSettings":
    """Return the settings that the options stand for; click.UsageError if they cannot be used.

    Without a secret, one is made from the seed.
    """
    from mockbatch.ids import Seed
    from mockbatch.webhooks import signature
    from mockbatch.webhooks import target as address
    from mockbatch.webhooks.settings import WebhookSettings

    hosts = frozenset(allowed_hosts)
    if url is None:
        if secret:
            raise click.UsageError("--webhook-secret needs --webhook-url")
        return WebhookSettings(allowed_hosts=hosts, timeout_seconds=timeout_seconds)
    with errors_as_bad_parameter("--webhook-url"):
        target = address.resolve_target(url, None, "--webhook-url")
    secret = secret or signature.new_secret(Seed.of(seed))
    with errors_as_bad_parameter("--webhook-secret"):
        signature.decode_secret(secret)
    return WebhookSettings(target, secret, hosts, timeout_seconds)
