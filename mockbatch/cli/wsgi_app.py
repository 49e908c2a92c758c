"""The app of `mockbatch.wsgi`, made from the variables of the environment."""

from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from mockbatch.cli.options import errors_as_bad_parameter
from mockbatch.cli.serve import allow_more_descriptors, serve
from mockbatch.cli.serve_settings import ServeOptions, load_settings

if TYPE_CHECKING:
    from flask import Flask

# What the HTTP server decides, or its own options do. An address is ignored, as
# images set it for `mockbatch serve`.
_REFUSED = ("tls", "ready_file")
# So that MOCKBATCH_PORT is not read: for a service named mockbatch, Kubernetes sets it to a URL.
_WITHOUT_PORT = ("--port", "0")


def create_app_from_environment() -> "Flask":
    """Return the app that the variables MOCKBATCH_* describe, each read as `mockbatch serve` does.

    Raises ValueError for a value that cannot be used.
    """
    # Not SystemExit, after which gunicorn would start the next process, for ever.
    try:
        with serve.make_context("mockbatch.wsgi", [*_WITHOUT_PORT]) as context:
            return _create_app(ServeOptions(**context.params))
    except click.ClickException as error:
        raise ValueError(f"mockbatch.wsgi: {error.format_message()}") from None


def _create_app(options: ServeOptions) -> "Flask":
    from mockbatch.cli.request_log import log_requests
    from mockbatch.web.app import create_app

    for name in _REFUSED:
        if getattr(options, name):
            variable = f"MOCKBATCH_{name.upper()}"
            reason = f"{variable} is for `mockbatch serve` only"
            raise click.UsageError(f"{reason}: use the options of this HTTP server instead")
    log_requests(options.log_format)
    allow_more_descriptors()
    settings, initial = load_settings(options)
    # An error would end gunicorn, whose workers import this again while it serves.
    settings = replace(settings, breaks_connections=False, waits_for_store=True)
    with errors_as_bad_parameter("MOCKBATCH_STATE"):
        return create_app(settings, initial)
