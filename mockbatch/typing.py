"""Types that the whole package shares."""

from typing import Any

# A value as `json.loads` returns it. Schemas say what it has to be, at run time.
Json = Any
