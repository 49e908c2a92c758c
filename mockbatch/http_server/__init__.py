"""The HTTP server: cheroot, with what faults, many slow clients and simulated time need.

server       binds, and gives each busy connection a thread
waiting      accepts connections, and watches those that no thread is busy with
connection   the socket of one client, and the requests on it, one after the other
head         the request line and the headers, parsed
request      one request: body, WSGI environ, response
tls          a certificate for https, made for this run
"""

# The key in the WSGI environ under which an app finds the `Request`, as gunicorn and Werkzeug
# pass on their sockets. Faults break the connection through it.
HTTP_REQUEST_KEY = "mockbatch.http_request"
