"""`mockbatch scenarios` and `mockbatch faults`."""

import json
from types import ModuleType

import click

from mockbatch.cli.options import complete_fault, complete_scenario


@click.command(short_help="List what can happen to a batch.")
@click.argument("name", required=False, shell_complete=complete_scenario)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print docs/scenarios.md instead.")
def scenarios(name: str | None, is_json: bool, markdown: bool) -> None:
    """List the scenarios, or describe the scenario NAME."""
    from mockbatch.providers.refusals import find_refusals
    from mockbatch.scenarios import docs

    _print_catalogue(docs, name, find_refusals, is_json=is_json, markdown=markdown)


@click.command(short_help="List what can happen to a request.")
@click.argument("name", required=False, shell_complete=complete_fault)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print docs/faults.md instead.")
def faults(name: str | None, is_json: bool, markdown: bool) -> None:
    """List the presets of faults, or describe the preset NAME."""
    from mockbatch.faults import docs

    _print_catalogue(docs, name, is_json=is_json, markdown=markdown)


def _print_catalogue(
    docs: ModuleType, name: str | None, *more: object, is_json: bool, markdown: bool
) -> None:
    from mockbatch.errors import ApiError

    try:
        if markdown:
            print(docs.markdown(*more))
        elif is_json:
            print(json.dumps(docs.as_json(name), indent=2))
        else:
            print(docs.text(name, *more))
    except ApiError as error:
        raise click.BadParameter(str(error), param_hint="'NAME'") from None
