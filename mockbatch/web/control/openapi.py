"""`/_mock/openapi.json`: the control API as an OpenAPI document."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app

import mockbatch
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.web import wakeup
from mockbatch.web.auth import PUBLIC_ENDPOINTS
from mockbatch.web.responses import send_json

if TYPE_CHECKING:
    from werkzeug.routing import Rule

    from mockbatch.web.control_operations import Operation

blueprint = Blueprint("control_openapi", __name__, url_prefix="/_mock/openapi.json")

_REF_PREFIX = "#/components/schemas/"
# `<id>`, or `<any(hold, resume):name>`, which is one path for each of the names.
_VARIABLE = re.compile(r"<(?:any\((?P<names>[^)]*)\):)?(?P<variable>\w+)>")
_DESCRIPTION = (
    "Moves time and decides what happens to batches. The bearer key of a call chooses the world. "
    "If the server has only one world, no key is needed."
)


@blueprint.get("")
def show() -> Response:
    """Return the control API as an OpenAPI document."""
    document = make_document(current_app.url_map.iter_rules(), current_app.view_functions)
    return send_json(document, compact=True)


def make_document(rules: "Iterator[Rule]", views: dict[str, Callable[..., Any]]) -> Json:
    """Return an OpenAPI document of the routes of the control API."""
    paths: dict[str, dict[str, Json]] = {}
    for rule in sorted(rules, key=lambda rule: rule.rule):
        # Only the server itself can call the latter.
        if rule.rule.startswith("/_mock") and rule.rule != wakeup.PATH:
            for path, name in _paths(rule):
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    operation = _operation(rule.endpoint, views[rule.endpoint], path, name)
                    paths.setdefault(path, {})[method.lower()] = operation
    document: dict[str, Json] = {
        "openapi": "3.1.0",
        "info": {
            "title": "mockbatch control API",
            "version": mockbatch.__version__,
            "description": _DESCRIPTION,
        },
        "security": [{"key": []}, {}],
        "paths": paths,
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }
    document["components"]["schemas"] = _referenced_schemas(document)
    return document


def _paths(rule: "Rule") -> Iterator[tuple[str, str]]:
    """Return the paths of a rule, each with the name that tells it from the others of the rule."""
    choice = next((match for match in _VARIABLE.finditer(rule.rule) if match["names"]), None)
    for name in choice["names"].split(", ") if choice else [""]:
        template = rule.rule.replace(choice[0], name) if choice else rule.rule
        yield _VARIABLE.sub(r"{\g<variable>}", template), name


def _operation(endpoint: str, view: Callable[..., Any], path: str, name: str) -> Json:
    from mockbatch.web.control_operations import OPERATIONS

    group, _, function = endpoint.removeprefix("control_").partition(".")
    summary, _, description = (inspect.getdoc(view) or "").partition("\n\n")
    operation = OPERATIONS[endpoint]
    document: dict[str, Json] = {
        "operationId": f"{group}_{name or function}",
        "tags": [group],
        "summary": summary.replace("\n", " "),
        "parameters": [
            *(_parameter("path", id, {"type": "string"}) for id in re.findall(r"{(\w+)}", path)),
            *(_parameter("query", *parameter) for parameter in operation.query.items()),
        ],
        "responses": _responses(operation),
    }
    if description:
        document["description"] = description.replace("\n", " ")
    if endpoint in PUBLIC_ENDPOINTS:
        document["security"] = []
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        document["requestBody"] = {"required": not operation.is_body_optional, "content": content}
    return document


def _parameter(place: str, name: str, value_schema: Json) -> Json:
    return {"name": name, "in": place, "required": place == "path", "schema": value_schema}


def _responses(operation: "Operation") -> Json:
    content = {} if operation.response is None else {"schema": operation.response}
    error = {"schema": {"$ref": f"{_REF_PREFIX}error"}}
    responses: dict[str, Json] = {
        "200": {"description": "Done.", "content": {operation.content_type: content}},
        "4XX": {"description": "An error.", "content": {"application/json": error}},
        "5XX": {"description": "An error.", "content": {"application/json": error}},
    }
    if operation.may_be_unmodified:
        responses["304"] = {"description": "Nothing has changed since then."}
    return responses


def _referenced_schemas(document: Json) -> dict[str, Json]:
    """Return the schemas of the package that a document refers to, by name."""
    schemas: dict[str, Json] = {}
    names = sorted({ref.removeprefix(_REF_PREFIX) for ref in _refs(document)})
    for name in names:
        one = {**schema(name.replace("-", "/")).document}
        description = one.pop("$comment", None)
        del one["$schema"], one["$id"]
        relocated = _relocate(one, f"{_REF_PREFIX}{name}/")
        schemas[name] = {"description": description, **relocated}
    return schemas


def _refs(document: Json) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _refs(value)
    elif isinstance(document, list):
        for item in document:
            yield from _refs(item)


def _relocate(document: Json, prefix: str) -> Json:
    """Return a schema whose references into itself hold where it has the URI `prefix`."""
    if isinstance(document, dict):
        return {
            name: value.replace("#/", prefix, 1)
            if name == "$ref" and isinstance(value, str)
            else _relocate(value, prefix)
            for name, value in document.items()
        }
    return (
        [_relocate(item, prefix) for item in document] if isinstance(document, list) else document
    )
