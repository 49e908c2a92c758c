"""The HTTP server: cheroot, extended for faults, many slow clients and simulated time.

server       binds, and gives each busy connection a thread
waiting      accepts connections, and watches those that no thread is handling
connection   the socket of one client, and the requests on it, one after the other
head         the request line and the headers, parsed
request      one request: body, WSGI environ, response
tls          a certificate for https, made for this run
"""

import ssl

# The key in the WSGI environ under which an app finds the `Request`, as gunicorn and Werkzeug
# pass on their sockets. Faults break the connection through it.
HTTP_REQUEST_KEY = "mockbatch.http_request"

# Raised while a request's body is read if the client is at fault: it has gone, is too slow, or
# has framed the body wrongly. Any other OSError is a fault of this machine.
CLIENT_ERRORS = (ConnectionError, TimeoutError, ssl.SSLError)
# What their text begins with if the body is framed wrongly.
BODY_ERROR = "Invalid request body: "


def describe_body_error(error: BaseException | None) -> str | None:
    """Return what is wrong with the framing of a body, None for any other error."""
    reason = str(error.strerror) if isinstance(error, OSError) else ""
    return reason.removeprefix(BODY_ERROR) if reason.startswith(BODY_ERROR) else None
