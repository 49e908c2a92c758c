"""The queue of items by the time at which they are due."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from mockbatch.time_queue import TimeQueue


def drain(queue: TimeQueue[str], now: float = inf) -> list[str]:
    """Remove and return everything that is due."""
    items = []
    while (item := queue.pop_due(now)) is not None:
        items.append(item)
    return items


def test_an_empty_queue_is_never_due() -> None:
    """Nothing is first, and nothing can be popped."""
    queue: TimeQueue[str] = TimeQueue()
    assert (queue.next_at(), queue.first(), queue.pop_due(inf)) == (inf, None, None)


def test_items_are_popped_in_order_of_time_then_number() -> None:
    """Whatever the order in which they were put."""
    queue: TimeQueue[str] = TimeQueue()
    for key, due_at, number in (("c", 7, 1), ("a", 5, 2), ("d", 7, 3), ("b", 5, 4)):
        queue.put(key, due_at, number, key)
    assert drain(queue) == ["a", "b", "c", "d"]


def test_an_item_is_due_at_its_very_second() -> None:
    """A moment before that it is not."""
    queue: TimeQueue[str] = TimeQueue()
    queue.put("a", 5, 0, "item")
    assert queue.pop_due(4.999) is None
    assert queue.first() == "item"
    assert queue.pop_due(5) == "item"
    assert queue.pop_due(5) is None


def test_an_item_put_again_replaces_the_one_before() -> None:
    """Earlier, later, or at the same second: it is popped once, as it was put last."""
    queue: TimeQueue[str] = TimeQueue()
    queue.put("a", 5, 0, "old")
    queue.put("a", 9, 0, "later")
    assert queue.next_at() == 9
    queue.put("a", 3, 0, "earlier")
    assert queue.next_at() == 3
    queue.put("a", 3, 0, "last")
    assert drain(queue) == ["last"]


def test_a_removed_item_is_never_due() -> None:
    """Removing a key that has no item is no error."""
    queue: TimeQueue[str] = TimeQueue()
    queue.put("a", 5, 0, "a")
    queue.put("b", 6, 1, "b")
    queue.remove("a")
    queue.remove("c")
    assert queue.next_at() == 6
    assert drain(queue) == ["b"]


def test_the_first_item_is_neither_a_removed_nor_a_replaced_one() -> None:
    """It is the item that is popped next."""
    queue: TimeQueue[str] = TimeQueue()
    queue.put("a", 5, 0, "old")
    queue.put("b", 7, 1, "removed")
    queue.put("a", 9, 0, "new")
    assert queue.first() == "removed"
    queue.remove("b")
    assert queue.first() == "new"


def test_items_stay_in_order_when_outdated_entries_are_dropped() -> None:
    """Those of one key that is put again and again are dropped together."""
    queue: TimeQueue[str] = TimeQueue()
    for key, due_at in (("c", 300), ("a", 100), ("b", 200)):
        queue.put(key, due_at, 0, key)
    for due_at in range(1000, 2000):
        queue.put("d", due_at, 0, "d")
    assert drain(queue) == ["a", "b", "c", "d"]


def test_a_popped_key_can_be_put_again() -> None:
    """Even at the same second."""
    queue: TimeQueue[str] = TimeQueue()
    for item in ("first", "second"):
        queue.put("a", 5, 0, item)
        assert drain(queue, 5) == [item]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abc"), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.just("pop"), st.just(""), st.integers(0, 5)),
    )
)


@given(STEPS)
def test_a_queue_is_a_sorted_dict(steps: list[tuple[str, str, int]]) -> None:
    """After any steps it pops what a dict, sorted by time and number, would have."""
    queue: TimeQueue[int] = TimeQueue()
    expected: dict[str, tuple[int, int]] = {}
    for number, (action, key, at) in enumerate(steps):
        if action == "put":
            queue.put(key, at, number, number)
            expected[key] = at, number
        elif action == "remove":
            queue.remove(key)
            expected.pop(key, None)
        else:
            first = min(expected, key=lambda key: expected[key], default=None)
            is_due = first is not None and expected[first][0] <= at
            popped = expected.pop(first)[1] if first is not None and is_due else None
            assert queue.pop_due(at) == popped
        assert queue.next_at() == min((at for at, _ in expected.values()), default=inf)


def test_outdated_entries_are_dropped() -> None:
    """Items that are removed or replaced before they are due do not add up."""
    queue: TimeQueue[str] = TimeQueue()
    queue.put("first", 1, 0, "first")
    for number in range(5000):
        queue.put(f"removed {number}", 10**9, number, "removed")
        queue.remove(f"removed {number}")
        queue.put("moved", 10**9 + number, 0, "moved")
    assert len(queue._heap) < 200
    assert drain(queue) == ["first", "moved"]


def test_entries_of_removed_items_are_dropped_without_another_put() -> None:
    """A world in which nothing more happens does not keep them."""
    queue: TimeQueue[str] = TimeQueue()
    for number in range(5000):
        queue.put(str(number), number, 0, "removed")
    for number in reversed(range(5000)):
        queue.remove(str(number))
    assert len(queue._heap) < 200
