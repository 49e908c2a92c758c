"""What counts as a word about the lines without an answer."""

import json
from dataclasses import replace

import pytest

from mockbatch.survive.delivered import Delivery, read_delivered
from mockbatch.survive.evidence import DeliveredEvidence, Question, ServerEvidence

TWO_OF_TEN = ServerEvidence(
    questions=tuple(
        Question(custom_ids=(f"question-{number}",), has_answer=number > 1) for number in range(10)
    )
)


FAILED_BATCH = replace(TWO_OF_TEN, batches=(("batch_1", "failed"),))


def read(printed: str, server: ServerEvidence = TWO_OF_TEN) -> DeliveredEvidence:
    """Return what a program delivered that prints this, while two of ten lines have no answer."""
    delivery = Delivery()
    delivery.stdout.feed(printed.encode())
    return read_delivered(delivery, server, usual=frozenset())


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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Status of batch_1: failed", "failed"),
        ("BatchStatus.FAILED", "failed"),
        ("Failed: 0", "failed"),
        ("completed", ""),
        ("expired", ""),
        ("mark0123456789 failed", ""),
    ],
)
def test_a_sentence_tells_how_a_batch_ended(said: str, told: str) -> None:
    """The status of a batch that did not complete, but not within the text of an answer."""
    assert read(f"{said}\n", FAILED_BATCH).told_status == told
