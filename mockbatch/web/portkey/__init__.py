"""The role of Portkey's gateway, as a WSGI middleware around the app.

middleware   which requests it is for, and what it does to request and response
checks       what the gateway refuses itself
bodies       how the gateway rewrites bodies
config       the `x-portkey-config` header
hosts        which custom hosts the gateway trusts
"""
