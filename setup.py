"""Adapts the README to package indexes, where its relative links would lead nowhere.

Everything else is in setup.cfg. PROJECT_URL names the repository, such as
https://github.com/OWNER/mockbatch; the release workflow sets it. Without it, links become plain
text and pictures are left out.
"""

import os
import re
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
[VERSION] = re.findall(
    r'^__version__ = "(.*)"', (ROOT / "mockbatch/__init__.py").read_text(), re.MULTILINE
)
RELATIVE_LINK = re.compile(r"(?P<is_image>!?)\[(?P<text>[^]]*)\]\((?!https?:|#)(?P<path>[^)]+)\)")


def describe(readme: str, project_url: str) -> str:
    """Return the README with absolute links, or without relative ones if there is no URL."""

    def replace(link: "re.Match[str]") -> str:
        if project_url:
            view = "raw" if link["is_image"] else "blob"
            target = f"{project_url}/{view}/v{VERSION}/{link['path']}"
            return f"{link['is_image']}[{link['text']}]({target})"
        return "" if link["is_image"] else link["text"]

    return RELATIVE_LINK.sub(replace, readme)


def project_urls(project_url: str) -> dict[str, str]:
    """Return the links beside the description; none without a URL."""
    if not project_url:
        return {}
    return {
        "Source": project_url,
        "Documentation": f"{project_url}/blob/v{VERSION}/docs/index.md",
        "Changelog": f"{project_url}/blob/v{VERSION}/CHANGELOG.md",
        "Issues": f"{project_url}/issues",
    }


def main() -> None:
    """Let setuptools build, install or describe the package."""
    url = os.environ.get("PROJECT_URL", "").rstrip("/")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    setup(
        long_description=describe(readme, url),
        long_description_content_type="text/markdown",
        project_urls=project_urls(url),
    )


if __name__ == "__main__":
    main()
