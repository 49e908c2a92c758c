"""The values of the options of `mockbatch serve`, and the settings that they stand for."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from mockbatch.cli.options import errors_as_bad_parameter
from mockbatch.cli.webhook_options import webhook_settings

if TYPE_CHECKING:
    from mockbatch.endpoints.model_list import ModelList
    from mockbatch.scenarios.scenario import Scenario
    from mockbatch.scripting.script import Script
    from mockbatch.world.settings import ServerSettings
    from mockbatch.world.snapshot.snapshot import Snapshot


def parse_clock(text: str) -> str:
    """Return the clock mode of `--clock`."""
    from mockbatch.clock import parse_mode

    with errors_as_bad_parameter():
        return parse_mode(text)


def parse_start_time(text: str) -> float:
    """Return the epoch seconds of `--start-time`."""
    from mockbatch.clock import parse_instant

    with errors_as_bad_parameter():
        return parse_instant(text)


def parse_scenario(text: str) -> "Scenario":
    """Return the scenario of `--scenario`: a name, or the path of a JSON file."""
    from mockbatch.scenarios import from_option

    with errors_as_bad_parameter():
        return from_option(text)


def parse_replies(path: str) -> "Script":
    """Return the scripted replies in the file of `--replies`."""
    from mockbatch.scripting.script_file import load_script

    with errors_as_bad_parameter():
        return load_script(path)


def parse_models(path: str) -> "ModelList":
    """Return the models in the file of `--models`."""
    from mockbatch.endpoints.model_list import load_model_list

    with errors_as_bad_parameter():
        return load_model_list(path)


def parse_limit(text: str) -> tuple[str, int]:
    """Return the name of a limit and its number, as in `lines=140000`."""
    from mockbatch.limits import Limits

    name, _, number = text.partition("=")
    names = list(Limits.__struct_fields__)
    if name not in names:
        raise click.BadParameter(f"{name!r} is not a limit: use one of {', '.join(names)}")
    if not re.fullmatch("[1-9][0-9]{0,11}", number):
        raise click.BadParameter(f"{number!r} is not a value for {name}: use a number from 1 up")
    return name, int(number)


def parse_origin(text: str) -> str:
    """Return the origin of `--allow-origin`, in lower case and without a slash at its end."""
    origin = text.lower().rstrip("/")
    if origin != "null" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", origin):
        raise click.BadParameter(
            f"{text!r} is not an origin: use scheme, host and port, as in https://app.example.com"
        )
    return origin


class ServeOptions(NamedTuple):
    """The values of the options of `mockbatch serve`, by their names."""

    host: str
    port: int
    clock: str
    pace: float
    start_time: float | None
    seed: str
    scenario: "Scenario"
    replies: "Script | None"
    models: "ModelList | None"
    load: str | None
    state: str
    files: str | None
    workers: int
    api_key: tuple[str, ...]
    worlds: str
    allow_host: tuple[str, ...]
    allow_origin: tuple[str, ...]
    gateway: bool
    no_dashboard: bool
    webhook_url: str | None
    webhook_secret: str | None
    webhook_allow_host: tuple[str, ...]
    webhook_timeout: float
    tls: bool
    limit: tuple[tuple[str, int], ...]
    no_validate: bool
    log_format: str
    ready_file: str | None


def server_settings(options: ServeOptions) -> "ServerSettings":
    """Return the settings that the options stand for, but for `--load`."""
    from mockbatch.endpoints.model_list import ModelList
    from mockbatch.limits import Limits
    from mockbatch.scripting.script import Script
    from mockbatch.world.settings import ServerSettings, WorldSettings

    world = WorldSettings(
        clock=options.clock,
        pace=options.pace,
        start_time=options.start_time,
        seed=options.seed,
        scenario=options.scenario,
        script=options.replies or Script(),
        models=options.models or ModelList(),
        validate=not options.no_validate,
        limits=Limits(**dict(options.limit)),
        webhooks=webhook_settings(
            options.webhook_url,
            options.webhook_secret,
            options.webhook_allow_host,
            options.webhook_timeout,
            options.seed,
        ),
    )
    keys = options.api_key
    return ServerSettings(
        world=world,
        api_keys=frozenset(keys),
        is_single_world=options.worlds == "one",
        owner_key=keys[0] if keys else ServerSettings().owner_key,
        host=options.host,
        allowed_hosts=frozenset(name.lower() for name in options.allow_host),
        allowed_origins=frozenset(options.allow_origin),
        gateway=options.gateway,
        has_dashboard=not options.no_dashboard,
        state=options.state,
        files=options.files,
    )


def load_settings(options: ServeOptions) -> "tuple[ServerSettings, Snapshot | None]":
    """Return the settings that the options stand for, and the state in the file of `--load`."""
    settings = server_settings(options)
    if options.files is not None:
        _check_files(options.files, settings.state)
    if not options.load:
        return settings, None
    from msgspec.structs import replace

    from mockbatch.world.snapshot.load import load_from_file

    with errors_as_bad_parameter("--load"):
        initial = load_from_file(options.load, settings.world)
    return replace(settings, world=initial.settings), initial


def _check_files(folder: str, state: str) -> None:
    """Make the folder of `--files`, because a later error would name `--state`."""
    from mockbatch.world.settings import MEMORY

    if state == MEMORY:
        raise click.UsageError("--files needs --state sqlite:///FILE or --state redis://HOST")
    from mockbatch.stores.location import prepare_folder

    with errors_as_bad_parameter("--files"):
        prepare_folder(Path(folder))
