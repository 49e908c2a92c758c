"""Who may call the server: by which Host, and from which Origin."""

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from tests.support.caller import Caller, app_of, count_batches_and_files, error_of, upload_form

PAGE = "http://localhost:5173"
ORIGIN = "access-control-allow-origin"


class TestGuard:
    """Requests of foreign web pages, which can reach loopback, are refused."""

    @pytest.mark.parametrize(
        "host",
        [
            "localhost",
            "127.0.0.1:8787",
            "[::1]:8787",
            "192.168.0.7:8787",
            "mock",
            "mock:8787",
            "mock.localhost",
            "host.docker.internal:8787",
        ],
    )
    def test_local_host_is_allowed(self, api: Caller, host: str) -> None:
        """These are addresses and names that no public server can have."""
        assert api.get("/_mock/clock", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com:80",
            "a.local",
            "a.xlocalhost",
            "xhost.docker.internal",
            "host.docker.internal.example.com",
            "",
            "[::1",
        ],
    )
    @pytest.mark.parametrize("path", ["/_mock/clock", "/_mock/health"])
    def test_foreign_host_is_refused(self, api: Caller, host: str, path: str) -> None:
        """Its owner could point such a name at this machine."""
        answer = api.get(path, headers={"Host": host})
        assert error_of(answer) == (403, "foreign_caller", None)

    @pytest.mark.parametrize("origin", ["http://localhost:8787", "http://localhost"])
    def test_own_origin_is_allowed(self, api: Caller, origin: str) -> None:
        """It is that of a page that this server could have sent."""
        headers = {"Host": origin.partition("://")[2], "Origin": origin}
        assert api.get("/_mock/clock", headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "origin",
        [
            "https://example.com",
            "http://localhost:9",
            "null",
            "",
            "http://[",
            "file://",
            "localhost",
        ],
    )
    def test_foreign_origin_is_refused(self, api: Caller, origin: str) -> None:
        """It is that of a page from another site, or of no site."""
        headers = {"Host": "localhost", "Origin": origin}
        answer = api.post("/_mock/reset", headers=headers)
        assert error_of(answer) == (403, "foreign_caller", None)

    def test_refused_call_changes_nothing(self, api: Caller) -> None:
        """The world keeps its contents."""
        api.create()
        api.post("/_mock/reset", headers={"Origin": "https://example.com"})
        assert count_batches_and_files(api) == (1, 1)

    def test_host_of_the_option_is_local(self) -> None:
        """`--host batch.example.com` allows that name."""
        api = Caller(app_of(server={"host": "batch.example.com"}))
        assert api.get("/_mock/clock", headers={"Host": "batch.example.com:1"}).status_code == 200

    def test_allowed_host_is_local(self) -> None:
        """`--allow-host mock.team.svc` allows a name of a private network."""
        api = Caller(app_of(server={"allowed_hosts": frozenset({"mock.team.svc"})}))
        assert api.get("/_mock/clock", headers={"Host": "Mock.team.svc:8787"}).status_code == 200
        answer = api.get("/_mock/clock", headers={"Host": "team.svc:8787"})
        assert error_of(answer) == (403, "foreign_caller", None)
        assert "--allow-host" in answer.json["error"]["message"]


class TestApi:
    """The routes of the API are guarded as the control API is."""

    @pytest.mark.parametrize("host", ["localhost", "mock:8787", "[::1]:8787", "10.0.0.7"])
    def test_local_host_is_allowed(self, api: Caller, host: str) -> None:
        """A service of a compose file and an address of IPv6 are local."""
        assert api.get("/v1/files", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Host": "rebound.example.com"},
            {"Host": "rebound.example.com", "Origin": "http://rebound.example.com"},
            {"Origin": "https://example.com"},
            {"Origin": "null"},
        ],
    )
    @pytest.mark.parametrize("gateway", [{}, {"x-portkey-provider": "openai"}])
    def test_foreign_page_reads_no_file(
        self, api: Caller, headers: dict[str, str], gateway: dict[str, str]
    ) -> None:
        """A page whose name was pointed at this machine gets neither lists nor contents."""
        file_id = api.upload()["id"]
        for path in ("/v1/files", f"/v1/files/{file_id}/content", "/v1/nowhere", "/"):
            answer = api.get(path, headers={**headers, **gateway})
            assert error_of(answer) == (403, "foreign_caller", None)
            assert ORIGIN not in answer.headers

    def test_foreign_page_creates_nothing(self, api: Caller) -> None:
        """It can neither upload a file nor have webhooks sent."""
        headers = {"Host": "rebound.example.com"}
        body = {"name": "spy", "url": "http://127.0.0.1:1", "event_types": ["batch.completed"]}
        answer = api.post("/v1/webhook_endpoints", body, headers=headers)
        assert error_of(answer) == (403, "foreign_caller", None)
        answer = api.call("POST", "/v1/files", headers=headers, **upload_form())
        assert error_of(answer) == (403, "foreign_caller", None)
        assert count_batches_and_files(api) == (0, 0)
        assert api.good(api.get("/v1/webhook_endpoints"))["data"] == []

    def test_foreign_page_uses_up_no_fault(self, api: Caller) -> None:
        """A fault waits for a request of the client under test."""
        fault = {"match": {"path": "/v1/files"}, "fault": {"status": 503}}
        api.good(api.post("/_mock/faults", fault))
        api.get("/v1/files", headers={"Host": "rebound.example.com"})
        assert api.get("/v1/files").status_code == 503

    def test_allowed_host_and_origin_are_allowed(self) -> None:
        """`--allow-host` and `--allow-origin` hold for every route."""
        names = {"allowed_hosts": frozenset({"mock.svc"})}
        origins = {"allowed_origins": frozenset({"https://app.example.com"})}
        api = Caller(app_of(server={**names, **origins}))
        headers = {"Host": "mock.svc", "Origin": "https://App.example.com"}
        for path in ("/v1/files", "/_mock/clock"):
            answer = api.get(path, headers=headers)
            assert answer.status_code == 200
            assert answer.headers[ORIGIN] == "https://App.example.com"

    def test_request_without_a_host_is_allowed(self) -> None:
        """Old clients send none, browsers always do."""
        environ = create_environ("/_mock/health")
        del environ["HTTP_HOST"]
        _, status, _ = run_wsgi_app(app_of(), environ)
        assert status == "200 OK"


class TestCors:
    """Pages of this machine may call the API, as any page may call the service."""

    @pytest.mark.parametrize(
        "origin", [PAGE, "https://127.0.0.1", "http://127.0.0.9:1", "http://[::1]:3000"]
    )
    def test_page_on_loopback_may_read_responses(self, api: Caller, origin: str) -> None:
        """Its origin is repeated, in errors too."""
        for path in ("/v1/files", "/v1/nowhere"):
            assert api.get(path, headers={"Origin": origin}).headers[ORIGIN] == origin
        keyless = Caller(api.app, None)
        assert keyless.get("/v1/files", headers={"Origin": origin}).headers[ORIGIN] == origin

    @pytest.mark.parametrize(
        "origin",
        [
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://192.168.0.7",
            "chrome-extension://localhost",
            "http://[::1",
        ],
    )
    def test_other_pages_may_not(self, api: Caller, origin: str) -> None:
        """Nearly loopback is not loopback."""
        answer = api.get("/v1/files", headers={"Origin": origin})
        assert error_of(answer) == (403, "foreign_caller", None)
        assert "--allow-origin" in answer.json["error"]["message"]

    @pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions", "/v1/files/file-1"])
    def test_preflight_is_answered(self, api: Caller, path: str) -> None:
        """A browser asks without a key, and for the headers of the SDK."""
        headers = {
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,x-stainless-os",
        }
        answer = Caller(api.app, None).call("OPTIONS", path, headers=headers)
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers[ORIGIN] == PAGE
        assert answer.headers["access-control-allow-headers"] == "authorization,x-stainless-os"
        assert "DELETE" in answer.headers["access-control-allow-methods"]
        assert answer.headers["vary"] == "Origin"

    def test_preflight_of_a_foreign_page_is_refused(self, api: Caller) -> None:
        """Without the headers, the browser sends no request."""
        answer = api.call("OPTIONS", "/v1/files", headers={"Origin": "https://example.com"})
        assert error_of(answer) == (403, "foreign_caller", None)
        assert ORIGIN not in answer.headers

    def test_preflight_of_the_control_api_needs_the_option(self, api: Caller) -> None:
        """A page on loopback may not move the clock."""
        answer = api.call("OPTIONS", "/_mock/clock", headers={"Origin": PAGE})
        assert error_of(answer) == (403, "foreign_caller", None)

    def test_request_without_an_origin_gets_no_cors_headers(self, api: Caller) -> None:
        """It does not come from a page."""
        assert ORIGIN not in api.get("/v1/files").headers
