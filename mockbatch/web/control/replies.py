"""`/_mock/replies`: scripted replies to batch lines and live calls."""

from flask import Blueprint, Response

from mockbatch.scripting.match import parse as parse_match
from mockbatch.scripting.script import Script, parse
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import json_body, json_response
from mockbatch.world.used import replies_json

blueprint = Blueprint("control_replies", __name__, url_prefix="/_mock/replies")
blueprint.before_request(guard)


@blueprint.post("")
def add() -> Response:
    """Add scripted replies, for live calls and for lines that run from now on."""
    world().add_reply(parse(json_body()))
    return show()


@blueprint.get("")
def show() -> Response:
    """Return the scripted replies of this world, in the order in which they were added.

    Of each, the response has how many `lines` of batches and how many `live_calls` in the journal
    have a reply for its match so far.
    """
    return json_response("replies", replies_json(world()))


@blueprint.delete("")
def clear() -> Response:
    """Remove the scripted replies, or those for one match; lines that have run keep theirs."""
    body = json_body(optional=True)
    if "match" in body:
        world().replace_script(world().script.without(parse_match(body["match"])))
    else:
        world().replace_script(Script())
    return show()
