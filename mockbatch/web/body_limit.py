"""How long the body of a request may be: 16 MB, except on routes that accept files or states."""

import flask
from werkzeug.wrappers import Request

from mockbatch.errors import ApiError, api_error

#: A body of this length is still read.
MAX_JSON_BYTES = 16 * 1024 * 1024

# Flask endpoints whose bodies are as long as a file may be.
_TAKE_FILES = frozenset({"files.create", "uploads.add_part", "control_state.replace"})
_TAKE_FORMS_WITH_FILES = frozenset({"live./v1/images/edits"})


def limit_body(request: flask.Request) -> None:
    """Raise ApiError 413 for a request with a Content-Length above the limit of its route."""
    if _is_too_long(request) and not _takes_long_bodies(request):
        raise _too_large()


def _takes_long_bodies(request: flask.Request) -> bool:
    if request.endpoint is None or request.endpoint in _TAKE_FILES:
        return True
    if getattr(flask.current_app.view_functions[request.endpoint], "takes_long_bodies", False):
        return True
    is_form = request.mimetype == "multipart/form-data"
    return is_form and request.endpoint in _TAKE_FORMS_WITH_FILES


def read_json_text(request: Request) -> bytes:
    """Return the body of a request; ApiError 413, before it is read whole, above 16 MB."""
    if _is_too_long(request):
        raise _too_large()
    # One byte more, because Werkzeug cuts a body without a length at its limit.
    request.max_content_length = MAX_JSON_BYTES + 1
    data = request.get_data(cache=False)
    if len(data) > MAX_JSON_BYTES:
        raise _too_large()
    return data


def _is_too_long(request: Request) -> bool:
    return (request.content_length or 0) > MAX_JSON_BYTES


def _too_large() -> ApiError:
    return api_error("too_large", limit=MAX_JSON_BYTES)
