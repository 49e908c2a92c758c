"""The routes of the providers besides OpenAI, one module with a `blueprint` for each.

A module is imported with the first request to its provider. Its routes are in a Flask app of their
own, so that OpenAI's routes stay as fast as without them; see `mockbatch.web.provider_apps`.
"""
