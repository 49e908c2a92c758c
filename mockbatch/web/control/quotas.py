"""`/_mock/quotas`: limits on enqueued tokens and on batches per hour."""

from flask import Blueprint, Response
from msgspec.structs import asdict

from mockbatch.limits import Quotas
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import checked_body, json_response

blueprint = Blueprint("control_quotas", __name__, url_prefix="/_mock/quotas")
blueprint.before_request(guard)


@blueprint.get("")
def show() -> Response:
    """Return the quotas of this world."""
    return json_response("quotas", asdict(world().quotas.current))


@blueprint.put("")
def replace() -> Response:
    """Set the quotas of this world; a quota that is left out is unlimited."""
    world().set_quotas(Quotas(**checked_body("quotas")))
    return show()
