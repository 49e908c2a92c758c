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
