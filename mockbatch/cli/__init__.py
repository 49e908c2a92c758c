"""The command `mockbatch`.

The exit status is 0 on success, 1 if a command found something wrong, and 2 if the arguments were
invalid or the command could not do its work.

- `serve`, `validate`, `contract` and `survive` define the commands of the same names, `catalogues`
  the commands `scenarios` and `faults`. A command imports the rest of the package when it runs.
- `options` has what options share. `serve_settings` turns the options of `serve` into settings,
  and `webhook_options` the options about webhooks.
- `input_check` checks the files of `validate`, and `validation_report` formats the result.
- `service` is one process that serves, and `workers` are several on one port.
- `wsgi_app` makes the app of `mockbatch.wsgi` from the environment variables of these options.
- `request_log` formats the lines that `serve` logs, `ready_file` is the file of `--ready-file`,
  `stop_signal` ends the process in time, `first_process` lets a container's first process serve
  in a child, and `memory` returns freed memory to the system.
- `terminal` knows whether a person sees the output.
"""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

import mockbatch
from mockbatch.cli.terminal import end_interrupted_line

# As a shell reports a process that SIGPIPE or SIGINT has ended.
_BROKEN_PIPE = 128 + 13
_INTERRUPTED = 128 + 2
_COMPLETION = """\b
To complete commands and options with Tab, add a line to the start-up file of your shell:
  bash  eval "$(_MOCKBATCH_COMPLETE=bash_source mockbatch)"
  zsh   eval "$(_MOCKBATCH_COMPLETE=zsh_source mockbatch)"
  fish  _MOCKBATCH_COMPLETE=fish_source mockbatch | source
"""


_MODULES: Mapping[str, str] = {
    "serve": "serve",
    "validate": "validate",
    "scenarios": "catalogues",
    "faults": "catalogues",
    "contract": "contract",
    "survive": "survive",
}


class _Commands(click.Group):
    """The commands; a closed pipe or Ctrl-C ends them without a traceback.

    Each is imported when it is needed: without the others, `serve` starts 3 ms earlier.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command with this name, or None."""
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"{__name__}.{_MODULES[cmd_name]}")
        found: click.Command = getattr(module, cmd_name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was chosen, and return its exit status."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes stdout once more at exit, which must not fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _BROKEN_PIPE
        except KeyboardInterrupt:
            end_interrupted_line()
            return _INTERRUPTED
        return status


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=mockbatch.__doc__.splitlines()[0],
    epilog=_COMPLETION,
)
@click.version_option(mockbatch.__version__, message="%(version)s")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Print the help, unless a command is given."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command with these arguments, or those of the process; return its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for consoles without Unicode
    try:
        status: int | None = command.main(argv, prog_name="mockbatch", standalone_mode=False)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        return _fail(context.command_path if context else "mockbatch", error.format_message())
    except click.Abort:  # Ctrl-C before the command has begun
        return _INTERRUPTED
    except OSError as error:
        return _fail("mockbatch", str(error))
    return status or 0


def _fail(command: str, message: str) -> int:
    """Print an error in one line, and return the exit status."""
    click.echo(f"{command}: {' '.join(message.splitlines())}", err=True)
    return 2
