"""Print what mockbatch costs beside what it cannot cost less than: `make bench`.

Each file of this folder asks one question. `make bench ONLY=journey` asks one of them.
"""

import argparse
import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from tests.benchmarks.measuring import Row

HERE = Path(__file__).parent
HEAD = """| what | floor | measured | ratio | goal | met |
| --- | --- | --- | --- | --- | --- |"""


def questions() -> list[str]:
    """Return the names of the files that measure something."""
    return sorted(path.stem for path in HERE.glob("*.py") if "\ndef measure()" in path.read_text())


def format_row(row: Row) -> str:
    """Return a row as a line of the table."""
    floor = "" if row.floor is None else f"{row.floor:.4g}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
    bound = "x" if row.floor is not None else f" {row.unit}"
    goal = "" if row.goal is None else f"<= {row.goal:g}{bound}"
    met = {None: "", True: "yes", False: "no"}[row.is_met]
    return f"| {row.what} | {floor} | {row.measured:.4g} {row.unit} | {ratio} | {goal} | {met} |"


def main() -> None:
    """Measure, and print the table, or all figures as JSON."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*questions(), []], metavar="QUESTION")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    found: list[dict[str, object]] = []
    if not arguments.json:
        print(HEAD)
    for name in arguments.only or questions():
        for row in import_module(f"{__package__}.{name}").measure():
            found.append({"question": name, **asdict(row), "ratio": row.ratio})
            if not arguments.json:
                print(format_row(row), flush=True)
    if arguments.json:
        json.dump(found, sys.stdout, indent=2)
        print()


if __name__ == "__main__":
    main()
