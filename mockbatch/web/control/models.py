"""`/_mock/models`: the models that a world serves."""

from flask import Blueprint, Response

from mockbatch.endpoints.model_list import ModelList, parse_model_list
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import json_body, json_response

blueprint = Blueprint("control_models", __name__, url_prefix="/_mock/models")
blueprint.before_request(guard)


@blueprint.get("")
def show() -> Response:
    """Return the models that this world serves, null for any."""
    names = world().models.names
    return json_response("models", {"models": None if names is None else list(names)})


@blueprint.put("")
def replace() -> Response:
    """Serve these models only."""
    world().serve_models(parse_model_list(json_body()))
    return show()


@blueprint.delete("")
def clear() -> Response:
    """Serve any model."""
    world().serve_models(ModelList())
    return show()
