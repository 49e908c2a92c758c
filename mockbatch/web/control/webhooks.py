"""`/_mock/webhooks`: endpoints with a secret of your choice, and the deliveries."""

from flask import Blueprint, Response, request

from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import (
    check_page,
    checked_body,
    json_response,
    query_integer,
    send_json,
)
from mockbatch.web.v1.webhook_endpoints import rotate_secret, test
from mockbatch.webhooks.outbox import MAX_FINISHED

blueprint = Blueprint("control_webhooks", __name__, url_prefix="/_mock/webhooks")
blueprint.before_request(guard)


@blueprint.post("/endpoints")
def add() -> Response:
    """Add an endpoint to this world; only its URL is required."""
    endpoint = world().webhooks.create_endpoint(checked_body("add_webhook_endpoint"))
    return json_response("webhook_endpoint_with_secret", endpoint.with_secret())


@blueprint.get("/endpoints")
def endpoints() -> Response:
    """Return the endpoints of this world, the newest first."""
    all_endpoints = world().webhooks.endpoints
    page = all_endpoints.page(len(all_endpoints), None)
    body = page.as_json(lambda endpoint: endpoint.as_json())
    check_page(["webhook_endpoint"] * len(page.items), body)
    return send_json(body)


# As in the API, but a person's calls are not in the journal.
blueprint.post("/endpoints/<id>/test")(test)
blueprint.post("/endpoints/<id>/rotate_secret")(rotate_secret)


@blueprint.get("/deliveries")
def deliveries() -> Response:
    """Return the last `limit` deliveries of this world or of a batch, each with its attempts."""
    limit = query_integer("limit", MAX_FINISHED, 0, MAX_FINISHED)
    body = world().webhooks.deliveries_json(limit, request.args.get("batch_id"))
    return json_response("webhook_deliveries", body)


@blueprint.post("/deliveries/<id>/redeliver")
def redeliver(id: str) -> Response:
    """Attempt a delivery once more, and respond when its receiver has responded."""
    checked_body("nothing", optional=True)
    return json_response("webhook_delivery", world().webhooks.redeliver(id).as_json())
