"""`/v1/webhook_endpoints` and `/v1/webhook_event_types`."""

from flask import Blueprint, Response, request

from mockbatch.web.context import world
from mockbatch.web.responses import (
    check_page,
    checked_body,
    json_response,
    query_integer,
    send_json,
)
from mockbatch.webhooks import event

blueprint = Blueprint("webhook_endpoints", __name__, url_prefix="/v1")


@blueprint.post("/webhook_endpoints")
def create() -> Response:
    """Create an endpoint; only this response shows its secret."""
    endpoint = world().webhooks.create_endpoint(checked_body("create_webhook_endpoint"))
    return json_response("webhook_endpoint_with_secret", endpoint.with_secret())


@blueprint.get("/webhook_endpoints")
def index() -> Response:
    """List endpoints, newest first."""
    limit = query_integer("limit", 20, 1, 100)
    page = world().webhooks.endpoints.page(limit, request.args.get("after"))
    body = page.as_json(lambda endpoint: endpoint.as_json())
    check_page(["webhook_endpoint"] * len(page.items), body)
    return send_json(body)


@blueprint.get("/webhook_endpoints/<id>")
def retrieve(id: str) -> Response:
    """Retrieve an endpoint."""
    return json_response("webhook_endpoint", world().webhooks.endpoints.get(id).as_json())


@blueprint.post("/webhook_endpoints/<id>")
def update(id: str) -> Response:
    """Change an endpoint."""
    body = checked_body("update_webhook_endpoint", optional=True)
    return json_response("webhook_endpoint", world().webhooks.update_endpoint(id, body).as_json())


@blueprint.delete("/webhook_endpoints/<id>")
def delete(id: str) -> Response:
    """Delete an endpoint; deliveries to it that are in progress are dropped."""
    world().webhooks.delete_endpoint(id)
    body = {"id": id, "object": "webhook_endpoint.deleted", "deleted": True}
    return json_response("webhook_endpoint_deleted", body)


@blueprint.post("/webhook_endpoints/<id>/rotate_secret")
def rotate_secret(id: str) -> Response:
    """Give an endpoint a new secret; only this response shows it."""
    body = checked_body("rotate_webhook_secret", optional=True)
    keep_old = body.get("keep_old_secret_active_for_24_hours", False)
    endpoint = world().webhooks.rotate_secret(id, keep_old=keep_old)
    return json_response("webhook_endpoint_with_secret", endpoint.with_secret())


@blueprint.post("/webhook_endpoints/<id>/test")
def test(id: str) -> Response:
    """Send a sample event to an endpoint; the response has the status code of its receiver."""
    event_type = checked_body("send_webhook_sample")["event_type"]
    body = {
        "object": "webhook_endpoint.test",
        "webhook_endpoint_id": id,
        "event_type": event_type,
        "status_code": world().webhooks.send_sample(id, event_type),
        "success": True,
    }
    return json_response("webhook_endpoint_test", body)


@blueprint.get("/webhook_event_types")
def event_types() -> Response:
    """List the event types that an endpoint can subscribe to."""
    return json_response("webhook_event_types", {"object": "list", "data": event.event_types()})
