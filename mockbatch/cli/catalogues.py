"""`mockbatch scenarios` and `mockbatch faults`."""

import argparse


def add_scenarios_to(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.set_defaults(command=scenarios)
    parser.add_argument("name", nargs="?", help="tell all about this one")
    parser.add_argument("--markdown", action="store_true", help="print docs/scenarios.md")


def scenarios(arguments: argparse.Namespace) -> int:
    """Print the catalogue of scenarios, or all about one."""
    from mockbatch.errors import ApiError
    from mockbatch.scenarios import docs

    try:
        print(docs.markdown() if arguments.markdown else docs.text(arguments.name))
    except ApiError as error:
        raise ValueError(str(error)) from None
    return 0


def add_faults_to(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.set_defaults(command=faults)
    parser.add_argument("--markdown", action="store_true", help="print docs/faults.md")


def faults(arguments: argparse.Namespace) -> int:
    """Print the presets of faults."""
    from mockbatch.faults import docs

    print(docs.markdown() if arguments.markdown else docs.text())
    return 0
