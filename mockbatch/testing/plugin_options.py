"""The options of the plugin: in the ini file, on the command line, and in the marker."""

from collections.abc import Callable
from typing import Any

import pytest

__tracebackhide__ = True

# Options of the worlds: default, type and help. Without a default, the server's own is used.
INI_OPTIONS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "scenario": ("", str, "scenario of each test's world, by its name"),
    "clock": ("manual", str, "clock mode of each test's world: manual, on-poll, realtime, xN"),
    "pace": ("1", float, "how many times faster than recorded a batch passes through its stages"),
    "seed": (
        "0",
        str,
        "seed of ids (some need start_time, too), texts and the order of output lines",
    ),
    "start_time": ("", str, "simulated start of each test: epoch seconds or ISO 8601"),
    "poll_limit": ("100", int, "retrieves of an unfinished batch allowed while time stands still"),
}


INI_FLAGS = {
    "env": "set the environment from the start of the run, for clients that are built at import",
    "skip_sleep": "let every sleep of each test move the simulated clock instead of waiting",
    "real_sleep": "let tests sleep for real, however long, while batches wait for the clock",
    "own_key": "give the world of each test its own key, for tests that run in parallel threads",
}

UNUSED_CHOICES = ("warn", "error", "ignore")

# The options of the marker; everything else in it is a parameter of the scenario.
TEST_FLAGS = ("skip_sleep", "real_sleep", "own_key")
MARKER_OPTIONS = frozenset({*INI_OPTIONS, *TEST_FLAGS})

MARKER = (
    "mockbatch(scenario, clock, pace, seed, start_time, poll_limit, skip_sleep, real_sleep, "
    "own_key, **parameters): options of the world of the `mockbatch` fixture, and parameters of "
    "its scenario; with skip_sleep=True every sleep of the test moves the simulated clock instead "
    "of waiting."
)


def add_options(parser: pytest.Parser) -> None:
    """Add the ini options and the command line options."""
    for name, (default, _, text) in INI_OPTIONS.items():
        parser.addini(f"mockbatch_{name}", text, default=default)
    for name, text in INI_FLAGS.items():
        parser.addini(f"mockbatch_{name}", text, type="bool", default=False)
    text = "what to do about a fault, reply or scenario that never applied: warn, error, ignore"
    parser.addini("mockbatch_unused", text, default="warn")
    group = parser.getgroup("mockbatch")
    group.addoption(
        "--mockbatch-url", metavar="URL", help="use the mockbatch server that runs at URL"
    )
    text = "wait after each failed test, to look at its worlds in the dashboard"
    group.addoption("--mockbatch-keep", action="store_true", help=text)
    group.addoption(
        "--mockbatch-misfortunes",
        metavar="all|NAME,...",
        default="",
        help="the misfortunes of the fixture `misfortune`; by default the twenty most reported",
    )


def ini_defaults(config: pytest.Config) -> dict[str, Any]:
    """Return the world options that the ini file sets, or their defaults."""
    options = {}
    for name, (_, convert, _) in INI_OPTIONS.items():
        text = config.getini(f"mockbatch_{name}")
        try:
            if text:
                options[name] = convert(text)
        except ValueError:
            raise pytest.UsageError(f"mockbatch_{name}: {text!r} is not a number") from None
    return options


def check_ini_names(config: pytest.Config) -> None:
    """Raise UsageError for an ini option of mockbatch that does not exist."""
    known = [f"mockbatch_{name}" for name in (*INI_OPTIONS, *INI_FLAGS, "unused")]
    # pytest 9 deprecates `inicfg` and has no other public list of what the file sets.
    for name in config._inicfg if hasattr(config, "_inicfg") else config.inicfg:
        if name.startswith("mockbatch_") and name not in known:
            from mockbatch.package_data import did_you_mean

            hint = did_you_mean(name, known)
            raise pytest.UsageError(
                f"unknown ini option {name}. {hint} Valid options: {', '.join(known)}."
            )


def unused_choice(config: pytest.Config) -> str:
    """Return what to do about what a test set up and never used, one of UNUSED_CHOICES."""
    choice: str = config.getini("mockbatch_unused")
    if choice not in UNUSED_CHOICES:
        choices = ", ".join(UNUSED_CHOICES)
        raise pytest.UsageError(f"mockbatch_unused: {choice!r} is not one of {choices}")
    return choice


def marked_scenario(item: pytest.Item) -> str | None:
    """Return the scenario that a marker of the test itself, not of its class or module, chose."""
    chosen = (one.kwargs.get("scenario") for one in item.own_markers if one.name == "mockbatch")
    scenario = next(filter(None, chosen), None)
    return scenario if isinstance(scenario, str) else scenario and scenario.get("name")


def read_test_options(request: pytest.FixtureRequest) -> tuple[dict[str, Any], set[str]]:
    """Return the options of a test's world, and those of TEST_FLAGS that are set."""
    options = _marker_options(request.node)
    flags = {
        name for name in TEST_FLAGS if options.pop(name, request.config.getini(f"mockbatch_{name}"))
    }
    return options, flags


def watches_sleep(item: pytest.Item) -> bool:
    """Return whether a test may have a world and does not intend real sleeps."""
    if not {"mockbatch_server", "mockbatch_app"} & set(getattr(item, "fixturenames", ())):
        return False
    options = (marker.kwargs for marker in item.iter_markers("mockbatch"))
    chosen = (given["real_sleep"] for given in options if "real_sleep" in given)
    return not next(chosen, item.config.getini("mockbatch_real_sleep"))


def _marker_options(item: pytest.Item) -> dict[str, Any]:
    """Return the options of the markers; the marker nearest to the test wins."""
    options: dict[str, Any] = {}
    for marker in item.iter_markers("mockbatch"):
        if marker.args:
            raise pytest.UsageError("@pytest.mark.mockbatch takes keyword arguments only")
        further = marker.kwargs
        if "scenario" in options:  # parameters of another scenario do not fit this one
            further = {name: further[name] for name in further if name in MARKER_OPTIONS}
        options = {**further, **options}
    return options
