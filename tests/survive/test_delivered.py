"""What counts as a word about the lines without an answer."""

import json

import pytest

from mockbatch.survive.delivered import Delivery, read_delivered
from mockbatch.survive.evidence import DeliveredEvidence, Question, ServerEvidence

TWO_OF_TEN = ServerEvidence(
    questions=tuple(
        Question(custom_ids=(f"question-{number}",), has_answer=number > 1) for number in range(10)
    )
)


def read(printed: str) -> DeliveredEvidence:
    """Return what a program delivered that prints this, while two of ten lines have no answer."""
    delivery = Delivery()
    delivery.stdout.feed(printed.encode())
    return read_delivered(delivery, TWO_OF_TEN, usual=frozenset())


@pytest.mark.parametrize("said", ["2 lines failed", "8 of 10 lines answered", "missing: 2"])
def test_a_sentence_with_the_count_tells(said: str) -> None:
    """How many are missing, or how many of all there are."""
    assert read(f"{said}\n").tells_count


@pytest.mark.parametrize(
    "body",
    [
        {"content": "mark0123456789", "refusal": None, "index": 2},
        {"content": "x" * 300, "refusal": None, "index": 2},
    ],
)
def test_a_line_of_results_tells_no_count(body: dict[str, object]) -> None:
    """The numbers and nulls in an answer are not about the lines without one."""
    assert not read(json.dumps(body)).tells_count
