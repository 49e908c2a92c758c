"""`/_mock/scenarios`: the catalogue, and the scenarios queued for the next batches."""

from flask import Blueprint, Response

from mockbatch.errors import api_error
from mockbatch.scenarios import catalogue, from_document, scenario
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import checked_body, json_response
from mockbatch.world.used import count_by_scenario

blueprint = Blueprint("control_scenarios", __name__, url_prefix="/_mock/scenarios")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> Response:
    """Return the catalogue, and the scenarios queued in this world.

    Of each queued scenario, the response has the number of `batches` that have it so far.
    """
    batches = count_by_scenario(world())
    active = [
        {"name": chosen.name, "times": times, "batches": batches[chosen.name]}
        for chosen, times in world().scenarios.waiting()
    ]
    return json_response("scenarios", {"scenarios": list(catalogue().values()), "active": active})


@blueprint.get("/<name>")
def show(name: str) -> Response:
    """Return one scenario of the catalogue."""
    scenario(name, {}, "name")
    return json_response("scenario", catalogue()[name])


@blueprint.get("/active")
def show_queue() -> Response:
    """Return the scenarios queued in this world, and the catalogue."""
    return index()


@blueprint.post("/active")
def enqueue() -> Response:
    """Queue a scenario for the next batches that this world accepts."""
    body = checked_body("choose_scenario")
    if ("name" in body) == ("document" in body):
        raise api_error("invalid_value", param="body", reason="send either name or document")
    arguments = body.get("params", {})
    if "name" in body:
        chosen = scenario(body["name"], arguments, "name")
    else:
        chosen = from_document(body["document"], arguments)
    world().scenarios.add(chosen, body.get("times", 1))
    return index()


@blueprint.delete("/active")
def clear() -> Response:
    """Clear the queue."""
    world().scenarios.clear()
    return index()
