"""Send broken and costly requests to a server for a given time, and report what breaks.

`python -m tests.fuzz --seconds 3600`. It fails for a 5xx, an exception in the log, a request
above 2 s of the server's CPU time, memory that grows, or a server that has ended.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from statistics import median

from mockbatch.stores.location import MEMORY
from tests.fuzz.attacks import ATTACKS, SCRIPTS
from tests.fuzz.target import Target

MAX_CPU_SECONDS = 2.0
#: How much more memory the server may have in the last quarter of the time than in the second.
MAX_GROWTH_MEGABYTES = 40
#: How often its memory is measured, at equal intervals.
MEMORY_SAMPLES = 60
_SHOWN_BYTES = 600


@dataclass
class Findings:
    """What a run has found."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    most_cpu_seconds: float = 0
    problems: list[str] = field(default_factory=list)
    #: The memory of the server, measured `MEMORY_SAMPLES` times at equal intervals.
    megabytes: list[float] = field(default_factory=list)

    @property
    def growth_megabytes(self) -> float:
        """How much more memory the server has in the last quarter than in the second.

        Medians, because a single body in progress may take a hundred megabytes.
        """
        quarter = len(self.megabytes) // 4
        if not quarter:
            return 0
        second, last = self.megabytes[quarter : 2 * quarter], self.megabytes[-quarter:]
        return median(last) - median(second)


def fuzz(seconds: float, seed: int = 0, state: str = MEMORY) -> Findings:
    """Attack a server for so long, and return the findings."""
    random, findings = Random(seed), Findings()
    with Target(state) as target:
        started = time.monotonic()
        while (elapsed := (time.monotonic() - started) / seconds) < 1 and target.is_alive:
            if elapsed * MEMORY_SAMPLES > len(findings.megabytes):
                findings.megabytes.append(target.megabytes())
            _attack(random, target, findings)
        if not target.is_alive:
            findings.problems.append("the server has ended")
            return findings
        findings.problems += [f"logged:\n{text}" for text in target.tracebacks()]
    if findings.growth_megabytes > MAX_GROWTH_MEGABYTES:
        findings.problems.append(f"memory has grown by {findings.growth_megabytes:.0f} MB")
    return findings


def _attack(random: Random, target: Target, findings: Findings) -> None:
    """Send one request, and note its cost and its status."""
    [attack] = random.choices(list(ATTACKS), list(ATTACKS.values()))
    data, before = attack(random, f"{target.host}:{target.port}"), target.cpu_seconds()
    try:
        status = target.send(data)
    except TimeoutError:
        status = -1
    cost = target.cpu_seconds() - before
    findings.requests[attack.__name__] += 1
    findings.statuses[status] += 1
    findings.most_cpu_seconds = max(findings.most_cpu_seconds, cost)
    # A reply or fault that the client has scripted may have any status.
    is_scripted = f"Bearer {SCRIPTS}".encode() in data
    if status < 0 or (status >= 500 and not is_scripted) or cost > MAX_CPU_SECONDS:
        shown = data[:_SHOWN_BYTES] + (b"..." if len(data) > _SHOWN_BYTES else b"")
        findings.problems.append(f"{status} after {cost:.1f} s of CPU: {attack.__name__} {shown!r}")


def main() -> int:
    """Run, and print the findings; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", default=MEMORY, help="as for `mockbatch serve`")
    arguments = parser.parse_args()
    findings = fuzz(arguments.seconds, arguments.seed, arguments.state)
    for problem in findings.problems:
        print(problem)
    memory = " ".join(f"{megabytes:.0f}" for megabytes in findings.megabytes)
    interval = arguments.seconds / MEMORY_SAMPLES
    print(f"{findings.requests.total()} requests: {dict(findings.requests)}")
    print(f"statuses: {dict(sorted(findings.statuses.items()))}")
    print(f"most CPU time of one: {findings.most_cpu_seconds:.2f} s")
    print(f"memory in MB, every {interval:.0f} s: {memory}")
    print(f"growth from the second to the last quarter: {findings.growth_megabytes:.0f} MB")
    print(f"{len(findings.problems)} problems")
    return 1 if findings.problems else 0


if __name__ == "__main__":
    sys.exit(main())
