"""What the options of the commands have in common."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from click.core import ParameterSource

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Completes the names of files.
complete_file = click.Path().shell_complete


def complete_scenario(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete the names of scenarios."""
    from mockbatch.scenarios import catalogue

    return [name for name in catalogue() if name.startswith(incomplete)]


def complete_fault(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete the names of presets of faults."""
    from mockbatch.faults import presets

    return [name for name in presets() if name.startswith(incomplete)]


class _ServeOption(click.Option):
    """An option that an environment variable can set.

    If it is repeatable, the variable separates several values by commas. An error in a value names
    the variable if the value comes from there.
    """

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the value, or the list of values, of the environment variable."""
        if not self.multiple:
            return super().value_from_envvar(ctx)
        text = self.resolve_envvar_value(ctx)
        if text is None:
            return None
        return [value.strip() for value in text.split(",") if value.strip()]

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return how errors name this option."""
        hint = f"'{self.opts[0]}'"
        source = ctx and self.name and ctx.get_parameter_source(self.name)
        if source == ParameterSource.ENVIRONMENT:
            return f"{hint} (env var: '{self.envvar}')"
        return hint


def serve_option(flag: str, **attributes: Any) -> Callable[[_Function], _Function]:
    """Return an option that the environment variable `MOCKBATCH_<NAME>` can set, too.

    `attributes` are those of click.option.
    """
    variable = "MOCKBATCH_" + flag.removeprefix("--").replace("-", "_").upper()
    attributes = {"show_default": True, **attributes}
    return click.option(flag, cls=_ServeOption, envvar=variable, show_envvar=True, **attributes)


@contextmanager
def errors_as_bad_parameter(flag: str | None = None) -> Iterator[None]:
    """Turn the errors that a parser raises for a bad value into click.BadParameter.

    `flag` names the option where click cannot know it: outside of the parsing of options.
    """
    from mockbatch.errors import ApiError

    try:
        yield
    except (ApiError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint=flag and f"'{flag}'") from None


def parse_positive(text: str) -> float:
    """Return a number from 1e-6 to 1e9; click.BadParameter for anything else."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1e-6 <= number <= 1e9:
        raise click.BadParameter(f"{text!r} is not a number from 1e-6 to 1e9")
    return number
