"""The versions of the API, as clients name them in the header `anthropic-version`."""

#: What SDKs before October 2026 send.
FIRST_VERSION = "2023-06-01"
#: What SDKs send since October 2026. It has no parameters for sampling any more.
OCTOBER_2026 = "2026-10-21"
VERSIONS = (FIRST_VERSION, OCTOBER_2026)
