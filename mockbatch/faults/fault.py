"""What every kind of fault is."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING

from mockbatch.faults.exchange import Exchange
from mockbatch.typing import Json

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one request; a kind's first field gives the kind its name."""

    @classmethod
    def of(cls, document: Mapping[str, Json]) -> "Self":
        """Make the fault of a document that fits fault.json; ApiError 400 for what does not."""
        return cls(**document)

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Answer a request as this fault has it; the return value is that of a WSGI app."""
        raise NotImplementedError

    @classmethod
    def members(cls) -> list[str]:
        """Return the members that a document of this kind may have, the kind's name first."""
        return [field.name for field in fields(cls)]

    def name(self) -> str:
        """Return what the journal calls this fault when no preset has named it."""
        kind = self.members()[0]
        value = getattr(self, kind)
        plain = isinstance(value, str | int | float) and not isinstance(value, bool)
        return f"{kind} {value}" if plain else kind

    def as_json(self) -> dict[str, Json]:
        """Return the document that makes this fault."""
        shown = {}
        for field in fields(self):
            value = getattr(self, field.name)
            make = field.default_factory
            if value != (field.default if make is MISSING else make()):
                shown[field.name] = value
        return shown
