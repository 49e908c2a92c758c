"""`mockbatch serve`."""

import argparse
import json
import os
import signal
import socket
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import mockbatch
from mockbatch.cli import webhook_options
from mockbatch.cli.options import BadVariable, Options, limit, port, positive

if TYPE_CHECKING:
    from mockbatch.world.settings import ServerSettings


def add_to(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.set_defaults(command=serve)
    options = Options(parser)
    add = options.add
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", default=8787, type=port, help="0 picks a free one")
    add("--clock", default="realtime", help="manual, realtime, xN (N seconds a second), on-poll")
    add("--pace", default=60.0, type=positive, help="batches are this many times faster; 1: real")
    add("--start-time", metavar="WHEN", help="epoch seconds or ISO 8601; default: now")
    add("--seed", default="0", help="ids, order of output lines and texts come from it")
    add("--scenario", default="happy", help="what befalls new batches: a name or a JSON file")
    add("--replies", metavar="FILE", help="scripted replies, or an output .jsonl to replay")
    add("--models", metavar="FILE", help="serve these models only: a JSON list, or names in lines")
    add("--load", metavar="FILE", help="each new world begins with this state")
    add("--api-key", action="append", metavar="KEY", help="accept this key only; repeatable")
    add("--worlds", default="per-key", choices=("per-key", "one"), help="one: all keys share")
    add(
        "--allow-host",
        action="append",
        metavar="NAME",
        help="the control API may be called by this name, too; repeatable",
    )
    add("--gateway", action="store_true", help="answer always as Portkey's gateway would")
    webhook_options.add_to(options)
    add("--tls", action="store_true", help="serve https, with a throw-away authority")
    add("--limit", action="append", type=limit, metavar="NAME=N", help="what a file may hold")
    add("--no-validate", action="store_true", help="do not check answers before they leave")
    add("--log-format", default="text", choices=("text", "json"), help="one line a request")
    add("--ready-file", metavar="FILE", help="written when listening: JSON with url, pid, version")


def serve(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    for value in vars(arguments).values():
        if isinstance(value, BadVariable):
            raise ValueError(value.message)
    from mockbatch.cli import request_log
    from mockbatch.http_server.server import HttpServer
    from mockbatch.http_server.tls import Tls
    from mockbatch.web.app import create_app
    from mockbatch.world.snapshot.load import from_file

    settings = _settings(arguments)
    request_log.start(arguments.log_format)
    beginning = None
    if arguments.load:
        beginning = from_file(arguments.load, settings.world)
        settings = replace(settings, world=beginning.settings)
    app = create_app(settings, beginning)
    with _Stop() as stop, Tls(arguments.host) if arguments.tls else nullcontext() as tls:
        adapter = tls.adapter if tls else None
        httpd = HttpServer(app, arguments.host, arguments.port, adapter)
        try:
            httpd.start()
        except OSError as error:
            raise OSError(f"cannot listen on {arguments.host}:{arguments.port}: {error}") from None
        _announce(httpd.url, arguments, settings, tls.authority_file if tls else None)
        stop.wait()
        app.extensions["mockbatch"].worlds.close()
        httpd.stop()
    return 0


class _Stop:
    """Waits for SIGTERM or SIGINT.

    By way of a socket: a signal that comes just before a thread begins to wait for a lock
    would not wake it.
    """

    def __enter__(self) -> "_Stop":
        self._here, self._there = socket.socketpair()
        self._there.setblocking(False)
        signal.set_wakeup_fd(self._there.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        self._here.close()
        self._there.close()

    def wait(self) -> None:
        self._here.recv(1)


def _settings(arguments: argparse.Namespace) -> "ServerSettings":
    from mockbatch.clock import parse_instant, parse_mode
    from mockbatch.endpoints import model_list
    from mockbatch.limits import Limits
    from mockbatch.scenarios import from_option
    from mockbatch.scripting.script import Script, load_script
    from mockbatch.world.settings import ServerSettings, WorldSettings

    start = arguments.start_time
    world = WorldSettings(
        clock=parse_mode(arguments.clock),
        pace=arguments.pace,
        start_time=None if start is None else parse_instant(start),
        seed=arguments.seed,
        scenario=from_option(arguments.scenario),
        script=load_script(arguments.replies) if arguments.replies else Script(),
        models=model_list.from_file(arguments.models)
        if arguments.models
        else model_list.ModelList(),
        validate=not arguments.no_validate,
        limits=replace(Limits(), **dict(arguments.limit or [])),
        webhooks=webhook_options.settings(arguments),
    )
    keys = arguments.api_key or []
    return ServerSettings(
        world=world,
        api_keys=frozenset(keys),
        one_world=arguments.worlds == "one",
        owner_key=keys[0] if keys else ServerSettings().owner_key,
        host=arguments.host,
        allowed_hosts=frozenset(name.lower() for name in arguments.allow_host or []),
        gateway=arguments.gateway,
    )


def _announce(
    url: str,
    arguments: argparse.Namespace,
    settings: "ServerSettings",
    authority_file: Path | None,
) -> None:
    if arguments.host not in ("127.0.0.1", "localhost", "::1"):
        warning = f"warning: {arguments.host} can be reached from other machines"
        print(f"mockbatch: {warning}", file=sys.stderr)
    print(f"mockbatch is listening on {url}")
    print(f"export OPENAI_BASE_URL={url}/v1")
    print(f"export OPENAI_API_KEY={settings.owner_key}")
    if settings.world.webhooks.secret:
        print(f"export OPENAI_WEBHOOK_SECRET={settings.world.webhooks.secret}")
    if authority_file:
        print(f"export CURL_CA_BUNDLE={authority_file}")
        print(f"export SSL_CERT_FILE={authority_file}")
        print(f"export NODE_EXTRA_CA_CERTS={authority_file}")
    sys.stdout.flush()
    if arguments.ready_file:
        ready = {"url": url, "pid": os.getpid(), "version": mockbatch.__version__}
        # Written aside and moved: who waits for the file never reads half of it.
        part = Path(f"{arguments.ready_file}.part")
        part.write_text(json.dumps(ready) + "\n")
        part.replace(arguments.ready_file)
