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

    @pytest.mark.parametrize(
        "name",
        ["key", "api_key", "apiKey", "access_token", "client_secret", "sig", "X-Amz-Signature"],
    )
    def test_secrets_in_a_query_are_masked(self, api: Caller, name: str) -> None:
        """However the name is spelled; other parameters are kept."""
        api.upload()
        for spelled in (name, name.upper(), f"%{ord(name[0]):x}{name[1:]}"):
            api.get(f"/v1/files?a=1&{spelled}=hush&b=2")
            path = api.get("/_mock/requests").json["requests"][-1]["path"]
            assert path == f"/v1/files?a=1&{spelled}=***&b=2"

    def test_parameters_that_are_no_secrets_are_kept(self, api: Caller) -> None:
        """A test asserts on them."""
        path = "/v1/files?limit=2&after=file-key&max_tokens=3&key=&token"
        api.upload()
        api.get(path)
        assert api.get("/_mock/requests").json["requests"][-1]["path"] == path

    def test_secrets_in_a_path_and_in_its_error_are_masked(
        self, api: Caller, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An escaped question mark belongs to the path, and the message of a 404 repeats that."""
        api.upload()
        with caplog.at_level("INFO", "mockbatch.requests"):
            api.get("/v1/nothing%3Fkey=hush;token=hush")
        kept = api.get("/_mock/requests").json["requests"][-1]
        assert kept["path"] == "/v1/nothing?key=***;token=***"
        [unmatched] = api.get("/_mock/requests/unmatched").json["requests"]
        logged = [record.__dict__["fields"] for record in caplog.records]
        assert "hush" not in f"{kept} {unmatched} {caplog.messages} {logged}"

    def test_errors_are_cut(self, api: Caller, caplog: pytest.LogCaptureFixture) -> None:
        """In the journal and in the log: a message may repeat a path of 60 kB."""
        api.upload()
        with caplog.at_level("INFO", "mockbatch.requests"):
            api.get(f"/v1/{'x' * 5000}")
        kept = api.get("/_mock/requests").json["requests"][-1]["error"]
        assert kept.endswith("...")
        assert len(kept) == 503
        assert caplog.records[0].__dict__["fields"]["error"] == kept

    def test_long_paths_and_queries_are_cut(
        self, api: Caller, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Ten thousand requests with 200 kB each would fill the memory."""
        api.upload()
        with caplog.at_level("INFO", "mockbatch.requests"):
            api.call("GET" + "T" * 100, f"/v1/{'x' * 5000}?{'y' * 5000}")
        entry = api.get("/_mock/requests").json["requests"][-1]
        path, _, query = entry["path"].partition("?")
        assert (len(path), len(query), len(entry["method"])) == (1003, 1003, 32)
        assert path.startswith("/v1/xxx")
        assert max(map(len, caplog.messages)) < 1100

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
            ("since=inf", "since"),
            ("order=asc", "order"),
            ("method=GET&since=", "since"),
            ("methd=GET", "methd"),
        ],
    )
    def test_invalid_filter_is_refused(self, api: Caller, query: str, name: str) -> None:
        """Even if no entry has to be compared with it."""
        status, _, param = error_of(api.get(f"/_mock/requests?{query}"))
        assert (status, param) == (400, name)

    def test_lists_every_request_without_a_limit(self, api: Caller) -> None:
        """There is no default limit of a hundred."""
        api.upload()
        for _ in range(100):
            api.get("/v1/foo")
        assert len(api.get("/_mock/requests").json["requests"]) == 101

    @pytest.mark.parametrize("limit", ["-1", "10001", "x"])
    def test_invalid_limit_is_refused(self, api: Caller, limit: str) -> None:
        """The error names the parameter."""
        status, _, param = error_of(api.get(f"/_mock/requests?limit={limit}"))
        assert (status, param) == (400, "limit")

    def test_each_key_has_its_own(self, api: Caller) -> None:
        """A journal has only the requests of its key."""
        api.upload()
        assert Caller(api.app, OTHER).get("/_mock/requests").json["count"] == 0


class TestUnmatched:
    """GET /_mock/requests/unmatched."""

    @pytest.mark.parametrize(
        ("method", "path", "nearest"),
        [
            ("GET", "/v1/batch", "GET /v1/batches"),
            ("POST", "/v1/file", "POST /v1/files"),
            ("GET", "/v1/files/file-1/contents", "GET /v1/files/{id}/content"),
            ("POST", "/v1/batches/b/cancle", "POST /v1/batches/{id}/cancel"),
            ("PUT", "/v1/batches", "POST /v1/batches"),
            ("HEAD", "/v1/batch", "GET /v1/batches"),
            ("OPTIONS", "/v1/batch", "POST /v1/batches"),
            ("POST", "/mock/reset", "POST /v1/responses"),
            ("GET", "/mock/clock", "GET /v1/models"),
        ],
    )
    def test_names_the_most_similar_route(
        self, api: Caller, method: str, path: str, nearest: str
    ) -> None:
        """It is one of OpenAI's API, with its method; never one of the control API."""
        api.upload()
        api.advance(5)
        api.call(method, path)
        assert api.good(api.get("/_mock/requests/unmatched")) == {
            "requests": [{"method": method, "path": path, "now": START + 5, "nearest": nearest}]
        }

    def test_the_query_is_not_compared(self, api: Caller) -> None:
        """It is only shown, with the path."""
        api.upload()
        path = "/v1/file?to=/v1/batches/id/cancel"
        api.post(path)
        [shown] = api.get("/_mock/requests/unmatched").json["requests"]
        assert (shown["path"], shown["nearest"]) == (path, "POST /v1/files")

    def test_a_404_of_a_route_is_not_listed(self, api: Caller) -> None:
        """A request for a file that does not exist did match a route."""
        api.upload()
        assert api.get("/v1/files/file-no").status_code == 404
        assert api.get("/_mock/requests/unmatched").json == {"requests": []}

    def test_lists_the_oldest_first(self, api: Caller) -> None:
        """All of them, whatever came in between."""
        api.upload()
        for path in ("/v1/a", "/v1/files", "/v1/b", "/v1/a"):
            api.get(path)
        shown = api.get("/_mock/requests/unmatched").json["requests"]
        assert [entry["path"] for entry in shown] == ["/v1/a", "/v1/b", "/v1/a"]

    def test_last_100_are_listed(self, api: Caller) -> None:
        """Finding the most similar route of each takes time."""
        api.upload()
        for number in range(103):
            api.get(f"/v1/{number}")
        shown = api.good(api.get("/_mock/requests/unmatched"))["requests"]
        assert [entry["path"] for entry in shown] == [f"/v1/{number}" for number in range(3, 103)]

    def test_long_path_is_compared_by_its_beginning(self, api: Caller) -> None:
        """The most similar route is still found."""
        api.upload()
        api.get("/v1/filez/" + "x" * 10_000)
        [shown] = api.good(api.get("/_mock/requests/unmatched"))["requests"]
        assert shown["nearest"].startswith("GET /v1/")


class TestContents:
    """What requests and responses said."""

    def test_is_not_in_the_list(self, api: Caller) -> None:
        """Unless a parameter asks for them."""
        api.create()
        for query, has_contents in (("", False), ("?bodies=false", False), ("?bodies=true", True)):
            for entry in api.good(api.get(f"/_mock/requests{query}"))["requests"]:
                assert ("request" in entry, "response" in entry) == (has_contents, has_contents)

    def test_of_one_request_by_its_number_or_its_request_id(self, api: Caller) -> None:
        """The number is that in the list; the other id is in every response."""
        api.upload()
        response = api.get("/v1/batches", headers={"X-Team": "blue"})
        id = api.get("/_mock/requests").json["requests"][-1]["id"]
        assert id == 2
        entry = api.good(api.get(f"/_mock/requests/{id}"))
        assert (entry["id"], entry["path"]) == (2, "/v1/batches")
        assert entry["request"]["headers"]["x-team"] == "blue"
        assert entry["response"]["text"] == response.text
        assert api.get(f"/_mock/requests/{response.headers['x-request-id']}").json == entry

    @pytest.mark.parametrize("id", ["0", "2", "-1", "x", "req_none"])
    def test_of_an_unknown_request_is_a_404(self, api: Caller, id: str) -> None:
        """In the envelope."""
        api.upload()
        assert error_of(api.get(f"/_mock/requests/{id}")) == (404, "not_found", "id")

    def test_a_wrong_choice_is_refused(self, api: Caller) -> None:
        """`bodies` is true or false."""
        status, _, param = error_of(api.get("/_mock/requests?bodies=1"))
        assert (status, param) == (400, "bodies")
