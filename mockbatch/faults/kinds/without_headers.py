"""A request that loses headers on its way, as behind a proxy."""

from collections.abc import Iterable

from mockbatch.faults.exchange import Exchange
from mockbatch.faults.fault import Fault


class WithoutHeaders(Fault, frozen=True):
    """The API never sees these headers of the request."""

    without_headers: list[str]

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Run the request without them."""
        for header in self.without_headers:
            name = header.upper().replace("-", "_")
            call.environ.pop("CONTENT_TYPE" if name == "CONTENT_TYPE" else f"HTTP_{name}", None)
        return call.send(call.run())


KIND = WithoutHeaders
