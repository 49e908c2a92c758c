"""The API over HTTP: parse a request, call the world, send the response.

No package below this one uses Flask. From socket to view a request passes:

    http_server      parses it and calls the WSGI app
    process_guard    refuses to be one of several processes that do not share their worlds
    caller_guard     rejects foreign web pages, and adds CORS headers for those of this machine
    dashboard        shows browsers the page; its files are in page/
    portkey/         the gateway's role, for requests with Portkey's headers
    fault_middleware applies the fault that the request meets, if any
    provider_apps    passes a request to another provider to that provider's own Flask app
    app              Flask: authenticate, then a view of v1/ or control/
    responses        checks the response against its schema
    request_recorder the journal and the log

Other modules and packages:

    auth        the world that the key of a request opens
    credentials the key of a request, in the header of any provider
    body_limit  how long the body of a request may be
    control_operations what each call of the control API takes and returns
    context     the server and the world of the current request
    errors      every failure as OpenAI's envelope
    json_stream long responses, sent in parts
    matching_rule a URL rule without a URL builder, for a quick start
    recorded_messages what the journal keeps of headers and bodies
    multipart   upload forms, parsed straight to disk
    wakeup      the internal request that delivers due webhooks
    v1/         OpenAI's routes          control/   the control API
    providers/  the routes of other providers
"""
