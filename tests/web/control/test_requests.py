"""`/_mock/requests`: the journal."""

import pytest

from tests.support.caller import START, Caller, error_of

OTHER = "sk-somebody-else-0001"


class TestJournal:
    """GET /_mock/requests."""

    def test_lists_each_request_to_v1(self, api: Caller) -> None:
        """Oldest first, without the calls of the control API."""
        id = api.create()["id"]
        api.advance(5)
        api.get(f"/v1/batches/{id}?x=1", headers={"x-stainless-retry-count": "2"})
        journal = api.get("/_mock/requests").json
        assert [(entry["method"], entry["path"]) for entry in journal["requests"]] == [
            ("POST", "/v1/files"),
            ("POST", "/v1/batches"),
            ("GET", f"/v1/batches/{id}?x=1"),
        ]
        last = journal["requests"][-1]
        assert (last["status"], last["retry_count"], last["now"]) == (200, 2, START + 5)
        assert (journal["count"], journal["dropped"]) == (3, 0)

    def test_lists_unknown_urls_and_refused_requests_too(self, api: Caller) -> None:
        """These are what one looks for."""
        api.upload()
        api.get("/v1/foo")
        api.post("/v1/batches", {})
        statuses = [entry["status"] for entry in api.get("/_mock/requests").json["requests"]]
        assert statuses == [200, 404, 400]

    def test_lists_the_last_few_on_request(self, api: Caller) -> None:
        """`limit` may be 0, to get only the count."""
        for _ in range(3):
            api.upload()
        assert len(api.get("/_mock/requests?limit=2").json["requests"]) == 2
        assert api.get("/_mock/requests?limit=0").json == {
            "requests": [],
            "count": 3,
            "dropped": 0,
        }

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("", [200, 404, 200]),
            ("method=get", [404, 200]),
            ("method=DELETE", []),
            ("path=/v1/files", [200, 200]),
            ("path=/v1/f*", [200, 404, 200]),
            ("status=404", [404]),
            (f"since={START + 1}", [404, 200]),
            (f"since={START + 1.5}", []),
            ("method=GET&status=200", [200]),
            ("method=GET&limit=1", [200]),
        ],
    )
    def test_filters_select_entries(self, api: Caller, query: str, shown: list[int]) -> None:
        """An entry must pass all filters; the path is a glob and does not include the query."""
        api.upload()
        api.advance(1)
        api.get("/v1/foo")
        api.get("/v1/files?limit=1")
        journal = api.good(api.get(f"/_mock/requests?{query}"))
        assert [entry["status"] for entry in journal["requests"]] == shown

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("status=x", "status"),
            ("status=-1", "status"),
            ("method=GET&status=1000", "status"),
            ("since=x", "since"),
            ("since=nan", "since"),
            ("method=GET&since=", "since"),
            ("methd=GET", "methd"),
        ],
    )
    def test_invalid_filter_is_refused(self, api: Caller, query: str, name: str) -> None:
        """Even if no entry has to be compared with it."""
        status, _, param = error_of(api.get(f"/_mock/requests?{query}"))
        assert (status, param) == (400, name)

    @pytest.mark.parametrize("limit", ["-1", "10001", "x"])
    def test_invalid_limit_is_refused(self, api: Caller, limit: str) -> None:
        """The error names the parameter."""
        status, _, param = error_of(api.get(f"/_mock/requests?limit={limit}"))
        assert (status, param) == (400, "limit")

    def test_each_key_has_its_own(self, api: Caller) -> None:
        """A journal has only the requests of its key."""
        api.upload()
        assert Caller(api.app, OTHER).get("/_mock/requests").json["count"] == 0
