"""The misfortunes: scenarios and presets of faults, and which of them are the default."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from mockbatch import faults, scenarios
from mockbatch.endpoints.provider_registry import OPENAI, provider_documents
from mockbatch.package_data import did_you_mean
from mockbatch.providers.refusals import find_refusal
from mockbatch.typing import Json
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World

#: What goes wrong with nothing; the baseline.
HAPPY = "happy"
#: Those that are reported most, without those that a program meets only if it takes webhooks or
#: cancels batches.
DEFAULT = (
    "some_failed",
    "all_failed",
    "validation_failed",
    "enqueued_limit",
    "expired_partial",
    "expired_empty",
    "stuck_in_progress",
    "finalizing_long",
    "line_null_response",
    "unicode_separators",
    "missing_lines",
    "garbage_line",
    "file_not_visible_yet",
    "batch_not_visible_yet",
    "create_response_lost",
    "poll_429",
    "proxy_html_error",
    "content_5xx",
    "download_reset",
    "download_truncated_silent",
)
# As they are, most programs would not meet them: one that polls each minute never sees a batch
# that is hidden for five seconds.
_PARAMETERS: Mapping[str, Mapping[str, Json]] = {"batch_not_visible_yet": {"seconds": 90}}


class UnknownMisfortuneError(ValueError):
    """There is neither a scenario nor a preset of that name."""


@dataclass(frozen=True, slots=True)
class Misfortune:
    """A scenario or a preset, by its name; `document` is that of the catalogue."""

    name: str
    is_fault: bool
    document: Mapping[str, Json] = field(compare=False, hash=False)

    @property
    def advice(self) -> str:
        """What a robust client does, in one sentence; "" if the catalogue does not say."""
        return str(self.document.get("advice", ""))

    @property
    def scenario(self) -> str:
        """The name of its world's scenario; the world of a fault has the usual one."""
        return HAPPY if self.is_fault else self.name

    @property
    def parameters(self) -> Mapping[str, Json]:
        """The parameters of the scenario."""
        return _PARAMETERS.get(self.scenario, {})

    def find_refusal(self, provider: str) -> str | None:
        """Return why it cannot happen to a program that uses a provider, None if it can."""
        if provider == OPENAI:
            return None
        if not self.is_fault:
            reason = find_refusal(provider, self.document)
        elif self._meets(provider):
            reason = None
        else:
            reason = "it is about files that this provider does not have"
        return reason and f"not for {provider_documents()[provider]['title']}: {reason}"

    def _meets(self, provider: str) -> bool:
        match = self.document["match"]
        return bool(match.get("every_provider")) or provider in match.get("providers", ())

    def settings(self, settings: WorldSettings) -> WorldSettings:
        """Return the settings of a world in which it happens."""
        scenario = scenarios.scenario(self.scenario, self.parameters)
        return replace(settings, scenario=scenario)

    def arm(self, world: World) -> None:
        """Let it happen to the requests of a world, if it is a fault."""
        if self.is_fault:
            world.faults.add(faults.rule({"preset": self.name}))


def misfortune(name: str) -> Misfortune:
    """Return the misfortune of a name; UnknownMisfortuneError suggests similar ones."""
    if name in scenarios.catalogue():
        return Misfortune(name, is_fault=False, document=scenarios.catalogue()[name])
    if name in faults.presets():
        return Misfortune(name, is_fault=True, document=faults.presets()[name])
    hint = did_you_mean(name, every_name())
    raise UnknownMisfortuneError(f"there is no scenario or fault {name!r}. {hint}")


def every_name() -> list[str]:
    """Return the names of the whole catalogue: first the default list, then the others."""
    names = [*DEFAULT, *scenarios.catalogue(), *faults.presets()]
    return [name for name in dict.fromkeys(names) if name != HAPPY]


def choose(
    only: Iterable[str] = (), skip: Iterable[str] = (), *, everything: bool = False
) -> list[Misfortune]:
    """Return the misfortunes to meet; UnknownMisfortuneError for an unknown name."""
    names = list(only) or (every_name() if everything else DEFAULT)
    skipped = {misfortune(name).name for name in skip}
    return [misfortune(name) for name in dict.fromkeys(names) if name not in skipped]
