"""Images and videos that a request refers to: by URL, as data, or as a file of a form.

The mock fetches nothing and keeps no copies: it believes what a URL says, and any file id.
It decodes data only to find out their type.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

from mockbatch.endpoints.endpoint import FormFile
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items

IMAGES = ("image/jpeg", "image/png", "image/webp")
IMAGES_AND_VIDEOS = (*IMAGES, "video/mp4")

# The bytes by which a file of each type is recognised, and their offset.
_SIGNATURES: Mapping[str, tuple[int, bytes]] = {
    "image/jpeg": (0, b"\xff\xd8\xff"),
    "image/png": (0, b"\x89PNG\r\n\x1a\n"),
    "image/webp": (8, b"WEBP"),
    "video/mp4": (4, b"ftyp"),
}
_REMOTE = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_DATA = re.compile(r"data:[^,]{0,100};base64,", re.IGNORECASE)


def check(reference: Mapping[str, Json], param: str, types: Sequence[str] = IMAGES) -> None:
    """Raise the ApiError of a reference without exactly one of `image_url` and `file_id`.

    Data in an `image_url` must be of one of the types. `param` names the reference within the
    request.
    """
    names = [name for name in ("image_url", "file_id") if name in reference]
    if len(names) > 1:
        raise api_error("conflicting_references", param=param)
    if not names:
        raise api_error("missing_parameter", param=f"{param}.image_url")
    if "image_url" in reference:
        url, url_param = reference["image_url"], f"{param}.image_url"
        check_url(url, url_param)
        if _DATA.match(url) and not _is_data_of_type(url, types):
            # Recorded in 2026-08, for a URL that led to no such image.
            raise api_error("invalid_image_data", param=url_param)


def check_url(url: str, param: str) -> None:
    """Raise the ApiError of a text that is neither an HTTP URL nor a data URL in base64."""
    if not _REMOTE.match(url) and not _DATA.match(url):
        raise api_error("invalid_url_format", param=param)


def from_file(file: FormFile, param: str, types: Sequence[str] = IMAGES) -> dict[str, Json]:
    """Return the reference to a file of a form; ApiError 400 if its content type is another one."""
    content_type = file.content_type.partition(";")[0].strip().lower()
    if content_type not in types:
        supported = join_items(list(map(repr, types)))
        raise api_error(
            "unsupported_mimetype", param=param, value=content_type, supported=supported
        )
    return {"image_url": f"data:{content_type};base64,{b64encode(file.content).decode('ascii')}"}


def _is_data_of_type(url: str, types: Sequence[str]) -> bool:
    """Return whether a data URL is base64 of a file of one of these types."""
    try:
        content = b64decode(url.partition(",")[2], validate=True)
    except ValueError:
        return False
    signatures = map(_SIGNATURES.__getitem__, types)
    return any(content.startswith(signature, offset) for offset, signature in signatures)
