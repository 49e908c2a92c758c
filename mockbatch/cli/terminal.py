"""What depends on whether a person sees the output in a terminal."""

import sys

import click

_ERASE_LINE = "\r\x1b[K"


def end_interrupted_line() -> None:
    """End the line in which the terminal shows ^C, so that the prompt starts a line of its own."""
    if sys.stderr.isatty():
        click.echo(err=True)


def show_status(text: str) -> None:
    """Show what the command is waiting for, in a line that the next one replaces."""
    if sys.stderr.isatty():
        click.echo(f"{_ERASE_LINE}{text}", err=True, nl=False)


def clear_status() -> None:
    """Erase the line of `show_status`."""
    if sys.stderr.isatty():
        click.echo(_ERASE_LINE, err=True, nl=False)
