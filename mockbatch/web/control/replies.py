"""`/_mock/replies`: what lines and live calls shall be answered with."""

from flask import Blueprint, Response

from mockbatch.scripting.script import Script, parse
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import json_body, json_response

blueprint = Blueprint("control_replies", __name__, url_prefix="/_mock/replies")
blueprint.before_request(guard)


@blueprint.post("")
def add() -> Response:
    """Let lines that run from now on, and live calls, be answered so if they match."""
    world().add_reply(parse(json_body()))
    return show()


@blueprint.get("")
def show() -> Response:
    """Show the scripted replies of this world, in order of entry."""
    return json_response("replies", {"replies": world().script.as_json()})


@blueprint.delete("")
def clear() -> Response:
    """Forget the scripted replies; lines that have run keep theirs."""
    world().replace_script(Script())
    return show()
