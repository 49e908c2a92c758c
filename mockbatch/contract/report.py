"""The results of a run: a table to read, and JUnit XML for a CI system."""

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap

from mockbatch.contract import junit
from mockbatch.contract.runner import BREACH, PASSED, SKIPPED, UNVERIFIED, Result

_ID_WIDTH = 34
# For each reason to skip a case, what to do so that it is decided.
_REMEDIES = {
    "needs --wait": "use --wait SECONDS to wait for batches, or --control if this is mockbatch",
    "needs --control": "use --control if this is mockbatch; without, it would take a day",
    "needs --provider": "use --provider openai to check Portkey's gateway",
    "not behind a gateway": "run without --provider: a gateway answers these requests itself",
    "needs a local server": "check a server on this machine, which can send it webhooks",
}
_RATE_LIMITED = "rate limited"


def format_row(result: Result, width: int | None = None) -> str:
    """Return a result as a row of the table, wrapped at `width` columns if that is given."""
    reason = result.reason
    if result.outcome in (BREACH, UNVERIFIED):
        reason = f"{result.case.description} {reason}"
    row = f"{result.outcome:10}  {result.case.id:{_ID_WIDTH}}  {result.case.source:8}  {reason}"
    return "\n".join(wrap(row, width, subsequent_indent=" " * 12)) if width else row.rstrip()


def format_summary(results: Sequence[Result]) -> str:
    """Return the number of each outcome, the breaches, and which options would decide more."""
    counts = Counter(result.outcome for result in results)
    outcomes = (PASSED, BREACH, UNVERIFIED, SKIPPED)
    parts = [f"{counts[outcome]} {outcome}" for outcome in outcomes if counts[outcome]]
    skips = Counter(result.reason for result in results if result.outcome == SKIPPED)
    return "\n".join(
        [
            f"{len(results)} cases: {', '.join(parts)}",
            *(f"  BREACH {result.case.id}" for result in results if result.outcome == BREACH),
            *(
                f"  {skips[reason]} skipped: {remedy}"
                for reason, remedy in _REMEDIES.items()
                if skips[reason]
            ),
            *_explain_rate_limit(skips),
        ]
    )


def _explain_rate_limit(skips: Counter[str]) -> list[str]:
    count = sum(skips[reason] for reason in skips if reason.startswith(_RATE_LIMITED))
    return [f"  {count} skipped: the server answers 429; try later, or with another key"] * (
        count > 0
    )


def exit_status(results: Sequence[Result]) -> int:
    """Return 1 for a breach, 2 if no case passed, else 0.

    Cases that send no key, or a wrong one, do not count: they also pass on a server that
    responds to every other request with 429.
    """
    if any(result.outcome == BREACH for result in results):
        return 1
    has_passed = any(result.outcome == PASSED and result.case.sends_key for result in results)
    return 0 if has_passed else 2


def junit_xml(results: Sequence[Result], error: str = "") -> bytes:
    """Return the results as JUnit XML, with an error if the run did not finish."""
    tags = {PASSED: "", BREACH: "failure"}
    cases = [
        junit.Case(
            f"contract.{result.case.group}",
            result.case.name,
            result.seconds,
            tags.get(result.outcome, "skipped"),
            result.reason,
        )
        for result in results
    ]
    if error:
        cases.append(junit.Case("contract", "run", 0, "error", error))
    return junit.to_xml("mockbatch contract", cases)
