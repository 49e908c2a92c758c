"""The dashboard: static files, which fetch their data from the control API.

So the files themselves need no key, and no key is ever in a cookie.
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

blueprint = Blueprint("dashboard", __name__, url_prefix="/_mock")
#: The Flask endpoint of its files, which need no key.
PAGE_FILE = "dashboard.page_file"

#: Where browsers find the page.
PAGE_PATHS = frozenset({"/", "/_mock/"})
_CONTENT_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class DashboardForBrowsers:
    """A WSGI middleware that shows browsers the page at `/` and `/_mock/`.

    Other clients still get a 404.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a request."""
        is_browser = "text/html" in environ.get("HTTP_ACCEPT", "")
        is_page = environ["PATH_INFO"] in PAGE_PATHS and environ["REQUEST_METHOD"] == "GET"
        if is_browser and is_page:
            environ["PATH_INFO"] = "/_mock/page/index.html"
        return self._app(environ, start_response)


@cache
def read_page_files() -> dict[str, bytes]:
    """Return the files of the page by name."""
    folder = files("mockbatch.web") / "page"
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}


@blueprint.get("/page/<name>")
def page_file(name: str) -> Response:
    """Return a file of the page."""
    if name not in read_page_files():
        abort(404)
    content_type = _CONTENT_TYPES[name.rpartition(".")[2]]
    body, mimetype = read_page_files()[name], f"{content_type}; charset=utf-8"
    return Response(body, content_type=mimetype, headers=_HEADERS)
