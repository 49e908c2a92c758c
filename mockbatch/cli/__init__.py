"""The command `mockbatch`: exit status 0 is good, 1 found something, 2 was called wrongly."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import mockbatch
from mockbatch.cli import catalogues, contract, serve, validate


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
        status = command(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        return _cut_off()
    except KeyboardInterrupt:
        return 128 + 2
    except (OSError, ValueError) as error:
        print(f"mockbatch: {error}", file=sys.stderr)
        return 2


def _cut_off() -> int:
    """Say no more, for whoever reads has enough, as `| head` has; return the shell's status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + 13


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mockbatch", description=mockbatch.__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=mockbatch.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    serve.add_to(commands.add_parser("serve", help="serve the API on this machine"))
    validate.add_to(commands.add_parser("validate", help="judge an input file as the API would"))
    catalogues.add_scenarios_to(
        commands.add_parser("scenarios", help="tell what can befall a batch")
    )
    catalogues.add_faults_to(commands.add_parser("faults", help="tell what can befall a request"))
    contract.add_to(commands.add_parser("contract", help="check any server against the API"))
    return parser
