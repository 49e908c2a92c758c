"""The results, as a table for people and as JUnit's XML for machines."""

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from mockbatch.contract.runner import BREACH, PASSED, SKIPPED, UNVERIFIED, Result

_WIDTH = 34
# What would let the cases be decided that were skipped for this.
_REMEDIES = {
    "needs --wait": "give --wait SECONDS, how long a batch may take, or --control to mockbatch",
    "needs --control": "give --control to mockbatch; elsewhere it would take a day",
    "needs --provider": "give --provider openai to check Portkey's gateway",
    "not behind a gateway": "ask without --provider: a gateway answers these itself",
    "not from afar": "check a server on this machine: another cannot send it webhooks",
}


def format_row(result: Result, width: int | None = None) -> str:
    """Return a result as a row of the table, folded where it is wider than a terminal."""
    reason = result.reason
    if result.outcome in (BREACH, UNVERIFIED):
        reason = f"{result.case.description} {reason}"
    row = f"{result.outcome:10}  {result.case.id:{_WIDTH}}  {result.case.source:8}  {reason}"
    return "\n".join(wrap(row, width, subsequent_indent=" " * 12)) if width else row.rstrip()


def format_summary(results: Sequence[Result]) -> str:
    """Return how many cases came out how, which are in breach, and what would decide more."""
    counts = Counter(result.outcome for result in results)
    parts = [f"{counts[one]} {one}" for one in (PASSED, BREACH, UNVERIFIED, SKIPPED) if counts[one]]
    skips = Counter(one.reason for one in results if one.outcome == SKIPPED)
    return "\n".join(
        [
            f"{len(results)} cases: {', '.join(parts)}",
            *(f"  BREACH {one.case.id}" for one in results if one.outcome == BREACH),
            *(f"  {skips[one]} skipped: {_REMEDIES[one]}" for one in _REMEDIES if skips[one]),
        ]
    )


def exit_status(results: Sequence[Result]) -> int:
    """Return the exit status: 1 for a breach, 2 when nothing could be decided."""
    outcomes = {result.outcome for result in results}
    return 1 if BREACH in outcomes else 2 * (outcomes <= {SKIPPED})


def junit_xml(results: Sequence[Result], error: str = "") -> bytes:
    """Return the results as JUnit's XML, and an error if the run did not come to its end."""
    counts = Counter(result.outcome for result in results)
    suite = ElementTree.Element(
        "testsuite",
        name="mockbatch contract",
        tests=str(len(results) + bool(error)),
        failures=str(counts[BREACH]),
        errors=str(int(bool(error))),
        skipped=str(counts[SKIPPED] + counts[UNVERIFIED]),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = _junit_case(suite, f"contract.{result.case.group}", result.case.name, result.seconds)
        if result.outcome != PASSED:
            kind = "failure" if result.outcome == BREACH else "skipped"
            ElementTree.SubElement(case, kind, message=result.reason)
    if error:
        case = _junit_case(suite, "contract", "run", 0)
        ElementTree.SubElement(case, "error", message=error)
    text: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text


def _junit_case(suite: Element, group: str, name: str, seconds: float) -> Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=group, name=name, time=f"{seconds:.3f}"
    )
