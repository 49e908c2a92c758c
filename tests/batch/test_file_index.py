"""Which batch writes which file."""

from concurrent import futures
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch.batch import ERROR, OUTPUT, Batch
from mockbatch.batch.file_index import FileIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Make


def test_each_batch_has_an_output_and_an_error_file(make: "Make") -> None:
    """Also one that is added after a lookup."""
    index, batches = (
        FileIndex(),
        [make.started(make.world(seed=seed), make.lines(1)) for seed in (1, 2)],
    )
    expected: dict[str, tuple[str, str]] = {}
    for batch in batches:
        index.add(batch)
        expected |= {batch.planned_file_id(kind): (batch.id, kind) for kind in (OUTPUT, ERROR)}
        assert index.all() == expected
    assert len(expected) == 4


def test_ids_are_computed_once_and_not_before_a_lookup(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that takes over many batches answers its first request sooner."""
    index, batch, plan = FileIndex(), make.batch(), Batch.planned_file_ids
    calls: list[Batch] = []

    def count(one: Batch) -> dict[str, str]:
        calls.append(one)
        return plan(one)

    monkeypatch.setattr(Batch, "planned_file_ids", count)
    index.add(batch)
    assert calls == []
    assert index.all() == index.all()
    assert calls == [batch]


def test_a_lookup_waits_for_one_that_computes_the_ids(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that comes in the middle finds the files of all batches."""
    index, batch = FileIndex(), make.batch()
    plan = Batch.planned_file_ids
    found: list[futures.Future[Mapping[str, object]]] = []
    with futures.ThreadPoolExecutor(1) as threads:

        def plan_slowly(one: Batch) -> dict[str, str]:
            found.append(threads.submit(lambda: dict(index.all())))
            assert futures.wait(found, timeout=0.05).not_done
            return plan(one)

        monkeypatch.setattr(Batch, "planned_file_ids", plan_slowly)
        index.add(batch)
        index.all()
        assert found[0].result(timeout=20) == index.all()
    assert len(found) == 1
