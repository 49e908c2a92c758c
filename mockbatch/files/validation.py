"""What is refused at the door: uploads that the service answers with an error at once."""

from mockbatch.errors import ApiError, api_error
from mockbatch.files.content import Content
from mockbatch.files.file import BATCH, UPLOAD_PURPOSES
from mockbatch.jsonio import parse
from mockbatch.limits import Limits


def check(content: Content, purpose: str, limits: Limits) -> None:
    """Raise the ApiError with which an upload of this content is refused.

    Source: only the encoding, the first line and the size of a batch file are looked at;
    what is wrong further down fails the batch (observed in August 2025).
    """
    if purpose not in UPLOAD_PURPOSES:
        supported = ", ".join(f"'{name}'" for name in UPLOAD_PURPOSES)
        raise _refusal("invalid_purpose", value=purpose, supported=supported)
    if content.size > limits.file_bytes:
        raise api_error("too_large", limit=limits.file_bytes)
    check_content(content, purpose, limits)


def check_content(content: Content, purpose: str, limits: Limits) -> None:
    """Raise the ApiError with which a file for this purpose is refused, however it came."""
    if purpose == BATCH:
        _check_input(content, limits)


def _check_input(content: Content, limits: Limits) -> None:
    if content.size > limits.input_bytes:
        raise api_error("input_too_large", limit=limits.input_bytes)
    if not content.is_utf8():
        raise _refusal("not_utf8")
    try:
        parse(content.first_line(limits.input_bytes))
    except ValueError:
        raise _refusal("not_jsonl") from None


def _refusal(name: str, **fields: str) -> ApiError:
    error = api_error(name, **fields)
    # Since 2026 the body carries the message a second time, beside `error`.
    error.siblings = {"detail": {"message": error.message, "code": None}}
    return error
