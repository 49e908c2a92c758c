"""`mockbatch scenarios` and `mockbatch faults`."""

import click

from mockbatch.cli.options import complete_scenario


@click.command(short_help="List what can happen to a batch.")
@click.argument("name", required=False, shell_complete=complete_scenario)
@click.option("--markdown", is_flag=True, help="Print docs/scenarios.md instead.")
def scenarios(name: str | None, markdown: bool) -> None:
    """List the scenarios, or describe the scenario NAME."""
    from mockbatch.errors import ApiError
    from mockbatch.scenarios import docs

    try:
        print(docs.markdown() if markdown else docs.text(name))
    except ApiError as error:
        raise click.BadParameter(str(error), param_hint="'NAME'") from None


@click.command(short_help="List what can happen to a request.")
@click.option("--markdown", is_flag=True, help="Print docs/faults.md instead.")
def faults(markdown: bool) -> None:
    """List the presets of faults."""
    from mockbatch.faults import docs

    print(docs.markdown() if markdown else docs.text())
