"""Renders the catalogue: as text for a terminal, as docs/scenarios.md, and as JSON."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from mockbatch.package_data import in_groups
from mockbatch.scenarios import catalogue, scenario
from mockbatch.scenarios.scenario import RECORDED_SECONDS
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

#: Why a provider cannot have the scenario of a document, by the title of the provider.
Refusals: TypeAlias = Callable[[Mapping[str, Json]], Mapping[str, str]]

_HEAD = """# Scenarios

A scenario decides what happens to a batch over time. This page says for each what a client sees,
and what a robust client does. Choose a scenario:

- for all new batches: `mockbatch serve --scenario NAME`;
- for a test: `@pytest.mark.mockbatch(scenario="NAME")`;
- for the next batch of a test: `mockbatch.scenario("NAME")`;
- for one batch, from any language, in its metadata:
  `{"mockbatch_scenario": "NAME", "mockbatch_PARAMETER": "0.4"}`.

You can also write your own scenario as a JSON file, as `mockbatch/schemas/scenario.json` describes,
and give `--scenario` the file instead of a name.

`mockbatch scenarios --markdown` generates this page from the files in
`mockbatch/scenarios/catalogue/`.
"""


def _no_refusals(_: Mapping[str, Json]) -> Mapping[str, str]:
    return {}


def text(name: str | None, refusals: Refusals = _no_refusals) -> str:
    """Return the catalogue, a line for each scenario, or one in full; ApiError if unknown."""
    if name is not None:
        scenario(name, {}, "name")
        return "\n".join(_describe(catalogue()[name], refusals))
    width = max(len(name) for name in catalogue())
    lines = []
    for group, documents in _scenarios_by_group():
        lines += ["", group]
        for document in documents:
            parameters = ", ".join(f"{name}={value}" for name, value in _defaults(document))
            suffix = f" ({parameters})" if parameters else ""
            lines.append(f"  {document['name']:{width}}  {document['summary']}{suffix}")
    return "\n".join([*lines[1:], "", "mockbatch scenarios NAME describes one of them."])


def as_json(name: str | None) -> list[dict[str, Json]]:
    """Return the scenarios, or one of them, for programs; ApiError if it is unknown."""
    if name is not None:
        scenario(name, {}, "name")
        return [_summarize(catalogue()[name])]
    return [
        _summarize(document) for _, documents in _scenarios_by_group() for document in documents
    ]


def markdown(refusals: Refusals = _no_refusals) -> str:
    """Return the whole catalogue as a Markdown page.

    `refusals(document)` returns why a provider cannot have a scenario, by its title.
    """
    parts = [_HEAD]
    for group, documents in _scenarios_by_group():
        rows = [f"| [`{one['name']}`](#{one['name']}) | {one['summary']} |" for one in documents]
        parts.append(f"## {group}\n\n| name | what happens |\n| --- | --- |\n" + "\n".join(rows))
        parts[-1] += "\n"
        parts += [_section(document, refusals) for document in documents]
    return "\n".join(parts)


def _scenarios_by_group() -> list[tuple[str, list[dict[str, Json]]]]:
    return in_groups(catalogue(), schema("scenario").document)


def _summarize(document: dict[str, Json]) -> dict[str, Json]:
    defaults = dict(_defaults(document))
    parameters = {
        name: {key: value for key, value in parameter.items() if key != "sets"}
        | {"default": defaults[name]}
        for name, parameter in _parameters(document)
    }
    shown = {key: document[key] for key in ("name", "group", "summary", "sees", "advice")}
    return {**shown, "parameters": parameters, "sources": document.get("sources", [])}


def _section(document: dict[str, Json], refusals: Refusals) -> str:
    lines = [f"### {document['name']}", "", document["summary"], ""]
    lines += [f"What a client sees: {document['sees']}", ""]
    lines += [f"What a robust client does: {document['advice']}", ""]
    defaults = dict(_defaults(document))
    parameters = _parameters(document)
    lines += [
        f"- `{name}`: {_range(parameter)}; {defaults[name]} by default"
        for name, parameter in parameters
    ]
    lines += [""] if parameters else []
    lines += [*_for_providers(document, refusals), ""]
    if document.get("sources"):
        lines += ["Seen in: " + ", ".join(f"<{url}>" for url in document["sources"]), ""]
    return "\n".join(lines)


def _for_providers(document: dict[str, Json], refusals: Refusals) -> list[str]:
    """Return for which providers a scenario is, and why it is not for the others."""
    refused = refusals(document)
    if not refused:
        return ["For: every provider."]
    reasons = "; ".join(f"{title}: {reason}" for title, reason in refused.items())
    return [f"Not for {reasons}."]


def _describe(document: dict[str, Json], refusals: Refusals) -> Iterator[str]:
    yield f"{document['name']}: {document['summary']}"
    yield f"What a client sees: {document['sees']}"
    yield f"What a robust client does: {document['advice']}"
    defaults = dict(_defaults(document))
    for name, parameter in _parameters(document):
        yield f"  {name}: {_range(parameter)}; {defaults[name]} by default"
    yield from _for_providers(document, refusals)
    for url in document.get("sources", ()):
        yield f"  seen in {url}"


def _parameters(document: dict[str, Json]) -> list[tuple[str, dict[str, Json]]]:
    return list(document.get("parameters", {}).items())


def _defaults(document: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield the name and the default of each parameter: the value at the path that it sets."""
    stages = {**RECORDED_SECONDS, **document.get("stages", {})}
    for name, parameter in _parameters(document):
        value: Json = {**document, "stages": stages}
        for step in parameter["sets"]:
            value = value[step]
        yield name, value


def _range(parameter: dict[str, Json]) -> str:
    if "choices" in parameter:
        return f"{parameter['summary']}, one of {', '.join(parameter['choices'])}"
    return f"{parameter['summary']}, from {parameter['minimum']} to {parameter['maximum']}"
