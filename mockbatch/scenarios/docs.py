"""The catalogue for people: in a terminal, and as docs/scenarios.md."""

from collections.abc import Iterator

from mockbatch.scenarios import catalogue, scenario
from mockbatch.typing import Json

_HEAD = """# Scenarios

What can happen to a batch, by name. Choose one with `--scenario NAME` for all new batches, with
`@pytest.mark.mockbatch(scenario="NAME")` for a test, with `mockbatch.scenario("NAME")` for the
next batch of a test, or in a batch's own metadata, from any language:
`{"mockbatch_scenario": "NAME", "mockbatch_PARAMETER": "0.4"}`.

This page is generated from the files in `mockbatch/scenarios/catalogue/` by
`mockbatch scenarios --markdown`. A file of your own of the same form can be used wherever a
name can: see `mockbatch/schemas/scenario.json`.
"""


def text(name: str | None) -> str:
    """Return the catalogue, a line for each scenario, or one in full; ApiError if unknown."""
    if name is None:
        width = max(len(name) for name in catalogue())
        return "\n".join(f"{name:{width}}  {one['summary']}" for name, one in catalogue().items())
    scenario(name, {}, "name")
    return "\n".join(_lines(catalogue()[name]))


def markdown() -> str:
    """Return the whole catalogue as a Markdown page."""
    rows = [f"| [`{name}`](#{name}) | {one['summary']} |" for name, one in catalogue().items()]
    parts = [_HEAD, "| name | what happens |\n| --- | --- |\n" + "\n".join(rows) + "\n"]
    parts += [_section(one) for one in catalogue().values()]
    return "\n".join(parts)


def _section(one: dict[str, Json]) -> str:
    lines = [f"## {one['name']}", "", one["summary"], "", f"What a client sees: {one['sees']}", ""]
    lines += [f"- `{name}`: {_range(parameter)}" for name, parameter in _parameters(one)]
    lines += [""] if _parameters(one) else []
    if one.get("sources"):
        lines += ["Seen in: " + ", ".join(f"<{url}>" for url in one["sources"]), ""]
    return "\n".join(lines)


def _lines(one: dict[str, Json]) -> Iterator[str]:
    yield f"{one['name']}: {one['summary']}"
    yield f"What a client sees: {one['sees']}"
    for name, parameter in _parameters(one):
        yield f"  {name}: {_range(parameter)}"
    for url in one.get("sources", ()):
        yield f"  seen in {url}"


def _parameters(one: dict[str, Json]) -> list[tuple[str, dict[str, Json]]]:
    return list(one.get("parameters", {}).items())


def _range(parameter: dict[str, Json]) -> str:
    if "choices" in parameter:
        return f"{parameter['summary']}, one of {', '.join(parameter['choices'])}"
    return f"{parameter['summary']}, from {parameter['minimum']} to {parameter['maximum']}"
