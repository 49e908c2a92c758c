"""Pictures and films that a request refers to: by URL, as data, or as a file of a form.

The mock fetches nothing and keeps no copies: a URL is taken for what it says it is, and so
is the id of a file. Data are looked at as far as it takes to tell what they are.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

from mockbatch.endpoints.endpoint import FormFile
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items

IMAGES = ("image/jpeg", "image/png", "image/webp")
IMAGES_AND_FILMS = (*IMAGES, "video/mp4")

# Where in a file of a type which bytes stand.
_SIGNATURES: Mapping[str, tuple[int, bytes]] = {
    "image/jpeg": (0, b"\xff\xd8\xff"),
    "image/png": (0, b"\x89PNG\r\n\x1a\n"),
    "image/webp": (8, b"WEBP"),
    "video/mp4": (4, b"ftyp"),
}
_REMOTE = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_DATA = re.compile(r"data:[^,]{0,100};base64,", re.IGNORECASE)


def check(reference: Mapping[str, Json], place: str, types: Sequence[str] = IMAGES) -> None:
    """Refuse a reference that is not one of `image_url` and `file_id`, or not of these types.

    `place` names it within the request.
    """
    given = [name for name in ("image_url", "file_id") if name in reference]
    if len(given) > 1:
        raise api_error("conflicting_references", param=place)
    if not given:
        raise api_error("missing_parameter", param=f"{place}.image_url")
    if "image_url" in reference:
        url, param = reference["image_url"], f"{place}.image_url"
        check_url(url, param)
        if _DATA.match(url) and not _is_one_of(url, types):
            # Recorded in 2026-08, of a URL behind which there was no such image.
            raise api_error("invalid_image_data", param=param)


def check_url(url: str, param: str) -> None:
    """Refuse what is neither the URL of something remote nor data."""
    if not _REMOTE.match(url) and not _DATA.match(url):
        raise api_error("invalid_url_format", param=param)


def from_file(file: FormFile, param: str, types: Sequence[str] = IMAGES) -> dict[str, Json]:
    """Return the reference to a file of a form; refuses a file that says it is of another type."""
    mimetype = file.content_type.partition(";")[0].strip().lower()
    if mimetype not in types:
        supported = join_items(list(map(repr, types)))
        raise api_error("unsupported_mimetype", param=param, value=mimetype, supported=supported)
    return {"image_url": f"data:{mimetype};base64,{b64encode(file.content).decode('ascii')}"}


def _is_one_of(url: str, types: Sequence[str]) -> bool:
    """Tell whether data are base64 of a file of one of these types."""
    try:
        content = b64decode(url.partition(",")[2], validate=True)
    except ValueError:
        return False
    signatures = map(_SIGNATURES.__getitem__, types)
    return any(content.startswith(bytes_, start) for start, bytes_ in signatures)
