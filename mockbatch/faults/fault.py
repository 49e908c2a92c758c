"""The base class of all faults."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from mockbatch.faults.exchange import Exchange
from mockbatch.typing import Json

if TYPE_CHECKING:
    from typing_extensions import Self


class Fault(Struct, frozen=True):
    """A fault that hits one request; the first field of a kind is the name of the kind."""

    @classmethod
    def of(cls, document: Mapping[str, Json]) -> "Self":
        """Return the fault of a document that fits fault.json; ApiError 400 if it is not valid."""
        return cls(**document)

    @property
    def breaks_connection(self) -> bool:
        """Whether it ends a connection too early, which needs our own HTTP server."""
        return False

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Handle the request with this fault applied; return the body, as a WSGI app does."""
        raise NotImplementedError

    @classmethod
    def members(cls) -> list[str]:
        """Return the members that a document of this kind may have, the name of the kind first."""
        return list(cls.__struct_fields__)

    def name(self) -> str:
        """Return the name of this fault in the journal, unless it comes from a preset."""
        kind = self.members()[0]
        value = getattr(self, kind)
        is_shown = isinstance(value, str | int | float) and not isinstance(value, bool)
        return f"{kind} {value}" if is_shown else kind

    def as_json(self) -> dict[str, Json]:
        """Return the document of this fault."""
        kind, *others = self.members()
        shown = {kind: getattr(self, kind)}
        defaults = type(self)(**shown)
        for name in others:
            value = getattr(self, name)
            if value != getattr(defaults, name):
                shown[name] = value
        return shown
