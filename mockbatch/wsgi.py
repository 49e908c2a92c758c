"""The WSGI entry point for gunicorn, uWSGI and waitress: `mockbatch.wsgi:app`.

The variables MOCKBATCH_* configure it, as they do `mockbatch serve`; each is read once, when this
module is imported. docs/wsgi.md says which options those servers need.
"""

from mockbatch.cli.wsgi_app import create_app_from_environment

app = create_app_from_environment()
