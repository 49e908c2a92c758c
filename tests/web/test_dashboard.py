"""The files of the dashboard, without a browser."""

import re

import pytest

from mockbatch.web.dashboard import read_page_files
from tests.support.caller import KEY, Caller, app_of, error_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NAMESPACE = "http://www.w3.org/2000/svg"
MAX_BYTES = 60_000
FILES = sorted(read_page_files())


class TestServing:
    """Who gets the page, and who does not."""

    @pytest.mark.parametrize("path", ["/", "/_mock/"])
    def test_a_browser_gets_the_page(self, api: Caller, path: str) -> None:
        """With headers that allow it nothing but this server."""
        response = Caller(api.app, None).get(path, headers=BROWSER)
        assert response.status_code == 200
        assert response.content_type == "text/html; charset=utf-8"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in response.headers

    @pytest.mark.parametrize("name", FILES)
    def test_every_file_is_served_with_these_headers(self, api: Caller, name: str) -> None:
        """And in UTF-8."""
        response = api.get(f"/_mock/page/{name}")
        assert response.data == read_page_files()[name]
        assert response.content_type.endswith("; charset=utf-8")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Security-Policy" in response.headers

    @pytest.mark.parametrize("accept", ["application/json", "*/*", None])
    def test_other_clients_keep_their_404(self, api: Caller, accept: str | None) -> None:
        """In the envelope of the API, and in the journal."""
        response = api.get("/", headers={"Accept": accept} if accept else {})
        assert error_of(response)[0] == 404
        assert api.get("/_mock/requests").json["count"] == 0 or accept

    def test_nothing_else_is_a_file(self, api: Caller) -> None:
        """No path leads out of the folder."""
        for name in ("nothing.js", "..%2fapp.py", "../dashboard.py"):
            assert error_of(api.get(f"/_mock/page/{name}"))[0] == 404

    def test_no_key_is_needed(self) -> None:
        """There is no data in the page; what it asks for needs the key."""
        guest = Caller(app_of(server={"api_keys": frozenset({KEY})}), None)
        assert guest.get("/", headers=BROWSER).status_code == 200
        assert guest.get("/_mock/page/page.js").status_code == 200
        assert guest.get("/_mock/page").status_code == 401

    def test_it_can_be_turned_off(self) -> None:
        """Then a browser gets what every client gets."""
        api = Caller(app_of(server={"has_dashboard": False}))
        for path in ("/", "/_mock/", "/_mock/page/page.js"):
            assert error_of(api.get(path, headers=BROWSER))[0] == 404

    def test_the_gateway_has_it_too(self) -> None:
        """It is a page about the mock, whatever the mock plays."""
        api = Caller(app_of(server={"gateway": True}))
        assert api.get("/", headers=BROWSER).content_type == "text/html; charset=utf-8"


class TestForeignPages:
    """What other web pages may do with it."""

    def test_no_foreign_host(self, api: Caller) -> None:
        """The page is behind the same guard as the API."""
        for path in ("/", "/_mock/", "/_mock/page/page.js"):
            answer = api.get(path, headers={**BROWSER, "Host": "example.com"})
            assert error_of(answer)[:2] == (403, "foreign_caller")

    @pytest.mark.parametrize("path", ["/_mock/clock", "/_mock/page/page.js", "/_mock/page"])
    def test_they_cannot_load_from_the_control_api(self, api: Caller, path: str) -> None:
        """As an image or a script, which has no Origin."""
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert error_of(api.get(path, headers=headers))[:2] == (403, "foreign_caller")

    def test_they_may_link_to_it(self, api: Caller) -> None:
        """A link opens the page, which shows nothing without the key."""
        headers = {**BROWSER, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert api.get("/_mock/", headers=headers).status_code == 200
        assert api.get("/", headers=headers).status_code == 200


class TestSources:
    """What the files may contain."""

    def test_they_are_small(self) -> None:
        """Together, as they are sent."""
        assert sum(map(len, read_page_files().values())) < MAX_BYTES

    @pytest.mark.parametrize("name", FILES)
    def test_text_never_becomes_html(self, name: str) -> None:
        """Clients' texts are text nodes, and no element has a script in an attribute."""
        source = read_page_files()[name].decode()
        unsafe = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\("
        assert not re.search(unsafe, source)
        assert not re.search(r"""\son[a-z]+\s*=\s*["'{]|\.on[a-z]+\s*=[^=]""", source)
        assert not re.search(r"\bstyle\s*[=:]\s*[\"'`]", source)

    @pytest.mark.parametrize("name", FILES)
    def test_they_load_nothing_from_elsewhere(self, name: str) -> None:
        """The only addresses are names of namespaces."""
        source = read_page_files()[name].decode().replace(NAMESPACE, "")
        assert not re.findall(r"https?:", source)
        assert not re.findall(r"[\"'(]//", source)

    @pytest.mark.parametrize("name", FILES)
    def test_they_do_not_touch_the_api(self, name: str) -> None:
        """A call of `/v1` would be a poll, meet faults and stand in the journal."""
        source = read_page_files()[name].decode()
        assert not re.search(r"fetch\([^)]*/v1", source)
        assert "document.cookie" not in source
