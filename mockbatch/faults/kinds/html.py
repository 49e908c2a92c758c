"""The HTML error page of a proxy in front of the API, where a client expects JSON."""

import http.client
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockbatch.faults.exchange import Exchange
from mockbatch.faults.fault import Fault
from mockbatch.faults.retry import with_default, with_retry_after

if TYPE_CHECKING:
    from typing_extensions import Self

_PAGE = """<html>
<head><title>{title}</title></head>
<body>
<center><h1>{title}</h1></center>
</body>
</html>
"""


class Html(Fault, frozen=True):
    """A status with an HTML page, and none of the API's own headers."""

    html: int
    retry_after_ms: float | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Self":
        """Return the fault."""
        return cls(**with_default(document, document["html"]))

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Send the page."""
        title = f"{self.html} {http.client.responses.get(self.html, '')}".rstrip()
        headers = with_retry_after({"content-type": "text/html"}, self.retry_after_ms, {})
        return call.answer(self.html, headers, _PAGE.format(title=title).encode())


KIND = Html
