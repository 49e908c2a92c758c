"""What each call of the control API takes and returns: the table behind its OpenAPI document.

Paths and methods are those of the routes, and summaries the first lines of the views' docstrings.
What stands here is what only the code of a view says: the schemas of its bodies, and its query.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from mockbatch import providers
from mockbatch.typing import Json
from mockbatch.webhooks.outbox import MAX_FINISHED
from mockbatch.world.journal import MAX_ENTRIES


class Operation(Struct, frozen=True):
    """One call: the JSON Schemas of its bodies and of the parameters of its query.

    A response with another content type than JSON has `content_type` and no schema.
    """

    response: Json = None
    body: Json = None
    is_body_optional: bool = False
    query: Mapping[str, Json] = field(default_factory=dict)
    content_type: str = "application/json"
    may_be_unmodified: bool = False


def ref(name: str) -> dict[str, Json]:
    """Return a reference to one of the package's schemas.

    The names of components have no slash, so that of a provider's schema gets a hyphen.
    """
    return {"$ref": f"#/components/schemas/{name.replace('/', '-')}"}


def _list_of(items: Json, **limits: int) -> Json:
    return {"type": "array", "items": items, **limits}


def _holding(name: str, member: str, item: Json) -> Json:
    """Return the schema `name`, with a schema for the items of one of its lists."""
    return {"allOf": [ref(name), {"properties": {member: _list_of(item)}}]}


def _integer(minimum: int, maximum: int) -> Json:
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


_TEXT = {"type": "string"}
_FLAG = {"enum": ["true", "false"]}
_PAGE = {"limit": _integer(1, 100), "after": _TEXT}
_PART = {"from": _integer(0, 1 << 53), "bytes": _integer(4, 1 << 20)}
_OPENAI_BATCHES = [ref(name) for name in ("batch", "batch_wire", "batch_recorded")]
_OTHER_BATCHES = [ref(providers.find(name).batch_rules.schema) for name in providers.names()]
_SHOWN_BATCH = {
    "type": "object",
    "description": "The batch as its provider returns it, distorted if its scenario does that.",
}
_REPLY = {"anyOf": [_TEXT, ref("reply")]}
_SCRIPTED_REPLY = {
    "type": "object",
    "properties": {
        "match": ref("match"),
        "reply": {"anyOf": [*_REPLY["anyOf"], _list_of(_REPLY, minItems=1)]},
        "times": ref("times"),
    },
    "required": ["reply"],
    "additionalProperties": False,
}
_WITHOUT_REPLIES = {
    "type": "object",
    "properties": {"match": ref("match")},
}
# A preset with changes is checked when the changes are made.
_PRESET = {
    "type": "object",
    "properties": {
        "preset": _TEXT,
        **{name: {} for name in ("match", "fault", "times", "skip")},
    },
    "required": ["preset"],
    "additionalProperties": False,
}
_FAULT_RULE = {"allOf": [ref("fault_rule"), {"properties": {"fault": ref("fault")}}]}
_SCENARIOS = _holding("scenarios", "scenarios", ref("scenario"))

_JOURNAL_QUERY = {
    "limit": _integer(0, MAX_ENTRIES),
    "method": _TEXT,
    "path": _TEXT,
    "status": _integer(0, 999),
    "since": {"type": "number"},
    "broken": _FLAG,
    "bodies": _FLAG,
}

#: By the blueprint and the function of each view.
OPERATIONS: Mapping[str, Operation] = {
    "control_server.health": Operation(ref("health")),
    "control_server.reset": Operation(ref("world_reset"), ref("reset"), is_body_optional=True),
    "control_openapi.show": Operation({"type": "object"}),
    "control_worlds.index": Operation(ref("worlds")),
    "control_state.show": Operation(ref("state")),
    "control_state.replace": Operation(ref("loaded"), ref("state")),
    "control_state.delete": Operation(ref("world_reset")),
    "control_clock.show": Operation(ref("clock")),
    "control_clock.set_mode": Operation(ref("clock"), ref("set_clock")),
    "control_clock.advance": Operation(ref("advanced"), ref("advance")),
    "control_batches.submit": Operation({"anyOf": _OPENAI_BATCHES}, ref("submit_batch")),
    "control_batches.index": Operation(
        _holding("page", "data", ref("batch_overview")), query=_PAGE
    ),
    "control_batches.show": Operation({"anyOf": [*_OPENAI_BATCHES, *_OTHER_BATCHES]}),
    "control_batches.show_overview": Operation(ref("batch_overview")),
    "control_batches.show_changed_lines": Operation(ref("changed_lines")),
    "control_batches.show_input": Operation(ref("batch_input")),
    "control_batches.preview_input": Operation(ref("file_preview"), query=_PART),
    "control_batches.results": Operation(
        ref("results"), query={"form": {"enum": ["provider", "openai"]}}
    ),
    "control_batches.timeline": Operation(ref("timeline")),
    "control_batches.command": Operation(_SHOWN_BATCH, ref("nothing"), is_body_optional=True),
    "control_batches.fail": Operation(_SHOWN_BATCH, ref("fail"), is_body_optional=True),
    "control_files.index": Operation(_holding("page", "data", ref("provider_file")), query=_PAGE),
    "control_files.preview": Operation(ref("file_preview"), query=_PART),
    "control_files.download": Operation(content_type="application/octet-stream"),
    "control_page.show": Operation(
        ref("dashboard_version"), query={"seen": _TEXT}, may_be_unmodified=True
    ),
    "dashboard.page_file": Operation(content_type="text/*"),
    "control_quotas.show": Operation(ref("quotas")),
    "control_quotas.replace": Operation(ref("quotas"), ref("quotas")),
    "control_scenarios.index": Operation(_SCENARIOS),
    "control_scenarios.show": Operation(ref("scenario")),
    "control_scenarios.show_queue": Operation(_SCENARIOS),
    "control_scenarios.enqueue": Operation(_SCENARIOS, ref("choose_scenario")),
    "control_scenarios.clear": Operation(_SCENARIOS),
    "control_faults.show": Operation(ref("faults")),
    "control_faults.add": Operation(ref("faults"), {"anyOf": [_FAULT_RULE, _PRESET]}),
    "control_faults.clear": Operation(ref("faults")),
    "control_faults.show_presets": Operation(
        _holding("fault_presets", "presets", ref("fault_preset"))
    ),
    "control_replies.show": Operation(ref("replies")),
    "control_replies.add": Operation(ref("replies"), _SCRIPTED_REPLY),
    "control_replies.clear": Operation(ref("replies"), _WITHOUT_REPLIES, is_body_optional=True),
    "control_models.show": Operation(ref("models")),
    "control_models.replace": Operation(ref("models"), ref("models")),
    "control_models.clear": Operation(ref("models")),
    "control_requests.index": Operation(
        _holding("journal", "requests", ref("journaled_request")), query=_JOURNAL_QUERY
    ),
    "control_requests.show": Operation(ref("journaled_request")),
    "control_requests.unmatched": Operation(ref("unmatched")),
    "control_unused.index": Operation(ref("unused")),
    "control_webhooks.endpoints": Operation(_holding("page", "data", ref("webhook_endpoint"))),
    "control_webhooks.add": Operation(
        ref("webhook_endpoint_with_secret"), ref("add_webhook_endpoint")
    ),
    "control_webhooks.test": Operation(ref("webhook_endpoint_test"), ref("send_webhook_sample")),
    "control_webhooks.rotate_secret": Operation(
        ref("webhook_endpoint_with_secret"), ref("rotate_webhook_secret"), is_body_optional=True
    ),
    "control_webhooks.deliveries": Operation(
        ref("webhook_deliveries"), query={"limit": _integer(0, MAX_FINISHED), "batch_id": _TEXT}
    ),
    "control_webhooks.redeliver": Operation(
        ref("webhook_delivery"), ref("nothing"), is_body_optional=True
    ),
}
