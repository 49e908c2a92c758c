"""The command `mockbatch`: exit status 0 is good, 1 found something, 2 was called wrongly."""

import argparse
import io
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import mockbatch


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every console has every letter
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except (OSError, ValueError) as error:
        print(f"mockbatch: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mockbatch", description=mockbatch.__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=mockbatch.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    _add_serve(commands.add_parser("serve", help="serve the API on this machine"))
    _add_validate(commands.add_parser("validate", help="judge an input file as the API would"))
    _add_scenarios(commands.add_parser("scenarios", help="tell what can befall a batch"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=serve)
    add = _Options(parser).add
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", default=8787, type=_port, help="0 picks a free one")
    add("--clock", default="realtime", help="manual, realtime, xN (N seconds a second), on-poll")
    add("--pace", default=60.0, type=_positive, help="batches are this many times faster; 1: real")
    add("--start-time", metavar="WHEN", help="epoch seconds or ISO 8601; default: now")
    add("--seed", default="0", help="ids, order of output lines and texts come from it")
    add("--scenario", default="happy", help="what befalls new batches: a name or a JSON file")
    add("--replies", metavar="FILE", help="scripted replies, or an output .jsonl to replay")
    add("--load", metavar="FILE", help="each new world begins with this state")
    add("--api-key", action="append", metavar="KEY", help="accept this key only; repeatable")
    add("--worlds", default="per-key", choices=("per-key", "one"), help="one: all keys share")
    add("--gateway", action="store_true", help="answer always as Portkey's gateway would")
    add("--tls", action="store_true", help="serve https, with a throw-away authority")
    add("--no-validate", action="store_true", help="do not check answers before they leave")
    add("--log-format", default="text", choices=("text", "json"), help="one line a request")
    add("--ready-file", metavar="FILE", help="written when listening: JSON with url, pid, version")


@dataclass(frozen=True)
class _Fault:
    """Stands for the value of an option whose environment variable makes no sense.

    It is told when the option is used: not by other commands, and not when a flag replaces it.
    """

    message: str


class _Several(list[str]):
    """Values from the environment, which a repeatable flag replaces and does not extend."""

    def __copy__(self) -> list[str]:  # argparse copies a default before it appends
        return []


class _Options:
    """Adds options that an environment variable of the same name can give."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser

    def add(self, flag: str, **how: Any) -> None:
        name = "MOCKBATCH_" + flag.removeprefix("--").replace("-", "_").upper()
        text = os.environ.get(name)
        how["help"] += f" [{name}]"
        if how.get("default") is not None:
            how["help"] += " (default: %(default)s)"
        if text:
            how["default"] = self._read(name, text, how)
        self._parser.add_argument(flag, **how)

    def _read(self, name: str, text: str, how: dict[str, Any]) -> Any:
        if how.get("action") == "store_true":
            return text.lower() not in ("0", "false", "no")
        if how.get("action") == "append":
            return _Several(key.strip() for key in text.split(",") if key.strip())
        if text not in how.get("choices", (text,)):
            return _Fault(f"{name}: invalid choice: {text!r}")
        try:
            return how.get("type", str)(text)
        except (ValueError, argparse.ArgumentTypeError) as error:
            return _Fault(f"{name}: {error}")


def serve(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    for value in vars(arguments).values():
        if isinstance(value, _Fault):
            raise ValueError(value.message)
    from mockbatch.httpd import Httpd
    from mockbatch.state.load import from_file
    from mockbatch.tls import Tls
    from mockbatch.web.app import create_app

    settings = _settings(arguments)
    _log_requests(arguments.log_format)
    beginning = from_file(arguments.load, settings.world) if arguments.load else None
    tls = Tls(arguments.host) if arguments.tls else None
    adapter = tls.adapter if tls else None
    httpd = Httpd(create_app(settings, beginning), arguments.host, arguments.port, adapter)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        httpd.start()
    except OSError as error:
        raise OSError(f"cannot listen on {arguments.host}:{arguments.port}: {error}") from None
    _announce(httpd.url, arguments, settings.owner_key, tls.authority_file if tls else None)
    while not stopped.wait(3600):
        pass
    httpd.stop()
    if tls:
        tls.close()
    return 0


def _settings(arguments: argparse.Namespace) -> Any:
    from mockbatch.clock import parse_instant, parse_mode
    from mockbatch.replies.script import Script, from_file
    from mockbatch.scenarios import from_option
    from mockbatch.settings import ServerSettings, WorldSettings

    start = arguments.start_time
    world = WorldSettings(
        clock=parse_mode(arguments.clock),
        pace=arguments.pace,
        start_time=None if start is None else parse_instant(start),
        seed=arguments.seed,
        scenario=from_option(arguments.scenario),
        script=from_file(arguments.replies) if arguments.replies else Script(),
        validate=not arguments.no_validate,
    )
    keys = arguments.api_key or []
    return ServerSettings(
        world=world,
        api_keys=frozenset(keys),
        one_world=arguments.worlds == "one",
        owner_key=keys[0] if keys else ServerSettings().owner_key,
        host=arguments.host,
        gateway=arguments.gateway,
    )


def _announce(
    url: str, arguments: argparse.Namespace, key: str, authority_file: Path | None
) -> None:
    if arguments.host not in ("127.0.0.1", "localhost", "::1"):
        warning = f"warning: {arguments.host} can be reached from other machines"
        print(f"mockbatch: {warning}", file=sys.stderr)
    print(f"mockbatch is listening on {url}")
    print(f"export OPENAI_BASE_URL={url}/v1")
    print(f"export OPENAI_API_KEY={key}")
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


class _RequestFormatter(logging.Formatter):
    """One line a request, with simulated time; other messages as they are."""

    def __init__(self, form: str) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] | None = getattr(record, "request", None)
        if fields is None:
            text = super().format(record)
            return json.dumps({"level": record.levelname, "message": text}) if self._json else text
        if self._json:
            return json.dumps(fields)
        now = fields["now"]
        moment = "-" if now is None else f"{datetime.fromtimestamp(now, timezone.utc):%F %TZ}"
        # Quoted again, so that no line end in a path makes two lines of one request.
        return f"{moment} {fields['method']} {quote(fields['path'])} {fields['status']}"


def _log_requests(form: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_RequestFormatter(form))
    log = logging.getLogger("mockbatch")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def _add_scenarios(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=scenarios)
    parser.add_argument("name", nargs="?", help="tell all about this one")
    parser.add_argument("--markdown", action="store_true", help="print docs/scenarios.md")


def scenarios(arguments: argparse.Namespace) -> int:
    """Print the catalogue of scenarios, or all about one."""
    from mockbatch.errors import ApiError
    from mockbatch.scenarios import listing

    try:
        print(listing.markdown() if arguments.markdown else listing.text(arguments.name))
    except ApiError as error:
        raise ValueError(str(error)) from None
    return 0


def _add_validate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=validate)
    parser.add_argument("file", type=Path, help="the input file")
    parser.add_argument("--endpoint", required=True, metavar="PATH", help="/v1/chat/completions …")


def validate(arguments: argparse.Namespace) -> int:
    """Print what the Batch API would say of an input file; 1 when it would fail."""
    from mockbatch.batch import input
    from mockbatch.errors import ApiError
    from mockbatch.files import upload
    from mockbatch.files.content import Content
    from mockbatch.limits import Limits
    from mockbatch.replies import endpoints

    endpoint = endpoints().get(arguments.endpoint)
    if endpoint is None:
        known = ", ".join(endpoints())
        raise ValueError(f"no endpoint {arguments.endpoint!r}: there are {known}")
    limits = Limits()
    with arguments.file.open("rb") as stream:
        content = Content(stream)
        try:
            upload.check(content, "batch", limits)
        except ApiError as refusal:
            print(f"{arguments.file}: the upload would be refused: {refusal}")
            return 1
        given = input.read(content, endpoint, limits)
        for error in given.errors:
            place = arguments.file if error["line"] is None else f"{arguments.file}:{error['line']}"
            print(f"{place}: {error['code']}: {error['message']}")
        for index in sorted(given.refused):
            why = _refusal(given, index, endpoint)
            print(f"{arguments.file}:{index + 1}: would fail when it runs: {why}")
    if given.errors:
        print(f"The batch would fail: {len(given.errors)} errors in {arguments.file}.")
        return 1
    print(f"The batch would run: {given.total} requests to {given.model}.")
    return 0


def _refusal(given: Any, index: int, endpoint: Any) -> str:
    from mockbatch.errors import ApiError

    try:
        endpoint.check(given.request(index)["body"])
    except ApiError as refusal:
        return str(refusal)
    return ""


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return port


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1e-6 <= number <= 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return number
