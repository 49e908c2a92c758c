"""Portkey's gateway, as a WSGI middleware around the app.

middleware   recognizes its requests
gateway      forwards them to the app, and rewrites the responses
checks       checks the headers, and chooses where the gateway would send the request
providers    what differs for other providers than OpenAI
translated   answers for the providers whose batches the gateway turns into OpenAI's form
views        what the gateway shows of them: a module for each
azure_ai     what differs for Azure OpenAI behind a Foundry URL
config       validates the `x-portkey-config` header
hosts        tells which custom hosts the gateway trusts
bodies       rewrites JSON request bodies
upstream     the requests that the gateway makes
"""
