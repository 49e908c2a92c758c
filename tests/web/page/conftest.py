"""A browser, and a server on a socket; each test has a tab of its own on a world of its own.

Playwright keeps an event loop in the thread as long as it runs, so the browser is closed at the
end of each module.
"""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mockbatch.http_server.server import HttpServer
from tests.support.caller import KEY, Caller, app_of

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Browser, Page, Request

_NUMBERS = count()
WAIT_MILLISECONDS = 30_000


class Tab:
    """A tab with the dashboard of one world, which keeps what must not happen."""

    def __init__(self, page: "Page", url: str, api: Caller) -> None:
        self.page, self.url, self.api = page, url, api
        self.requests: list[Request] = []
        self.problems: list[str] = []
        page.set_default_timeout(WAIT_MILLISECONDS)
        page.on("request", lambda one: self.requests.append(one))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))

    def _note(self, kind: str, text: str) -> None:
        # A refused call is shown on the page; that the browser logs it is no mistake of the page.
        if kind == "error" and "Failed to load resource" not in text:
            self.problems.append(text)

    def open(self, screen: str = "batches") -> "Page":
        """Open the page with the key in the fragment, and go to a screen."""
        self.page.goto(f"{self.url}/_mock/#key={self.api.key}")
        self.page.wait_for_selector("h1")
        return self.go(screen)

    def go(self, screen: str) -> "Page":
        """Go to a screen, and wait until it is drawn."""
        drawn = self.page.locator("main h1").first
        before = drawn.text_content()
        self.page.evaluate("hash => { location.hash = hash }", f"#/{screen}")
        if screen != "batches":
            self.page.wait_for_function(
                "before => document.querySelector('main h1')?.textContent !== before", arg=before
            )
        return self.page


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Start Chromium; without it or Playwright the tests are skipped, but never in CI."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        executable = None
    if executable is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Chromium and the extra [browser-test]")
        pytest.skip("needs Chromium and the extra [browser-test]")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served() -> "Iterator[tuple[Flask, str]]":
    """Serve an app, which belongs to the owner of KEY."""
    app = app_of(server={"owner_key": KEY})
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    yield app, server.url
    server.stop()


@pytest.fixture
def tab(browser: "Browser", served: "tuple[Flask, str]", tmp_path: Path) -> Iterator[Tab]:
    """Open a tab on a world of its own; what must not happen fails the test."""
    app, url = served
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    found = Tab(context.new_page(), url, Caller(app, f"sk-page-{next(_NUMBERS):06}"))
    yield found
    found.page.screenshot(path=tmp_path / "at_the_end.png")
    own = (found.url, "data:", "blob:")
    foreign = [one.url for one in found.requests if not one.url.startswith(own)]
    context.close()
    assert found.problems == []
    assert foreign == []
    assert [one.url for one in found.requests if "/v1/" in one.url] == []
