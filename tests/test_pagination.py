"""Pages of a list."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.errors import ApiError
from mockbatch.pagination import Page, paginate
from mockbatch.validation.schema import schema

IDS = ["a", "b", "c", "d", "e"]


def pages(ids: list[str], limit: int) -> Iterator[list[str]]:
    """Yield all pages, as for a client that follows `has_more`."""
    page = paginate(ids, limit, None)
    yield list(page.items)
    while page.has_more:
        page = paginate(ids, limit, page.items[-1])
        yield list(page.items)


@given(st.lists(st.text(), unique=True, max_size=30), st.integers(1, 10))
def test_following_the_cursor_gives_everything_once(ids: list[str], limit: int) -> None:
    """A client that follows has_more gets every id once and in order."""
    assert [id for page in pages(ids, limit) for id in page] == ids


@given(st.lists(st.text(), unique=True, min_size=1, max_size=30), st.integers(1, 10))
def test_no_page_but_the_last_is_short(ids: list[str], limit: int) -> None:
    """Every page but the last is full, and none is empty."""
    *full, last = pages(ids, limit)
    assert all(len(page) == limit for page in full)
    assert 1 <= len(last) <= limit


def test_the_cursor_itself_is_not_repeated() -> None:
    """A page begins with the id after its cursor."""
    assert paginate(IDS, 2, "b") == Page(["c", "d"], has_more=True)


def test_a_page_that_ends_with_the_list_has_no_more() -> None:
    """`has_more` is false for a page that ends exactly with the list."""
    assert paginate(IDS, 3, "b") == Page(["c", "d", "e"], has_more=False)


def test_the_page_after_the_last_id_is_empty() -> None:
    """The last id as a cursor gives an empty page."""
    assert paginate(IDS, 3, "e") == Page([], has_more=False)


def test_an_unknown_cursor_is_refused() -> None:
    """An id that is not in the list is a 400 that names the parameter."""
    with pytest.raises(ApiError) as refused:
        paginate(IDS, 3, "z")
    assert (refused.value.status, refused.value.code, refused.value.param) == (
        400,
        "invalid_value",
        "after",
    )


def test_a_page_has_its_first_and_last_id() -> None:
    """The list object has the first and the last id of its items."""
    shown = Page(["a", "b"], has_more=True).as_json(lambda id: {"id": id.upper()})
    assert (shown["first_id"], shown["last_id"], shown["has_more"]) == ("A", "B", True)


def test_an_empty_page_has_no_ids() -> None:
    """The ids of an empty page are null."""
    shown = Page([], has_more=False).as_json(lambda id: {"id": id})
    assert (shown["first_id"], shown["last_id"], shown["data"]) == (None, None, [])


@pytest.mark.parametrize("items", [[], ["a"], ["a", "b"]])
def test_a_page_fits_its_schema(items: list[str]) -> None:
    """Every page is accepted by page.json."""
    assert schema("page").accepts(Page(items, has_more=False).as_json(lambda id: {"id": id}))
