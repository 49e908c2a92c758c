"""The checks of an upload that the service makes at once, before any batch uses the file."""

from mockbatch.errors import ApiError, api_error
from mockbatch.files.content import Content
from mockbatch.files.file import BATCH, UPLOAD_PURPOSES
from mockbatch.jsonio import TooManyValuesError, parse_request
from mockbatch.limits import Limits

# A first line that is longer, or has too many values, is not parsed: that could take many seconds,
# and what is wrong with it fails the batch. Whether the service parses it is not known.
_MAX_PARSED_BYTES = 16 << 20


def validate_upload(content: Content, purpose: str, limits: Limits) -> None:
    """Raise ApiError if the service rejects an upload of this content.

    Source: of a batch file only the encoding and the first line are checked; an error further
    down fails the batch (observed in August 2025), and so does its size.
    """
    if purpose not in UPLOAD_PURPOSES:
        supported = ", ".join(f"'{name}'" for name in UPLOAD_PURPOSES)
        raise _error("invalid_purpose", value=purpose, supported=supported)
    if content.size > limits.file_bytes:
        raise api_error("file_too_large")
    validate_content(content, purpose, limits)


def validate_content(content: Content, purpose: str, limits: Limits) -> None:
    """Raise ApiError if the content is rejected for this purpose, uploaded whole or in parts."""
    if purpose == BATCH:
        _check_input(content, limits)


def _check_input(content: Content, limits: Limits) -> None:
    if not content.is_utf8():
        raise _error("not_utf8")
    most = min(limits.input_bytes, _MAX_PARSED_BYTES)
    first_line = content.first_line(most + 1)
    if len(first_line) > most:
        return
    try:
        parse_request(first_line)
    except TooManyValuesError:
        return
    except ValueError:
        raise _error("not_jsonl") from None


def _error(name: str, **fields: str) -> ApiError:
    error = api_error(name, **fields)
    # Since 2026 the body carries the message a second time, beside `error`.
    error.siblings = {"detail": {"message": error.message, "code": None}}
    return error
