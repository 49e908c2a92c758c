"""`mockbatch serve`."""

import errno
import os
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from mockbatch.cli.first_process import leave_first_process
from mockbatch.cli.memory import postpone_collection
from mockbatch.cli.options import (
    complete_file,
    complete_scenario,
    parse_positive,
    serve_option,
)
from mockbatch.cli.ready_file import ReadyFile
from mockbatch.cli.serve_settings import (
    ServeOptions,
    load_settings,
    parse_clock,
    parse_limit,
    parse_models,
    parse_origin,
    parse_replies,
    parse_scenario,
    parse_start_time,
)
from mockbatch.cli.service import Service
from mockbatch.cli.stop_signal import StopSignal
from mockbatch.cli.terminal import end_interrupted_line
from mockbatch.cli.webhook_options import add_webhook_options
from mockbatch.cli.workers import Workers

if TYPE_CHECKING:
    from mockbatch.http_server.server import HttpServer
    from mockbatch.http_server.tls import Tls
    from mockbatch.world.settings import ServerSettings
    from mockbatch.world.snapshot.snapshot import Snapshot

DESCRIPTORS = 8192  # a connection takes one, and so does a file that is too large for memory


# click keeps the help option of the first call, which may come from outside of `mockbatch`.
@click.command(
    short_help="Serve the API on this machine.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@serve_option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address to listen on.")
@serve_option(
    "--port", type=click.IntRange(0, 65535), default=8787, help="The port; 0 picks a free one."
)
@serve_option(
    "--clock",
    type=parse_clock,
    default="realtime",
    metavar="MODE",
    help="manual, realtime, on-poll, or xN: N times as fast as real time.",
)
@serve_option(
    "--pace",
    type=parse_positive,
    default=60.0,
    metavar="FACTOR",
    help="How many times faster than recorded a batch passes through its stages.",
)
@serve_option(
    "--start-time",
    type=parse_start_time,
    metavar="WHEN",
    show_default="now",
    help="The simulated time at the start: epoch seconds or ISO 8601.",
)
@serve_option(
    "--seed",
    default="0",
    metavar="TEXT",
    help="Determines ids, the order of output lines, and generated text. Ids of batches, uploads"
    " and output lines contain the time, so they repeat only if you also set --start-time.",
)
@serve_option(
    "--scenario",
    type=parse_scenario,
    default="happy",
    metavar="NAME|FILE",
    shell_complete=complete_scenario,
    help="What happens to new batches: a scenario's name, or a JSON file.",
)
@serve_option(
    "--replies",
    type=parse_replies,
    metavar="FILE",
    shell_complete=complete_file,
    help="Scripted replies, or an output file (.jsonl) to replay.",
)
@serve_option(
    "--models",
    type=parse_models,
    metavar="FILE",
    shell_complete=complete_file,
    help="Serve only these models: a JSON list of names, or one name on each line.",
)
@serve_option(
    "--load",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Start each new world with this state, as GET /_mock/state returns it.",
)
@serve_option(
    "--state",
    default="memory",
    metavar="memory|URL",
    help="Where to keep worlds: memory, or sqlite:///FILE or redis://HOST, where they outlive the"
    " process and several processes can share them.",
)
@serve_option(
    "--files",
    type=click.Path(file_okay=False),
    metavar="DIR",
    show_default="beside the SQLite file, or in Redis",
    help="Where to keep the contents of files, if --state is a URL.",
)
@serve_option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    help="Serve with N processes, which need a --state that they can share.",
)
@serve_option("--api-key", multiple=True, metavar="KEY", help="Accept only this key. Repeatable.")
@serve_option(
    "--worlds",
    type=click.Choice(["per-key", "one"]),
    default="per-key",
    help="A world for each key, or one world for all keys.",
)
@serve_option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Allow calls by this host name. Repeatable.",
)
@serve_option(
    "--allow-origin",
    type=parse_origin,
    multiple=True,
    metavar="ORIGIN",
    help="Allow calls by web pages from this origin; pages on loopback may call /v1. Repeatable.",
)
@serve_option("--gateway", is_flag=True, help="Always respond as Portkey's gateway would.")
@serve_option("--no-dashboard", is_flag=True, help="Do not serve the dashboard.")
@add_webhook_options
@serve_option("--tls", is_flag=True, help="Serve HTTPS, with a certificate from a temporary CA.")
@serve_option(
    "--limit",
    type=parse_limit,
    multiple=True,
    metavar="NAME=N",
    help="Change a limit, as in lines=140000; docs/limits.md lists them all. Repeatable.",
)
@serve_option("--no-validate", is_flag=True, help="Do not check responses against their schemas.")
@serve_option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="The format of the log, one line for each request.",
)
@serve_option(
    "--ready-file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="A file that exists while the server listens: JSON with url, pid and version.",
)
def serve(**values: Any) -> None:
    """Serve the API on this machine until SIGTERM or SIGINT.

    You can also set each option with the environment variable named beside it. If the option is
    repeatable, separate the values in the variable with commas.
    """
    leave_first_process()
    options = ServeOptions(**values)
    with postpone_collection():
        settings, initial = load_settings(options)
    _serve(options, settings, initial)


def _serve(options: ServeOptions, settings: "ServerSettings", initial: "Snapshot | None") -> None:
    from mockbatch.cli.request_log import log_requests
    from mockbatch.http_server.server import HttpServer
    from mockbatch.world.settings import MEMORY

    if options.workers > 1 and settings.state == MEMORY:
        raise click.UsageError(
            f"--workers {options.workers} needs worlds that the processes share: "
            "add --state sqlite:///FILE"
        )
    log_requests(options.log_format)
    allow_more_descriptors()
    ready_file = ReadyFile(options.ready_file)
    with StopSignal() as stop, ready_file, _open_tls(options) as tls:
        server = HttpServer(None, options.host, options.port, tls.adapter if tls else None)
        _listen(server, options)
        alone = Service(server, settings, initial)
        service: Service | Workers = alone
        if options.workers == 1:
            stop.start_guard(lambda: _remove_files(ready_file, tls))
        else:
            service = Workers(options.workers, alone)
        service.start()
        _print_startup(server.url, options.host, settings, tls.ca_file if tls else None)
        ready_file.write(server.url)
        service.wait(stop)
        # First, because the process may be cut off in the middle of the rest.
        _remove_files(ready_file, tls)
        end_interrupted_line()
        service.stop()
    stop.end_process()


def allow_more_descriptors() -> None:
    """Raise the limit of open connections and files from what a shell gives, often 1024."""
    try:
        import resource
    except ImportError:  # on Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        with suppress(OSError, ValueError):  # some systems allow fewer than they report
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _remove_files(ready_file: ReadyFile, tls: "Tls | None") -> None:
    ready_file.remove_own()
    if tls:
        tls.close()


def _open_tls(options: ServeOptions) -> "AbstractContextManager[Tls | None]":
    from mockbatch.http_server.tls import Tls

    try:
        return Tls(options.host) if options.tls else nullcontext()
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _listen(server: "HttpServer", options: ServeOptions) -> None:
    try:
        server.prepare()
    except OSError as error:
        address = f"{options.host}:{options.port}"
        # cheroot raises an OSError of its own, which has the system's message but no errno.
        is_busy = os.strerror(errno.EADDRINUSE) in str(error)
        hint = "; choose another --port, or --port 0 for a free one" if is_busy else ""
        raise click.ClickException(f"cannot listen on {address}: {error}{hint}") from None


def _print_startup(url: str, host: str, settings: "ServerSettings", ca_file: Path | None) -> None:
    """Print the line that says where the server listens, and what a shell can `eval`."""
    if host not in ("127.0.0.1", "localhost", "::1"):
        warning = f"warning: {host} can be reached from other machines"
        click.echo(f"mockbatch: {warning}", err=True)
    exports = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": settings.owner_key}
    if settings.world.webhooks.secret:
        exports["OPENAI_WEBHOOK_SECRET"] = settings.world.webhooks.secret
    if ca_file:
        for name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
            exports[name] = str(ca_file)
    lines = [f"export {name}={value}" for name, value in exports.items()]
    if settings.has_dashboard:
        # A comment to a shell. The key is in the fragment, which a browser sends to no server.
        lines.append(f"# dashboard: {url}/_mock/#key={quote(settings.owner_key, safe='')}")
    print("\n".join([f"mockbatch is listening on {url}", *lines]), flush=True)
