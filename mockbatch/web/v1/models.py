"""`/v1/models`."""

from flask import Blueprint, Response

from mockbatch.web.context import world
from mockbatch.web.responses import check_response, json_response, send_json

blueprint = Blueprint("models", __name__, url_prefix="/v1/models")


@blueprint.get("")
def index() -> Response:
    """List all models; there is only one page."""
    body = {"object": "list", "data": world().models.as_json()}
    check_response("model_list", body)
    for item in body["data"]:
        check_response("model", item)
    return send_json(body, end="\n")


@blueprint.get("/<path:name>")
def retrieve(name: str) -> Response:
    """Retrieve a model; its name may contain slashes and colons."""
    return json_response("model", world().models.retrieve(name), end="\n")
