"""Writes JUnit XML, which CI systems read."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree


class Case(NamedTuple):
    """One test case; `tag` is failure, skipped or error, with a `message`, or "" if it passed."""

    group: str
    name: str
    seconds: float
    tag: str = ""
    message: str = ""


def to_xml(suite_name: str, cases: Sequence[Case]) -> bytes:
    """Return a test suite of these cases."""
    counts = Counter(case.tag for case in cases)
    suite = ElementTree.Element(
        "testsuite",
        name=suite_name,
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{sum(case.seconds for case in cases):.3f}",
    )
    for case in cases:
        element = ElementTree.SubElement(
            suite, "testcase", classname=case.group, name=case.name, time=f"{case.seconds:.3f}"
        )
        if case.tag:
            ElementTree.SubElement(element, case.tag, message=case.message)
    text: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text
