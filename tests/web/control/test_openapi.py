"""`/_mock/openapi.json`: every call is in it, and the server keeps to it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockbatch.http_server.server import HttpServer
from mockbatch.typing import Json
from mockbatch.web.control_operations import OPERATIONS
from tests.support.caller import KEY, Caller, app_of
from tests.support.examples import examples
from tests.support.slow_tests import mark_slow_except_each
from tests.web.control.test_reads import RETRIEVE, create_with

if TYPE_CHECKING:
    from schemathesis import BaseSchema

OPENAPI = "/_mock/openapi.json"
GROUPS = sorted({name.removeprefix("control_").partition(".")[0] for name in OPERATIONS})
# State documents take a second each to make up.
EXAMPLES = {"state": 3}


@pytest.fixture
def document(api: Caller) -> dict[str, Json]:
    """Return the document."""
    found: dict[str, Json] = api.good(api.get(OPENAPI))
    return found


def test_every_route_is_in_it(api: Caller, document: dict[str, Json]) -> None:
    """Each method of each route that clients can call, with one path for each command."""
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in api.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/_mock")
    }
    commands = {path for path, _ in routes if "any(" in path}
    hidden = ("/_mock/webhooks/alarm", "post")  # a 404 to clients
    described = {(path, method) for path, item in document["paths"].items() for method in item}
    assert commands == {"/_mock/batches/{id}/{any(hold, resume, cancel, expire, complete):name}"}
    assert {route for route in routes if route[0] not in commands} - {hidden} == described - {
        (f"/_mock/batches/{{id}}/{name}", "post")
        for name in ("hold", "resume", "cancel", "expire", "complete")
    }


def test_table_names_no_lost_view(api: Caller) -> None:
    """Each row of the table is a view of the app."""
    assert set(OPERATIONS) <= set(api.app.view_functions)


def test_its_schemas_are_valid(document: dict[str, Json]) -> None:
    """Each schema is a valid JSON Schema, and each reference leads to one."""
    for one in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(one)
    for ref in references(document):
        found: Any = document
        for step in ref.removeprefix("#/").split("/"):
            found = found[step]
        assert isinstance(found, dict)


@pytest.mark.parametrize("provider", RETRIEVE)
def test_it_has_the_batches_of_every_provider(
    api: Caller, document: dict[str, Json], provider: str
) -> None:
    """Whoever reads them can rely on their members."""
    response = document["paths"]["/_mock/batches/{id}"]["get"]["responses"]["200"]
    shown = response["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**shown, "components": document["components"]})
    batch = api.good(api.get(f"/_mock/batches/{create_with(api, provider)[0]}"))
    assert validator.is_valid(batch)
    assert not validator.is_valid({**batch, "other": 1})
    del batch["created_at"]
    assert not validator.is_valid(batch)


def references(value: Json) -> Iterator[str]:
    """Return every reference in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def test_operations_have_names_of_their_own(document: dict[str, Json]) -> None:
    """Code generators make functions of them."""
    ids = [one["operationId"] for item in document["paths"].values() for one in item.values()]
    assert len(set(ids)) == len(ids)


def test_only_public_calls_need_no_key(document: dict[str, Json]) -> None:
    """The health check and the files of the dashboard."""
    public = [
        path
        for path, item in document["paths"].items()
        if item.get("get", {}).get("security") == []
    ]
    assert public == ["/_mock/health", "/_mock/page/{name}"]


def test_table_costs_nothing_at_start() -> None:
    """It is imported when the document is requested."""
    code = (
        "import sys; from mockbatch.web.app import create_app; create_app(); "
        "assert 'mockbatch.web.control_operations' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.fixture(scope="module")
def described() -> "Iterator[tuple[BaseSchema, str]]":
    """Serve an app on a socket; return its document as schemathesis reads it, and a batch's id."""
    try:
        import schemathesis
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs the extra [fuzz-test]")
        pytest.skip("needs the extra [fuzz-test]")
    app = app_of(server={"owner_key": KEY})
    batch = Caller(app).create()
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    # Not from the app: schemathesis would then look into its modules for examples.
    yield schemathesis.openapi.from_url(server.url + OPENAPI), batch["id"]
    server.stop()


@pytest.mark.parametrize("group", mark_slow_except_each(6, GROUPS))
def test_server_keeps_to_it(described: "tuple[BaseSchema, str]", group: str) -> None:
    """Whatever is sent, the response is in the document, and never a 500.

    What breaks a schema is refused. What fits one may still be refused: no schema says which
    scenarios there are.
    """
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    schema, batch_id = described
    results: Any = schema.get_all_operations()
    for result in results:
        operation = result.ok()
        if operation.definition.raw["tags"] != [group]:
            continue
        for strategy in strategies(operation):

            @examples(
                EXAMPLES.get(group, 8),
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            )
            @given(case=strategy, is_known=st.booleans())
            def check(case: Any, *, is_known: bool) -> None:
                if is_known and "id" in case.path_parameters and group == "batches":
                    case.path_parameters["id"] = batch_id
                case.call_and_validate(
                    headers={"Authorization": f"Bearer {KEY}"},
                    excluded_checks=[positive_data_acceptance],
                    timeout=60,
                )

            check()


def strategies(operation: Any) -> "Iterator[st.SearchStrategy[Any]]":
    """Return what makes calls that fit the document, and calls that do not if there can be any."""
    from schemathesis import GenerationMode

    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if operation.body or operation.query:
        yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
