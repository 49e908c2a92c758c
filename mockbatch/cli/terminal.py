"""What depends on whether a person sees the output in a terminal."""

import sys

import click


def end_interrupted_line() -> None:
    """End the line in which the terminal shows ^C, so that the prompt starts a line of its own."""
    if sys.stderr.isatty():
        click.echo(err=True)
