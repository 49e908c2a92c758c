"""docs/survive.md tells the truth: its program fares as its table says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockbatch.cli import main
from mockbatch.survive import verdict
from mockbatch.survive.misfortunes import DEFAULT
from tests.support.documents import README

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/survive.md").read_text(encoding="utf-8")
[PROGRAM] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
TABLE = TEXT.partition("| --- | --- | --- |\n")[2].partition("\n\n")[0]
ROWS = dict(re.findall(r"^\| (\w+) \| \**([a-z ]+?)\** \| ", TABLE, re.MULTILINE))
WORDS = re.findall(r"^\| ([a-z ]+) \| .* \| (?:bad|neither|good.*) \|$", TEXT, re.MULTILINE)
CLIENTS = TEXT.partition("\n## Published clients\n")[2]
COLUMNS = dict(re.findall(r"^\| (\w+) \| (\**[a-z ]+\** \| .*) \|$", CLIENTS, re.MULTILINE))
PROGRAMS = ROOT / "docs/examples/survive/clients"
# Those that wait for ever take a minute each.
RUN = ["some_failed", "all_failed", "unicode_separators", "create_response_lost", "poll_429"]


def test_the_table_has_each_misfortune() -> None:
    """The default list, in its order."""
    assert tuple(ROWS) == DEFAULT


def test_readme_shows_rows_of_the_table() -> None:
    """To the letter, and in its order."""
    rows = ["| " + " | ".join(row) + " |" for row in README.rows("misfortune")]
    assert len(rows) == 4
    assert rows == [line for line in TABLE.splitlines() if line in rows]


def test_each_verdict_is_explained() -> None:
    """And no other."""
    assert set(WORDS) == {*verdict.GOOD, *verdict.BAD, *verdict.UNDECIDED}


def test_the_columns_of_published_clients_have_verdicts() -> None:
    """One for each default misfortune and client, in bold if it is bad."""
    rows = {name: COLUMNS[name].split(" | ") for name in DEFAULT}
    assert {len(row) for row in rows.values()} == {4}
    for cell in [cell for row in rows.values() for cell in row]:
        word = cell.strip("*")
        assert word in (*verdict.GOOD, *verdict.BAD)
        assert cell == (f"**{word}**" if word in verdict.BAD else word)


def test_each_bad_verdict_of_a_published_client_is_explained() -> None:
    """In the second table, and no other misfortune is in it."""
    explained = CLIENTS.partition("| misfortune | why the verdict is bad |")[2].splitlines()
    names = [name for line in explained for name in line.split(" | ")[0].strip("| ").split(", ")]
    bad = [name for name in DEFAULT if "**" in COLUMNS[name]]
    assert [name for name in DEFAULT if name in names] == bad


@pytest.mark.parametrize("program", sorted(PROGRAMS.iterdir()), ids=lambda path: path.name)
def test_each_program_for_a_published_client_can_be_parsed(program: Path) -> None:
    """By its interpreter, without the client."""
    if program.suffix == ".py":
        compile(program.read_text(encoding="utf-8"), program, "exec")
    else:
        subprocess.run(["sh", "-n", program], check=True)


@pytest.mark.slow
def test_the_program_fares_as_the_table_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As it stands on the page."""
    program = tmp_path / "tutorial.py"
    program.write_text(PROGRAM)
    only = [word for name in RUN for word in ("--only", name)]
    main(["survive", "--json", "--jobs", "2", *only, "--", sys.executable, str(program)])
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    verdicts = {row["misfortune"]: row["verdict"] for row in rows if row["misfortune"] != "happy"}
    assert verdicts == {name: ROWS[name] for name in RUN}
