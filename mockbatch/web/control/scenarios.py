"""`/_mock/scenarios`: what can befall a batch, and what shall befall the next ones."""

from flask import Blueprint, Response

from mockbatch.errors import api_error
from mockbatch.scenarios import catalogue, from_document, scenario
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import checked_body, json_response

blueprint = Blueprint("control_scenarios", __name__, url_prefix="/_mock/scenarios")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> Response:
    """Show the catalogue, and what waits for the next batches of this world."""
    active = [
        {"name": chosen.name, "times": times} for chosen, times in world().scenarios.waiting()
    ]
    return json_response("scenarios", {"scenarios": list(catalogue().values()), "active": active})


@blueprint.get("/<name>")
def show(name: str) -> Response:
    """Show one scenario of the catalogue."""
    scenario(name, {}, "name")
    return json_response("scenario", catalogue()[name])


@blueprint.post("/active")
def choose() -> Response:
    """Choose what befalls the next batches that this world accepts."""
    body = checked_body("choose_scenario")
    if ("name" in body) == ("document" in body):
        raise api_error("invalid_value", param="body", reason="send one of name and document")
    arguments = body.get("params", {})
    if "name" in body:
        chosen = scenario(body["name"], arguments, "name")
    else:
        chosen = from_document(body["document"], arguments)
    world().scenarios.add(chosen, body.get("times", 1))
    return index()


@blueprint.delete("/active")
def clear() -> Response:
    """Forget what was chosen for the next batches."""
    world().scenarios.clear()
    return index()
