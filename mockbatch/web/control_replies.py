"""`/_mock/replies`: what lines shall be answered with."""

from flask import Blueprint, Response

from mockbatch.replies.script import Script, parse
from mockbatch.web.answers import answer, json_body
from mockbatch.web.context import world
from mockbatch.web.control import guard

blueprint = Blueprint("control_replies", __name__, url_prefix="/_mock/replies")
blueprint.before_request(guard)


@blueprint.post("")
def add() -> Response:
    """Let lines that match be answered so, if they run from now on."""
    world().enter(parse(json_body()))
    return show()


@blueprint.get("")
def show() -> Response:
    """Show the scripted replies of this world, in order of entry."""
    return answer("replies", {"replies": world().script.as_json()})


@blueprint.delete("")
def clear() -> Response:
    """Forget the scripted replies; lines that have run keep theirs."""
    world().rewrite(Script())
    return show()
