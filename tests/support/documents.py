"""The pages of the documentation, in parts: code blocks by language, and tables."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What the examples take for granted: an input file of two lines, and code that submits it.
PREAMBLE = """
import pytest

INPUT = b"".join(
    b'{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": '
    b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}}\\n' % number
    for number in range(2)
)


def submit(client):
    file = client.files.create(file=("in.jsonl", INPUT), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
"""


@dataclass(frozen=True)
class Page:
    """A page, by its path from the root of the project."""

    path: str

    @cached_property
    def text(self) -> str:
        """The whole page."""
        return (ROOT / self.path).read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[tuple[str, str]]:
        """The language and text of each code block; the language may be empty."""
        return re.findall(r"^```(\w*)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    def code(self, language: str) -> list[str]:
        """Return the code blocks of a language, in order."""
        return [text for found, text in self.blocks if found == language]

    def commands(self, word: str) -> list[str]:
        """Return the lines of the shell blocks that begin with a word."""
        lines = [line for text in self.code("sh") for line in text.splitlines()]
        return [line for line in lines if line.split()[0] == word]

    def rows(self, heading: str) -> list[list[str]]:
        """Return the rows of the tables whose first column has a heading, as cells."""
        parts = self.text.split(f"\n| {heading} |")[1:]
        rows = [line for part in parts for line in part.split("\n\n")[0].splitlines()[2:]]
        return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def quoted_names(text: str) -> list[str]:
    """Return what stands in back quotes."""
    return re.findall(r"(?<!`)`([^`\n]+)`", text)


README = Page("README.md")
CONTROL_API, COMMAND_LINE = Page("docs/control_api.md"), Page("docs/command_line.md")
PYTEST, CI = Page("docs/pytest.md"), Page("docs/ci.md")
GETTING_STARTED = Page("docs/getting_started.md")
#: The pages whose every code block is run.
RUN_PAGES = (
    README,
    PYTEST,
    CONTROL_API,
    COMMAND_LINE,
    Page("docs/clocks.md"),
    Page("docs/replies.md"),
    Page("docs/live_calls.md"),
    Page("docs/providers.md"),
    Page("docs/webhooks.md"),
    GETTING_STARTED,
    Page("docs/python_api.md"),
    CI,
)
#: Every page that people write.
PAGES = (
    *RUN_PAGES,
    *(
        Page(f"docs/{name}.md")
        for name in (
            "index",
            "evidence",
            "limits",
            "beside_other_tools",
            "skip_sleep",
            "portkey",
            "architecture",
            "releasing",
        )
    ),
    Page("CONTRIBUTING.md"),
    Page("SECURITY.md"),
)
