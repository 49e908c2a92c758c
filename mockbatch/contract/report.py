"""The results, as a table for people and as JUnit's XML for machines."""

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from mockbatch.contract.runner import BREACH, PASSED, SKIPPED, UNVERIFIED, Result

_WIDTH = 34


def line(result: Result) -> str:
    """Return a result as a row of the table."""
    reason = result.reason
    if result.outcome in (BREACH, UNVERIFIED):
        reason = f"{result.case.description} {reason}"
    row = f"{result.outcome:10}  {result.case.id:{_WIDTH}}  {result.case.source:8}  {reason}"
    return _printable(row.rstrip())


def summary(results: Sequence[Result]) -> str:
    """Return how many cases came out how."""
    counts = Counter(result.outcome for result in results)
    parts = [f"{counts[one]} {one}" for one in (PASSED, BREACH, UNVERIFIED, SKIPPED) if counts[one]]
    return f"{len(results)} cases: {', '.join(parts)}"


def status(results: Sequence[Result]) -> int:
    """Return the exit status: 1 for a breach."""
    return int(any(result.outcome == BREACH for result in results))


def junit(results: Sequence[Result]) -> bytes:
    """Return the results as JUnit's XML."""
    counts = Counter(result.outcome for result in results)
    skipped = counts[SKIPPED] + counts[UNVERIFIED]
    suite = ElementTree.Element(
        "testsuite",
        name="mockbatch contract",
        tests=str(len(results)),
        failures=str(counts[BREACH]),
        errors="0",
        skipped=str(skipped),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"contract.{result.case.group}",
            name=result.case.name,
            time=f"{result.seconds:.3f}",
        )
        if result.outcome != PASSED:
            kind = "failure" if result.outcome == BREACH else "skipped"
            ElementTree.SubElement(case, kind, message=_printable(result.reason))
    text: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text


def _printable(text: str) -> str:
    """Return a text without what could end a row, move a cursor or break XML."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
