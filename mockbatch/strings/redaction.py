"""Paths, URLs and messages as they are kept and shown: cut, and without the values of secrets."""

import re
from urllib.parse import unquote

#: What stands for the value of a secret.
MASK = "***"
#: What stands at the end of a text that is cut.
CUT_MARK = "..."
# A parameter of a query, or of a path (`;name=value`). Each match ends where the next can begin.
_PARAMETER = re.compile(r"([?&;])([^?&;=]*)=([^&;]+)")
# The names of parameters that are secrets, as in `api_key`, `X-Amz-Signature` and `token[0]`.
_SECRET_NAME = re.compile(
    "(key|token|secret|sig|signature|password|passwd|pwd|credential|authorization)[^a-z]*$",
    re.IGNORECASE,
)


def redact(text: str, max_characters: int) -> str:
    """Return the first characters of a text, without the values of secret parameters.

    A text that is cut ends with `...`, which the limit does not count.
    """
    kept = _PARAMETER.sub(_mask, text[:max_characters])
    return kept if len(text) <= max_characters else kept + CUT_MARK


def _mask(parameter: re.Match[str]) -> str:
    separator, name, _ = parameter.groups()
    # Twice, as a proxy may have escaped what was escaped already.
    is_secret = _SECRET_NAME.search(unquote(unquote(name)))
    return f"{separator}{name}={MASK}" if is_secret else parameter[0]
