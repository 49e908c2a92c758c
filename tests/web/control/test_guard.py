"""Who may call the control API."""

import pytest

from tests.support.caller import Caller, app_of, count_batches_and_files, error_of


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

    @pytest.mark.parametrize("header", ["Host", "Origin"])
    def test_error_repeats_the_beginning_of_a_name(self, api: Caller, header: str) -> None:
        """Two hundred characters of it; no real name is longer."""
        headers = {"Host": "localhost", header: "a." * 101}
        message = api.get("/_mock/clock", headers=headers).json["error"]["message"]
        assert "a." * 100 in message
        assert "a." * 100 + "a" not in message

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

    def test_openai_routes_accept_any_host(self, api: Caller) -> None:
        """A gateway in front forwards its own name."""
        assert api.get("/v1/batches", headers={"Host": "api.example.com"}).status_code == 200
