"""The documentation as a site: `make docs` builds it, offline, into build/docs.

The pages are plain Markdown, to be read in the repository as well. So what only a site has is
added here while it is built: the navigation, from the lists of index.md, and the reference of the
Python API and of the command line, from docstrings and from click.
"""

import json
import re
import sys
from pathlib import Path

import click
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import mockbatch  # noqa: E402
from mockbatch.cli import command as mockbatch_command  # noqa: E402
from mockbatch.web.app import create_app  # noqa: E402
from mockbatch.web.control.openapi import make_document  # noqa: E402

project = "mockbatch"
author = "mockbatch developers"
release = version = mockbatch.__version__
# The root of the repository is the source, so that links to its own pages work.
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md"]
exclude_patterns = ["**/node_modules", "docs/examples/**/node_modules"]
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # sections that begin below the second level
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
html_theme = "furo"
html_title = f"mockbatch {release}"
html_additional_pages = {"index": "redirect.html"}
templates_path = ["site"]


def make_command_reference() -> str:
    """Return the help of each command."""
    context = click.Context(mockbatch_command, info_name="mockbatch", terminal_width=100)
    names = mockbatch_command.list_commands(context)
    commands = [(name, mockbatch_command.get_command(context, name)) for name in names]
    parts = [
        f"### mockbatch {name}\n\n```text\n"
        f"{command.get_help(click.Context(command, context, name, terminal_width=100))}\n```\n"
        for name, command in commands
        if command is not None
    ]
    return "\n## Reference\n\n" + "\n".join(parts)


# What follows the text of a page on the site.
REFERENCES = {
    "docs/python_api": """
## Reference

```{eval-rst}
.. autoclass:: mockbatch.MockBatch
   :members: world, close

.. autoclass:: mockbatch.WorldClient
   :members:
   :inherited-members:

.. autoclass:: mockbatch.client.Clock
   :members:

.. autoclass:: mockbatch.client.Request
   :members:

.. autoclass:: mockbatch.client.Result
   :members:

.. autoclass:: mockbatch.client.Delivery
   :members:

.. autoexception:: mockbatch.ControlError

.. autoexception:: mockbatch.EndedAs
```
""",
    "docs/command_line": make_command_reference(),
    "docs/control_api": """
<a href="openapi.json">openapi.json</a> is the OpenAPI document of this version.
""",
}
# Links that lead somewhere in the repository only: to a folder, or beyond the checkout.
REPOSITORY_LINK = re.compile(r"\[([^]]+)\]\((?:(?:\w+/)*\w+|\.\./\.\./[^)]+)\)")
GROUP = re.compile(r"^\*\*(?P<caption>.+)\*\*$\n+(?P<items>(?:- .*\n?)+)", re.MULTILINE)
PAGE = re.compile(r"\]\((?P<path>[\w./]+)\.md\)")


def add_to_page(_app: Sphinx, page: str, source: list[str]) -> None:
    """Add to the text of a page what only a site has."""
    if page == root_doc:
        source[0] += "".join(map(make_navigation, GROUP.finditer(source[0])))
    if page == "README":
        source[0] = "---\norphan: true\n---\n" + source[0]
    source[0] = REPOSITORY_LINK.sub(r"\1", source[0]) + REFERENCES.get(page, "")


def make_navigation(group: "re.Match[str]") -> str:
    """Return the hidden table of contents of a group of links in the index."""
    paths = [match["path"] for match in PAGE.finditer(group["items"])]
    return "\n```{{toctree}}\n:hidden:\n:caption: {}\n\n{}\n```\n".format(
        group["caption"], "\n".join(paths)
    )


def write_openapi(app: Sphinx, _error: Exception | None) -> None:
    """Put the document of the control API beside its page."""
    server = create_app()
    document = make_document(server.url_map.iter_rules(), server.view_functions)
    (Path(app.outdir) / "docs/openapi.json").write_text(json.dumps(document, indent=2))


def setup(app: Sphinx) -> None:
    """Register what happens while the site is built."""
    app.connect("source-read", add_to_page)
    app.connect("build-finished", write_openapi)
